# tests/mutants: the same mutants for several contenders, each with the same time on one core: engines, or oracles
# alone. A mutant is compiled once for each preset; what is listed as equivalent is left out.
import collections
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import queue
import statistics
import sys
import tempfile

from tool import hunt, workshop


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    what: str  # for the table
    engine: str = "random"
    oracle: str = "all"
    more: tuple = ()  # further words for `vmadiff check`
    bare: bool = False  # libFuzzer without a corpus


CONTENDERS = {
    "engines": (
        Contender("random", "`vmadiff check`: families of calls drawn for each sequence"),
        Contender("random-no-swarm", "the same with `--swarm none`", more=("--swarm", "none")),
        Contender("random-arena", "the same with `--swarm arena`", more=("--swarm", "arena")),
        Contender("libfuzzer", "`fuzz_differential`, with the corpus", engine="libfuzzer"),
        Contender("libfuzzer-bare", "`fuzz_differential`, without", engine="libfuzzer", bare=True),
        Contender("rapidcheck", "the property suites, whose seeds and numbers of tests are fixed", engine="rapidcheck"),
    ),
    "oracles": tuple(
        Contender(name, what, oracle=name)
        for name, what in (
            ("model", "the model gives the same outcomes and shows the same layout"),
            ("invariants", "claims about one state of the implementation, its tree among them"),
            ("relations", "claims about two runs of the implementation"),
            ("host", "this machine's kernel gives the same outcomes and shows the same layout"),
            ("faults", "claims about calls whose allocations fail"),
        )
    ),
}


class Compared:
    def __init__(self, contenders, wanted):
        self.contenders, self.wanted = contenders, wanted
        self.rows = []  # (mutant, contender's name -> Hunt)
        self.unbuilt = []

    def is_whole(self):
        return len(self.rows) + len(self.unbuilt) == self.wanted

    def found_by(self, name):
        return [(mutant, hunts[name]) for mutant, hunts in self.rows if hunts[name].found]

    def alone(self, name):
        return [mutant for mutant, hunt_ in self.found_by(name)
                if not any(hunts[other].found for at, hunts in self.rows if at is mutant
                           for other in hunts if other != name)]

    def summary(self):
        any_found = sum(any(one.found for one in hunts.values()) for _, hunts in self.rows)
        text = f"{len(self.rows)} mutants hunted, {any_found} found by at least one; "
        text += ", ".join(f"{one.name} {len(self.found_by(one.name))} ({len(self.alone(one.name))} alone)"
                          for one in self.contenders)
        return text + (f"; {len(self.unbuilt)} did not compile" if self.unbuilt else "")

    def markdown(self, options):
        any_found = [row for row in self.rows if any(one.found for one in row[1].values())]
        counts = collections.Counter(mutant.family for mutant, _ in self.rows)
        families = ", ".join(f"{count} {family}" for family, count in sorted(counts.items()))
        out = [f"# Detection: {options.what} compared", "", "Written by", "",
               f"    ./mutants {' '.join(options.words)}     # {datetime.date.today().isoformat()}", "",
               f"{len(self.rows)} mutants ({families}) were hunted by each for "
               f"{options.budget} s of one", f"core, with seed {options.seed}; at least one found {len(any_found)}. "
               f"{len(self.unbuilt)} do not compile and are not counted.", "",
               "| contender | | found | alone | seconds: median | worst |", "|---|---|---|---|---|---|"]
        for one in self.contenders:
            spent = [found.seconds for _, found in self.found_by(one.name)]
            times = [f"{statistics.median(spent):.3f}", f"{max(spent):.3f}"] if spent else ["–", "–"]
            out.append(f"| `{one.name}` | {one.what} | {len(spent)} | {len(self.alone(one.name))} | {' | '.join(times)} |")
        out += ["", "Found by one alone:", "", "| mutant | what is wrong with it | found by | claim | seconds |",
                "|---|---|---|---|---|"]
        for one in self.contenders:
            for mutant in self.alone(one.name):
                found = next(hunts[one.name] for at, hunts in self.rows if at is mutant)
                cells = [f"`{mutant.id}`", mutant.summary, f"`{one.name}`", found.by, f"{found.seconds:.3f}"]
                out.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
        missed = [mutant for mutant, hunts in self.rows if not any(found.found for found in hunts.values())]
        if missed:
            out += ["", "Found by none in this time: " + ", ".join(f"`{mutant.id}`" for mutant in missed) + "."]
        return "\n".join(out) + "\n"


