# tests/mutants: what a run says: a line, a summary, a table.
import dataclasses
import datetime
import statistics

GOOD = ("found", "equivalent", "stillborn", "needs faults")


@dataclasses.dataclass
class Result:
    mutant: object
    verdict: str = ""
    note: str = ""
    hunts: list = dataclasses.field(default_factory=list)

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
    return text or "no mutants"


def markdown(results, options):
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
