# tests/mutants: builds and hunts mutants of a kernel's source. The tree itself is never changed: each job has a view of
# it, which is made of links but for the files that are mutated, and stays, so that only these are compiled again.
import concurrent.futures
import dataclasses
import fcntl
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile

from tool import attempt, hunt, kernel, report, workshop

TESTS = "tools/testing/vma"  # the tree's own unit tests, which include mm/vma.c as text
TESTED = ("mm/vma.c",)
# As the tree builds them, sanitizers too, but as quickly as the compiler can.
TEST_FLAGS = "-g0 -O0"
TEST_SECONDS = 60
# What shows which lines can be reached at all: calls, and calls with failing allocations.
REACH_CALLS, REACH_FAULT_CALLS, REACH_SEED = 2_000_000, 100_000, 91


def linked(place, tree, real):
    """`place` becomes a directory with a link for each entry of `tree`; `real` are paths below it of which no link is
    made: a directory becomes one of links, a file is left to others."""
    place.mkdir(parents=True, exist_ok=True)
    for entry in tree.iterdir():
        below = [path.relative_to(entry.name) for path in real if path.parts[0] == entry.name]
        link = place / entry.name
        if below:
            if entry.is_dir():
                linked(link, entry, [path for path in below if path.parts])
        elif not link.is_symlink() and not (tree.match(TESTS) and is_made(entry.name)):
            link.symlink_to(entry)


def is_made(name):
    """What the tests' Makefile makes beside them: through a link it would be made again in the tree."""
    return name in ("generated", "vma", "radix-tree.c", "idr.c") or name.endswith((".o", ".d"))


class View:
    """The tree, with other texts in place of some files."""

    def __init__(self, place, tree):
        self.place, self.tree = place, tree
        self.real = [pathlib.Path(name) for name in (*kernel.FILES, TESTS)]
        stamp = place.with_suffix(".of")
        if not stamp.is_file() or stamp.read_text() != str(tree):
            shutil.rmtree(place, ignore_errors=True)
        linked(place, tree, self.real)
        stamp.write_text(str(tree))
        self.put({})

    def put(self, texts):
        """What is not among the texts is as in the tree. A file that is right already stays as old as it is."""
        for name in kernel.FILES:
            text = texts.get(name)
            raw = text.encode() if text is not None else (self.tree / name).read_bytes()
            file = self.place / name
            if not file.is_file() or file.read_bytes() != raw:
                fresh = file.with_suffix(".new")
                fresh.write_bytes(raw)
                fresh.rename(file)


@dataclasses.dataclass
class OwnTests:
    """What the tree's own unit tests say: whether one failed, and which."""

    found: bool
    by: str = ""
    count: int = 0


def own_tests(view):
    """Builds and runs them."""
    made = subprocess.run(["make", "-s", "-C", view.place / TESTS, f"EXTRA_CFLAGS={TEST_FLAGS}", "vma"],
                          capture_output=True, text=True)
    if made.returncode != 0:
        return OwnTests(found=False, by="do not compile")
    status, out, err, _ = hunt.run_limited(["./vma"], TEST_SECONDS, view.place / TESTS, before=None)
    count = re.search(r"(\d+) tests run", out)
    failed = re.findall(r"Test (\w+) FAILED", err)
    sanitizer = re.search(r"ERROR: (\w+Sanitizer: [\w-]+)", err)
    by = failed[0] if failed else sanitizer[1] if sanitizer else hunt.ended_badly(status) or f"status {status}"
    return OwnTests(found=status != 0, by=by if status != 0 else "", count=int(count[1]) if count else 0)


