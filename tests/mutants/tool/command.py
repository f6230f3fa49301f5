# tests/mutants: the command line: list, run, compare, traces.
import argparse
import atexit
import concurrent.futures
import json
import os
import pathlib
import queue
import re
import sys
import tempfile
import threading

from tool import attempt, compare, historical, hunt, report, workshop
from tool.mutant import EditLost

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "mutants"
# All values of all behaviours that these releases or patches have.
PROFILES = ("linux-6.18", "linux-6.12", "patch-v2", "patch-v2-review", "linux-6.1", "linux-7.3", "linux-7.1", "linux-6.17")
# The room's own tests: the tree's, which ask for more than address spaces do, and the others'.
OWN_TESTS = {"tree": "tests/impl/impl_maple_tree_test", "units": "tests/impl/impl_mmap_path_test"}
EXIT_ALL_FOUND, EXIT_SURVIVOR, EXIT_BAD_USAGE = 0, 1, 2


def parse(words):
    parser = argparse.ArgumentParser(prog="mutants", description="How good is vmadiff at finding bugs?")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the mutants, one a line")
    running = commands.add_parser("run", help="build mutants and hunt them")
    comparing = commands.add_parser("compare", help="engines, or oracles, on the same mutants with the same time")
    tracing = commands.add_parser("traces", help="corpus/history: each trace fails with its mutant")
    for sub in (listing, running, comparing, tracing):
        sub.add_argument("--family", choices=("historical", "meeting", "structural", "kernel", "all"), default="all",
                         help="all: all of impl/")
        sub.add_argument("--id", action="append", default=[], help="only this one (may stand more than once)")
        sub.add_argument("--sample", type=positive, help="so many of the structural ones, or of a kernel's")
        sub.add_argument("--seed", type=int, default=1, help="of the sample, and the first seed of the hunts (1)")
        sub.add_argument("--jobs", type=positive, default=os.cpu_count(), help="hunts at a time (the processors)")
        sub.add_argument("--historical-dir", type=pathlib.Path, default=DATA / "historical", help=argparse.SUPPRESS)
        sub.add_argument("--json", action="store_true", help="one JSON object a line")
    for sub in (listing, running):
        sub.add_argument("--tree", help="of the family kernel: a directory with a kernel's source, or linux-7.3")
        sub.add_argument("--profile", help="of the tree (linux-7.3)", default="linux-7.3")
    running.add_argument("--engine", choices=hunt.ENGINES, default="random")
    running.add_argument("--oracle", choices=hunt.ORACLES, default="all", help="who may see it (engine random)")
    comparing.add_argument("what", choices=compare.CONTENDERS)
    running.add_argument("--budget", type=seconds, default=60, help="for each hunt: 60s (the default), 2m")
    comparing.add_argument("--budget", type=seconds, default=10, help="for each hunt: 10s (the default), 2m")
    running.add_argument("--repeat", type=positive, default=1, help="hunts of each mutant, each with its own seed")
    for sub in (running, comparing):
        sub.add_argument("--markdown", type=pathlib.Path, help="write the table there")
    options = parser.parse_args(words)
    options.words = words
    is_of_kernel = options.family == "kernel"
    if is_of_kernel and options.command not in ("list", "run"):
        parser.error(f"{options.command}: not of the family kernel")
    if is_of_kernel != bool(getattr(options, "tree", None)):
        parser.error("--tree DIRECTORY names the tree of --family kernel, and of no other")
    if is_of_kernel and options.command == "run" and (options.engine, options.oracle, options.repeat) != ("random", "all", 1):
        parser.error("--engine, --oracle, --repeat: not of the family kernel")
    return options


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 0")
    return value


def seconds(text):
    match = re.fullmatch(r"(\d+)([sm]?)", text)
    if not match or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a time, as in 60s or 2m")
    return int(match[1]) * (60 if match[2] == "m" else 1)


