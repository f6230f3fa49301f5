# tests/reports: a reader of KTAP, written from the specification (Documentation/dev-tools/ktap.rst), which refuses what
# that does not allow.
import dataclasses
import re

RESULT = re.compile(r"(ok|not ok) (\d+)(?: (?:- )?([^#]*?))?(?: # ?(SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?)?")


class NotKtap(Exception):
    pass


@dataclasses.dataclass
class Result:
    ok: bool
    name: str
    directive: str = ""
    reason: str = ""
    diagnostics: list = dataclasses.field(default_factory=list)
    subtests: list = dataclasses.field(default_factory=list)


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def read_level(lines, at, indent):
    """The results of one level, whose version line is lines[at], and the place behind them."""
    if lines[at].strip() != "KTAP version 1":
        raise NotKtap(f"expected a version line: {lines[at]!r}")
    plan = re.fullmatch(r"1\.\.(\d+)", lines[at + 1].strip()) if at + 1 < len(lines) else None
    if not plan:
        raise NotKtap(f"expected a plan behind the version line: {lines[at + 1:at + 2]}")
    at += 2
    results, diagnostics, subtests = [], [], []
    while at < len(lines) and len(results) < int(plan[1]):
        line = lines[at]
        if indent_of(line) == indent + 2 and line.strip() == "KTAP version 1":
            subtests, at = read_level(lines, at, indent + 2)
            continue
        if indent_of(line) != indent:
            raise NotKtap(f"indented by {indent_of(line)}, not by {indent}: {line!r}")
        line = line.strip()
        at += 1
        if line.startswith("#"):
            diagnostics.append(line[1:].removeprefix(" "))
            continue
        found = RESULT.fullmatch(line)
        if not found:
            raise NotKtap(f"neither a result nor a diagnostic line: {line!r}")
        if int(found[2]) != len(results) + 1:
            raise NotKtap(f"result {found[2]} stands where {len(results) + 1} is due")
        results.append(Result(found[1] == "ok", found[3] or "", found[4] or "", found[5] or "", diagnostics, subtests))
        diagnostics, subtests = [], []
    if len(results) != int(plan[1]):
        raise NotKtap(f"{plan[1]} results were planned, {len(results)} came")
    return results, at


def read(text):
    lines = text.splitlines()
    if not lines:
        raise NotKtap("nothing")
    results, at = read_level(lines, 0, 0)
    if at != len(lines):
        raise NotKtap(f"behind the last result: {lines[at]!r}")
    for result in results:
        if result.subtests and result.ok != all(one.ok for one in result.subtests):
            raise NotKtap(f"{result.name}: not what its subtests say")
    return results
