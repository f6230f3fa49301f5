# tests/mutants: hunts one mutant with one engine and one oracle, and says what was seen first.
import dataclasses
import json
import os
import re
import resource
import signal
import subprocess
import time

# What each engine builds: preset, target.
ENGINES = {
    "random": ("release", "vmadiff"),
    "rapidcheck": ("release", "tests/properties/properties_rapidcheck_test"),
    "libfuzzer": ("fuzz", "fuzz/fuzz_differential"),
}
# What vmadiff is asked for each oracle: systems, properties. The claims of an equivalence are the model's
# (or the host's) word; the others need no second system.
ORACLES = {
    "all": ("model,impl", "all"),
    "model": ("model,impl", "equivalence"),
    "invariants": ("impl", "invariants"),
    "relations": ("impl", "relations"),
    "host": ("impl,host", "equivalence"),
    "faults": ("model,impl", "faults"),
}
# Of a kernel's source.
TREE_ORACLES = {
    "tree": ("model,tree", "all"),
    "tree-faults": ("model,impl,tree", "faults"),
}
# Profiles other than the default have bugs of their own, which would be found in place of the mutant: there,
# the model's word and the tree's own alone are asked, and the relations that no profile breaks.
OTHER_PROFILES = {
    "all": ("model,impl", "equivalence,DataStructuresAreWellFormed"),
    "invariants": ("impl", "DataStructuresAreWellFormed"),
    "relations": (
        "impl",
        "FailedCallsChangeNothing,MprotectThereAndBackIsIdentity,SplittingACallEqualsTheWhole,"
        "RenumberingAddressesMovesTheLayout",
    ),
}
DEFAULT_PROFILE = "linux-6.18"
# Calls that each profile gets in the first round, where there are several; each round has so many times more.
FIRST_ROUND, ROUND_FACTOR = 100_000, 4
# Beyond the budget: making the finding small, which is bounded in CPU time, and starting up, on a loaded machine.
GRACE_SECONDS = 300
MEMORY_BYTES = 4 << 30
# A tree's code has 4 GiB of addresses for page tables each time that it is loaded, which is again after each death.
TREE_MEMORY_BYTES = 16 << 30
# A mutant that cannot even make the address space that a sequence begins with.
SET_UP_FAILS = re.compile(r"the run ended early: (set-up: |tree:[^\n]*: cannot begin: )")


def sight_in(err):
    """What the last line of progress says of the first finding: (operations, seconds), or None."""
    for line in reversed(err.splitlines()):
        if line.startswith('{"progress":'):
            first = json.loads(line)["progress"].get("first_finding")
            return first and (first["operations"], first["seconds"])
    return None


@dataclasses.dataclass
class Hunt:
    """One hunt with one seed."""

    seed: int
    found: bool
    by: str = ""  # the claim that was broken, or how the program ended
    oracle: str = ""
    profile: str = ""
    operations: int = 0  # until it was first seen
    seconds: float = 0.0
    calls: int = 0  # of the minimal trace
    trace: str = ""


class HuntFault(Exception):
    """The program did not do what was asked, and it is not the mutant's doing."""


def oracle_of(claim):
    if claim.startswith("SystemsAgree"):
        return "model"
    if claim.startswith("FailedAllocations"):
        return "faults"
    relations = ("FailedCalls", "EnablingKsm", "MprotectThere", "SplittingA", "RenumberingAddresses", "ReviewPredicate")
    return "relations" if claim.startswith(relations) else "invariants"


def limit_memory(bytes=MEMORY_BYTES):
    # The soft limit alone: the processes that make calls on this kernel must have none, and lift it.
    resource.setrlimit(resource.RLIMIT_AS, (bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))


def limit_tree_memory():
    limit_memory(TREE_MEMORY_BYTES)


def run_limited(command, seconds, cwd, before=limit_memory):
    """(status or None where the time was up, stdout, stderr, seconds it took)"""
    start = time.monotonic()
    child = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=before,
    )
    try:
        out, err = child.communicate(timeout=seconds)
        status = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        status = None
    return status, out, err, time.monotonic() - start


def ended_badly(status):
    if status is None:
        return "hang"
    return signal.Signals(-status).name if status < 0 else ""