class Arena:
    """Builds mutants for all contenders, and lets each hunt."""

    def __init__(self, root, scratch, contenders, options):
        self.root, self.contenders, self.options = root, contenders, options
        self.shops = {}
        for one in contenders:
            preset, target = hunt.ENGINES[one.engine]
            if preset not in self.shops:
                self.shops[preset] = workshop.Workshop(root, scratch, preset, options.jobs)
            self.shops[preset].prepare(target)
        self.places = queue.SimpleQueue()
        for place in range(options.jobs):
            self.places.put(f"{os.getpid()}-{place}")
        self.usable = {}  # (contender, profile) -> whether it finds nothing in what is not mutated

    def forget(self):
        for place in range(self.options.jobs):
            for shop in self.shops.values():
                shop.forget(f"{os.getpid()}-{place}")

    def hunt_once(self, one, made, profiles):
        preset, target = hunt.ENGINES[one.engine]
        program, options = self.shops[preset].program(made[preset], target), self.options
        with tempfile.TemporaryDirectory(dir=self.shops[preset].home) as name:
            home = pathlib.Path(name)
            if one.engine == "rapidcheck":
                found = hunt.rapidcheck(program, home, options.budget)
            elif one.engine == "libfuzzer":
                corpus = [] if one.bare else hunt.corpus(self.root)
                found = hunt.libfuzzer(program, home, corpus, options.seed, options.budget)
            elif not profiles:
                found = hunt.Hunt(seed=options.seed, found=False)
            else:
                found = hunt.check(program, home, one.oracle, profiles, options.seed, options.budget, one.more)
        return dataclasses.replace(found, trace="")

    def hunt_or_note(self, one, made, profiles):
        try:
            return self.hunt_once(one, made, profiles)
        except hunt.HuntFault as error:
            return hunt.Hunt(seed=self.options.seed, found=False, by=f"not hunted: {error}")

    def learn(self, profiles):
        """Under which profiles each contender can hunt: where it has nothing to say of what is not mutated."""
        place = self.places.get()
        made = {preset: shop.pristine(place) for preset, shop in self.shops.items()}
        for one in self.contenders:
            for profile in profiles:
                if one.engine != "random":
                    self.usable[one.name, profile] = True
                    continue
                found = self.hunt_or_note(one, made, (profile,))
                self.usable[one.name, profile] = not found.found and not found.by
                if found.by:
                    print(f"{one.name} has no say under {profile}: {found.by}", file=sys.stderr)
        self.places.put(place)

    def one(self, mutant):
        place = self.places.get()
        try:
            texts = mutant.mutated(self.root)
            made = {preset: shop.compile(texts, place) for preset, shop in self.shops.items()}
            hunts = {}
            for one in self.contenders:
                profiles = tuple(name for name in mutant.profiles if self.usable[one.name, name])
                hunts[one.name] = self.hunt_or_note(one, made, profiles)
            return mutant, hunts
        except workshop.Stillborn:
            return mutant, None
        finally:
            self.places.put(place)


def until_interrupted(results, log):
    try:
        yield from results
    except KeyboardInterrupt:
        print(f"interrupted: what was done is in {log}", file=sys.stderr)


def run(root, scratch, mutants, options, log):
    contenders = CONTENDERS[options.what]
    mutants = [mutant for mutant in mutants if not mutant.equivalent]
    arena = Arena(root, scratch, contenders, options)
    table = Compared(contenders, len(mutants))
    try:
        arena.learn(sorted({profile for mutant in mutants for profile in mutant.profiles}))
        with log.open("w") as kept, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for mutant, hunts in until_interrupted(pool.map(arena.one, mutants), log):
                if hunts is None:
                    table.unbuilt.append(mutant)
                    continue
                table.rows.append((mutant, hunts))
                entry = {"id": mutant.id, "family": mutant.family, "summary": mutant.summary,
                         "hunts": {name: dataclasses.asdict(found) for name, found in hunts.items()}}
                kept.write(json.dumps(entry) + "\n")
                kept.flush()
                if options.json:
                    print(json.dumps(entry), flush=True)
                else:
                    by = [name for name, found in hunts.items() if found.found]
                    print(f"{len(table.rows):4}/{len(mutants)} {mutant.id}: {', '.join(by) or 'none'}", flush=True)
    finally:
        arena.forget()
    return table