def kernel_mutants(options):
    """(shop, mutants) of the tree that is named."""
    from tool import kernel, kernel_shop  # they need python3-clang-19

    shop = kernel_shop.Shop(ROOT, scratch(), kernel.find_tree(options.tree), options.profile, options)
    mutants, left_out = shop.mutants(DATA)
    for why, count in left_out.items():
        print(f"left out: {count}: {why}", file=sys.stderr)
    return shop, asked_for(mutants, options)


def asked_for(mutants, options):
    if not options.id:
        return mutants
    known = {mutant.id for mutant in mutants}
    lost = [name for name in options.id if name not in known]
    if lost:
        raise historical.BadData(f"there is no mutant {', '.join(lost)}")
    return [mutant for mutant in mutants if mutant.id in options.id]


def chosen(options):
    if options.family == "kernel":
        return kernel_mutants(options)[1]
    mutants = []
    if options.family in ("historical", "all"):
        mutants += historical.read_all(options.historical_dir)
    if options.family in ("meeting", "all"):
        mutants += historical.read_all(DATA / "meeting", "meeting")
    if options.family in ("structural", "all"):
        from tool import structural  # needs python3-clang-19, which the historical ones do not

        mutants += structural.read_all(ROOT, PROFILES, DATA, options.sample, options.seed, options.id)
    return asked_for(mutants, options)


def list_mutants(options):
    for mutant in chosen(options):
        if options.json:
            print(json.dumps({"id": mutant.id, "family": mutant.family, "files": mutant.files(),
                              "needs": mutant.needs, "equivalent": mutant.equivalent, "summary": mutant.summary}))
        else:
            print(f"{mutant.id:44} {','.join(mutant.files()):24} {mutant.summary}")
    return EXIT_ALL_FOUND


def scratch():
    return ROOT / "build" / "mutants"


class Runner:
    def __init__(self, options):
        self.options = options
        preset, self.target = hunt.ENGINES[options.engine]
        self.shop = workshop.Workshop(ROOT, scratch(), preset, options.jobs)
        self.shop.prepare(self.target)
        self.tree_shop, self.test_lock = None, threading.Lock()
        self.places = queue.SimpleQueue()
        for place in range(options.jobs):
            self.places.put(f"{os.getpid()}-{place}")
            atexit.register(self.shop.forget, f"{os.getpid()}-{place}")

    def hunt_once(self, program, home, mutant, seed):
        options = self.options
        if options.engine == "rapidcheck":
            return hunt.rapidcheck(program, home, options.budget)
        if options.engine == "libfuzzer":
            return hunt.libfuzzer(program, home, hunt.corpus(ROOT), seed, options.budget)
        oracle = "faults" if mutant.needs and options.oracle == "all" else options.oracle
        return hunt.check(program, home, oracle, mutant.profiles, seed, options.budget)

    def program(self, mutant, place):
        return self.shop.program(self.shop.compile(mutant.mutated(ROOT), place), self.target)

    def tree_tests(self, mutant, place):
        with self.test_lock:
            if self.tree_shop is None:
                self.tree_shop = workshop.TestShop(ROOT, scratch(), "release", OWN_TESTS["tree"])
                self.tree_shop.prepare("release")
                for number in range(self.options.jobs):
                    atexit.register(self.tree_shop.forget, f"{os.getpid()}-{number}")
        return self.tree_shop.build(mutant.mutated(ROOT), place)

    def look_again(self, made, program, mutant, place):
        """What no ordinary sequence shows: on paths that only errors take, and to the room's own tests."""
        with tempfile.TemporaryDirectory(dir=self.shop.home) as home:
            one = hunt.check(program, pathlib.Path(home), "faults", mutant.profiles, self.options.seed,
                             self.options.budget)
            if one.trace:
                one.trace = (pathlib.Path(home) / one.trace).read_text()
            if not one.found:
                tests = "tree" if mutant.files()[0].startswith(workshop.TREE_FOLDER) else "units"
                own = self.tree_tests(mutant, place) if tests == "tree" else self.shop.program(made, OWN_TESTS[tests])
                one = hunt.rapidcheck(own, pathlib.Path(home), self.options.budget)
                one.oracle = tests if one.found else ""
        return one

    def one(self, mutant):
        result = report.Result(mutant)
        if mutant.needs and (self.options.engine != "random" or self.options.oracle not in ("all", "faults")):
            mutant.mutated(ROOT)  # the place is still there
            result.verdict = "needs " + mutant.needs
            return result
        with attempt.at(result), attempt.lent(self.places) as place:
            made = self.shop.compile(mutant.mutated(ROOT), place)
            program = self.shop.program(made, self.target)
            repeat = 1 if self.options.engine == "rapidcheck" else self.options.repeat
            for number in range(repeat):
                with tempfile.TemporaryDirectory(dir=self.shop.home) as home:
                    one = self.hunt_once(program, pathlib.Path(home), mutant, self.options.seed + number)
                    if one.trace:
                        one.trace = (pathlib.Path(home) / one.trace).read_text()
                    result.hunts.append(one)
                if not one.found:
                    break  # what survives once is a survivor; its other hunts would only take time
            # Where there is a proof that nothing can see it, one look is enough to doubt the proof.
            whole = self.options.engine == "random" and self.options.oracle == "all" and not mutant.equivalent
            if not result.hunts[-1].found and whole:
                again = self.look_again(made, program, mutant, place)
                if again.found:
                    result.hunts[-1] = again
            result.verdict = "found" if all(one.found for one in result.hunts) else "survived"
        result.weigh()
        return result


