# tests/mutants: what a run says: a line, a summary, a table.
import dataclasses
import datetime
import statistics

GOOD = ("found", "equivalent", "stillborn", "needs faults", "not reached")


@dataclasses.dataclass
class Result:
    mutant: object
    verdict: str = ""
    note: str = ""
    hunts: list = dataclasses.field(default_factory=list)
    own: object = None  # of a kernel: what the tree's own unit tests say, where they compile the file

    def is_good(self):
        return self.verdict in GOOD

    def weigh(self):
        """What the verdict comes to for a mutant of which an equivalence is claimed."""
        if not self.mutant.equivalent:
            return
        if self.verdict == "survived":
            self.verdict, self.note = "equivalent", self.mutant.equivalent
        elif self.verdict == "found":
            self.verdict, self.note = "not equivalent", "it is listed as equivalent, and was found"

    def first(self):
        return self.hunts[0] if self.hunts else None

    def operations(self):
        return [one.operations for one in self.hunts if one.found]

    def seconds(self):
        return [one.seconds for one in self.hunts if one.found]

    def calls(self):
        return min((one.calls for one in self.hunts if one.found and one.calls), default=0)

    def line(self):
        text = f"{self.verdict:10} {self.mutant.id}"
        if self.verdict == "found":
            by = self.first()
            text += f": {by.by}, {int(statistics.median(self.operations()))} operations"
            text += f", {statistics.median(self.seconds()):.3f} s (worst {max(self.seconds()):.3f} s), {self.calls()} calls"
        elif self.note:
            text += f": {self.note}"
        if self.verdict == "survived":
            text += f": {self.mutant.summary}"
        if self.own:
            text += f"; the tree's own tests: {self.own.by or 'pass'}"
        return text

    def as_json(self):
        return {
            "id": self.mutant.id,
            "family": self.mutant.family,
            "files": self.mutant.files(),
            "summary": self.mutant.summary,
            "verdict": self.verdict,
            "note": self.note,
            "hunts": [dataclasses.asdict(one) for one in self.hunts],
            **({"own": dataclasses.asdict(self.own)} if self.own else {}),
        }


def summary(results):
    counts = {}
    for result in results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
    text = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda item: -item[1]))
    found = [result for result in results if result.verdict == "found"]
    if found:
        medians = [statistics.median(result.seconds()) for result in found]
        worst = max(max(result.seconds()) for result in found)
        text += f"; time to the first finding: median {statistics.median(medians):.3f} s, worst {worst:.3f} s"
    if any(result.own for result in results):
        text += "; " + beside_own_tests(results)
    return text or "no mutants"


def counted(results):
    """What a hunt could find: it compiles, is reached, and no argument says that nothing can differ."""
    return [result for result in results if result.verdict in ("found", "survived", "not equivalent")]


def beside_own_tests(results):
    """How many of a kernel's mutants were found, and how many the tree's own unit tests find."""
    all = counted(results)
    both = [result for result in all if result.own]
    ours = lambda some: [result for result in some if result.verdict != "survived"]
    theirs = [result for result in both if result.own.found]
    text = f"found {len(ours(all))} of {len(all)} that count ({100 * len(ours(all)) / max(1, len(all)):.1f} %)"
    text += f"; of the {len(both)} in files that the tree's own tests compile {len(ours(both))}, and these tests find"
    return text + f" {len(theirs)}, {len(theirs) - len(ours(theirs))} of them alone"


def kernel_markdown(results, options):
    """Without the statements: they are the kernel's."""
    out = [
        "# Detection: mutants of a kernel",
        "",
        "How soon vmadiff finds what is wrong in a kernel's own source, and who of the tree's own unit tests does",
        "(docs/mutants.md). Written by",
        "",
        f"    ./mutants {' '.join(options.words)}     # {datetime.date.today().isoformat()}",
        "",
        f"{summary(results)[0].upper()}{summary(results)[1:]}.",
        "",
        "| mutant | what was done | seen by | operations | seconds | calls | the tree's own tests |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        cells = [f"`{result.mutant.id}`", result.mutant.summary.rsplit("`: ", 1)[-1]]
        if result.verdict == "found":
            one = result.first()
            cells += [one.by, f"{one.operations:,}", f"{one.seconds:.3f}", str(one.calls or "–")]
        else:
            cells += [result.verdict, "", "", ""]
        cells.append("–" if not result.own else result.own.by if result.own.found else "pass")
        out.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(out) + "\n"


def markdown(results, options):
    if options.family == "kernel":
        return kernel_markdown(results, options)
    today = datetime.date.today().isoformat()
    out = [
        f"# Detection: {options.family} mutants",
        "",
        "How soon vmadiff finds bugs that were put into a copy of `impl/` (docs/mutants.md). Written by",
        "",
        f"    ./mutants {' '.join(options.words)}     # {today}",
        "",
        f"{summary(results)[0].upper()}{summary(results)[1:]}.",
        "",
        "Times are those of one core. *seen by* is the first claim that was broken; *calls* the length of the",
        "shortest minimal trace.",
        "",
        "| mutant | what is wrong with it | seen by | operations: median | worst | seconds: median | worst | calls |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        if result.verdict == "found":
            row = [result.first().by, f"{int(statistics.median(result.operations())):,}", f"{max(result.operations()):,}"]
            row += [f"{statistics.median(result.seconds()):.3f}", f"{max(result.seconds()):.3f}", str(result.calls() or "–")]
        else:
            row = [f"{result.verdict}{': ' + result.note if result.note else ''}", "", "", "", "", ""]
        cells = [f"`{result.mutant.id}`", result.mutant.summary, *row]
        out.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(out) + "\n"