def check_once(program, home, oracle, profile, seed, budget, timeout, more=()):
    """One run of `vmadiff check`. Returns a Hunt; its operations and seconds are those of this run."""
    systems, properties = (ORACLES | TREE_ORACLES)[oracle]
    if profile != DEFAULT_PROFILE and oracle in OTHER_PROFILES:
        systems, properties = OTHER_PROFILES[oracle]
    command = [program, "check", "--systems", systems, "--properties", properties, "--profile", profile]
    command += ["--seed", seed, "--max-findings", 1, "--json", "--out", home / "findings", *budget, *more]
    before = limit_tree_memory if oracle in TREE_ORACLES else limit_memory
    status, out, err, seconds = run_limited(command, timeout, home, before)
    hunt = Hunt(seed=seed, found=False, profile=profile, seconds=seconds)
    bad = ended_badly(status)
    if bad:
        hunt.found, hunt.by, hunt.oracle = True, bad, "the program's end"
        return hunt
    for line in out.splitlines():
        entry = json.loads(line)
        if entry["type"] == "summary":
            hunt.operations = entry["operations"]
        if entry["type"] != "finding":
            continue
        hunt.found, hunt.by, hunt.oracle = True, entry["claim"], oracle_of(entry["claim"])
        if oracle == "host" and hunt.oracle == "model":
            hunt.oracle = "host"
        hunt.calls, hunt.trace = len(entry["sequence"]), entry["trace"]
    if status == 3 and SET_UP_FAILS.search(err):
        hunt.found, hunt.by, hunt.oracle = True, "set-up", "the program's end"
        return hunt
    sight = sight_in(err)
    if sight:
        hunt.operations, hunt.seconds = sight
    if (status == 1) != hunt.found or status not in (0, 1):
        raise HuntFault(f"{' '.join(map(str, command))}\nstatus {status}\n{err}")
    return hunt


def check(program, home, oracle, profiles, seed, seconds, more=()):
    """Rounds over the profiles, each longer than the one before, until the time is up. Every round of a seed
    has sequences of its own, and the sum of operations and seconds counts."""
    if len(profiles) == 1:
        budget = ["--time", f"{seconds}s"]
        return check_once(program, home, oracle, profiles[0], seed, budget, seconds + GRACE_SECONDS, more)
    operations, spent, round_number = 0, 0.0, 0
    while True:
        for profile in profiles:
            left = seconds - spent
            if left <= 0:
                return Hunt(seed=seed, found=False, operations=operations, seconds=spent)
            budget = ["--ops", FIRST_ROUND * ROUND_FACTOR**round_number]
            if round_number >= 3:
                budget = ["--time", f"{max(1, round(seconds / len(profiles) / 2))}s"]
            run_seed = seed + 1_000_003 * round_number
            hunt = check_once(program, home, oracle, profile, run_seed, budget, left + GRACE_SECONDS, more)
            operations, spent = operations + hunt.operations, spent + hunt.seconds
            if hunt.found:
                return dataclasses.replace(hunt, seed=seed, operations=operations, seconds=spent)
        round_number += 1


def rapidcheck(program, home, seconds):
    """The property suites, whose seeds are fixed."""
    status, out, err, spent = run_limited([program, "--gtest_brief=1"], seconds + GRACE_SECONDS, home)
    failed = re.search(r"\[  FAILED  \] (\S+)", out)
    by = ended_badly(status) or (failed[1] if failed else "")
    if status not in (0, 1) and not by:
        raise HuntFault(f"{program}: status {status}\n{out}{err}")
    (home / "suites.txt").write_text(out + err)
    tests = re.search(r"Falsifiable after (\d+) test", out)
    return Hunt(
        seed=0,
        found=bool(by),
        by=by,
        oracle="suites" if by else "",
        seconds=spent,
        operations=int(tests[1]) if tests else 0,
        calls=shortest(out),
    )


def shortest(text):
    """Calls of the counterexample that a suite prints behind its arguments, 0 where there is none."""
    shown = re.findall(r"^\S+\(.*\).*$", text, re.MULTILINE)
    return len(shown)


def corpus(root):
    return [root / "corpus" / "seeds", root / "corpus" / "regressions"]


def libfuzzer(program, home, corpus, seed, seconds):
    found = home / "inputs"
    found.mkdir(exist_ok=True)
    command = [program, f"-max_total_time={seconds}", f"-seed={seed + 1}", "-max_len=600", "-timeout=10", "-rss_limit_mb=0"]
    command += [f"-artifact_prefix={found}/crash-", "-print_final_stats=1", found, *corpus]
    # AddressSanitizer reserves terabytes of addresses: no limit of those.
    status, _, err, spent = run_limited(command, seconds + 4 * GRACE_SECONDS, home, before=None)
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", err)
    claim = re.search(r"^FINDING: (\S+)|SUMMARY: (.+)$", err, re.MULTILINE)
    by = (claim[1] or claim[2]) if claim else ended_badly(status) or f"status {status}"
    return Hunt(
        seed=seed,
        found=status != 0,
        by=by if status != 0 else "",
        oracle="fuzz_differential" if status != 0 else "",
        seconds=spent,
        operations=int(runs[1]) if runs else 0,
    )