class Shop:
    """The program, one of its builds of the tree as it is, and what that shows."""

    def __init__(self, root, scratch, tree, profile, options):
        self.tree, self.profile, self.options = tree, profile, options
        self.home = scratch / "kernel"
        self.home.mkdir(parents=True, exist_ok=True)
        self.lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise workshop.BuildFault(f"{self.home}: another ./mutants is at kernels there")
        workshop.check([root / "scripts" / "build", "release", "vmadiff"], root)
        self.program = root / "build" / "release" / "vmadiff"
        # What is built of views goes where the views are.
        os.environ["XDG_CACHE_HOME"] = str(self.home / "cache")

    def pristine_run(self, tree, words):
        """Builds the tree as it is, however long that takes, and runs it. What it finds would be found in place of
        every mutant."""
        command = [self.program, "check", "--profile", self.profile, "--seed", REACH_SEED, "--tree", tree, *words]
        with tempfile.TemporaryDirectory(dir=self.home) as home:
            command += ["--out", pathlib.Path(home) / "findings"]
            status, out, err, _ = hunt.run_limited(command, None, home, before=None)
        if status != 0:
            raise hunt.HuntFault(f"{' '.join(map(str, command))}\nstatus {status}\n{out[-1000:]}{err}")

    def counted_run(self, into, words):
        self.pristine_run(self.tree, [*words, "--tree-coverage", into])

    def place(self):
        """Where the tree as it is was built with counters."""
        for file in sorted((self.home / "cache" / "vmadiff" / "trees").glob("*-coverage/Makefile")):
            if file.read_text().splitlines()[0] == f"TREE := {self.tree}":
                return file.parent
        return None

    def flags(self, name):
        if self.place() is None:
            self.counted_run(self.home / "counters", ["--systems", "model,tree", "--ops", "1000"])
        return kernel.flags_of(self.place(), name)

    def mutants(self, data):
        return kernel.read_all(self.tree, kernel.FILES, self.flags, self.profile, data / "kernel-equivalent.json",
                               self.options.sample, self.options.seed, self.options.id)

    def reach(self):
        """Kept for as long as the program and the files are the same."""
        key = kernel.digest_of([self.program, *(self.tree / name for name in kernel.FILES)])
        kept = self.home / f"reach-{key}"
        if not kept.exists():
            fresh = kept.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            for folder, words in (("calls", ["--systems", "model,tree", "--ops", REACH_CALLS]),
                                  ("faults", ["--systems", "model,impl,tree", "--faults", "--ops", REACH_FAULT_CALLS])):
                self.counted_run(fresh / folder, words)
                for file in (fresh / folder).iterdir():
                    if file.name not in (f"{pathlib.Path(name).name}.gcov" for name in kernel.FILES):
                        file.unlink()
            fresh.rename(kept)
        reach = kernel.Reach(self.tree)
        for name in kernel.FILES:
            for folder in kept.iterdir():
                reach.add(name, (folder / f"{pathlib.Path(name).name}.gcov").read_text())
        return reach


class Runner:
    """Verdicts on mutants of one tree, each by the first job that is free."""

    def __init__(self, shop):
        self.shop, self.options = shop, shop.options
        self.places = queue.SimpleQueue()
        views = [View(shop.home / f"job-{job}" / "linux", shop.tree) for job in range(self.options.jobs)]
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs + 1) as pool:
            reach = pool.submit(shop.reach)
            for view, tests in zip(views, pool.map(self.prepared, views)):
                self.has_tests = tests.count > 0 and not tests.found
                self.places.put(view)
            self.reach = reach.result()
        if not self.has_tests:
            print(f"without the tree's own unit tests: {tests.by}", file=sys.stderr)

    def prepared(self, view):
        self.shop.pristine_run(view.place, ["--systems", "model,tree", "--ops", "1000"])
        return own_tests(view)

    def hunt_once(self, mutant, view, oracle):
        with tempfile.TemporaryDirectory(dir=self.shop.home) as home:
            home = pathlib.Path(home)
            try:
                one = hunt.check(self.shop.program, home, oracle, mutant.profiles, self.options.seed,
                                 self.options.budget, ["--jobs", 1, "--tree", view.place])
            except hunt.HuntFault as error:
                first = re.search(r"it does not compile with the glue: (.*)", str(error))
                raise workshop.Stillborn(first[1][:200]) if first else error
            if one.trace:
                one.trace = (home / one.trace).read_text()
            return one

    def one(self, mutant):
        result = report.Result(mutant)
        if not self.reach.is_reached(mutant.edits[0]):
            result.verdict = "not reached"
            return result
        with attempt.at(result), attempt.lent(self.places) as view:
            view.put(mutant.mutated(self.shop.tree))
            one = self.hunt_once(mutant, view, "tree")
            # Where there is a proof that nothing can see it, one look is enough to doubt the proof.
            if not one.found and not mutant.equivalent:
                again = self.hunt_once(mutant, view, "tree-faults")
                one = again if again.found else one
            result.hunts.append(one)
            result.verdict = "found" if one.found else "survived"
            if self.has_tests and mutant.files()[0] in TESTED:
                result.own = own_tests(view)
        result.weigh()
        return result