def run_mutants(options):
    if options.family == "kernel":
        from tool import kernel_shop

        shop, mutants = kernel_mutants(options)
        runner = kernel_shop.Runner(shop)
    else:
        mutants, runner = chosen(options), Runner(options)
    results = []
    log = scratch() / "results.jsonl"
    with log.open("w") as kept, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(runner.one, mutant) for mutant in mutants]
        try:
            for done in concurrent.futures.as_completed(waiting):
                result = done.result()
                results.append(result)
                kept.write(json.dumps(result.as_json()) + "\n")
                kept.flush()
                if options.json:
                    print(json.dumps(result.as_json()), flush=True)
                else:
                    print(f"{len(results):4}/{len(mutants)} {result.line()}", flush=True)
        except KeyboardInterrupt:
            for future in waiting:
                future.cancel()
            print(f"interrupted: {len(results)} results are in {log}", file=sys.stderr)
    results.sort(key=lambda result: result.mutant.id)
    print(report.summary(results), file=sys.stderr if options.json else sys.stdout)
    if options.markdown:
        options.markdown.write_text(report.markdown(results, options))
    bad = [result for result in results if not result.is_good()]
    return EXIT_SURVIVOR if bad or len(results) < len(mutants) else EXIT_ALL_FOUND


def compare_contenders(options):
    log = scratch() / f"compare-{options.what}.jsonl"
    table = compare.run(ROOT, scratch(), chosen(options), options, log)
    print(table.summary(), file=sys.stderr if options.json else sys.stdout)
    if options.markdown:
        options.markdown.write_text(table.markdown(options))
    return EXIT_ALL_FOUND if table.is_whole() else EXIT_SURVIVOR


def check_traces(options):
    """Every historical mutant has a trace, which fails with it; the traces hold without (ctest)."""
    from tool import traces

    runner = Runner(argparse.Namespace(**vars(options), engine="random"))
    bad = 0
    mutants = [mutant for mutant in chosen(options) if mutant.family == "historical"]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for mutant, wrong in zip(mutants, pool.map(lambda one: traces.wrong(ROOT, runner, one), mutants)):
            print(f"{'FAILED' if wrong else 'ok':7} {mutant.id}{': ' + wrong if wrong else ''}", flush=True)
            bad += bool(wrong)
    print(f"{len(mutants) - bad} of {len(mutants)} traces fail with their mutants")
    return EXIT_SURVIVOR if bad else EXIT_ALL_FOUND


def main(words):
    options = parse(words)
    try:
        return {"list": list_mutants, "run": run_mutants, "compare": compare_contenders,
                "traces": check_traces}[options.command](options)
    except (historical.BadData, EditLost, workshop.BuildFault, hunt.HuntFault) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return EXIT_BAD_USAGE
