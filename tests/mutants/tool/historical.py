# tests/mutants: mutants that are written by hand: bugs that Linux really had (tests/mutants/historical/*.json), and
# bugs that show only where certain calls or shapes meet (tests/mutants/meeting/*.json).
import json

from tool.mutant import Mutant, TextEdit

# Every key that a file of a family must have, and those that it may have besides.
REQUIRED = {
    "historical": {"id", "fixed_by", "versions", "symptom", "edits"},
    "meeting": {"id", "meets", "symptom", "edits"},
}
OPTIONAL = {"needs", "note", "profile"}
DEFAULT_PROFILE = "linux-6.18"


class BadData(Exception):
    """A file of the table does not say what it should."""


def lines(text):
    """A text in JSON is one string, or a list of its lines."""
    return text if isinstance(text, str) else "\n".join(text)


def read_one(path, family="historical"):
    try:
        entry = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise BadData(f"{path}: {error}") from error
    required = REQUIRED[family]
    missing, unknown = required - entry.keys(), entry.keys() - required - OPTIONAL
    if missing or unknown:
        raise BadData(f"{path}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    if entry["id"] != path.stem:
        raise BadData(f"{path}: the id is {entry['id']}, expected {path.stem}")
    if entry.get("needs", "faults") != "faults":
        raise BadData(f"{path}: needs {entry['needs']}, expected faults or nothing")
    edits = tuple(
        TextEdit(edit["file"], lines(edit["find"]), lines(edit["replace"])) for edit in entry["edits"]
    )
    if not edits or any(not edit.file.startswith("impl/") for edit in edits):
        raise BadData(f"{path}: expected edits of files in impl/")
    return Mutant(
        id=entry["id"],
        family=family,
        summary=entry["symptom"],
        edits=edits,
        profiles=(entry.get("profile", DEFAULT_PROFILE),),
        needs=entry.get("needs", ""),
    )


def read_all(directory, family="historical"):
    return [read_one(path, family) for path in sorted(directory.glob("*.json"))]
