# tests/mutants: what a mutant is. Knows neither how mutants are made up, nor how they are built or hunted.
import dataclasses


class EditLost(Exception):
    """The place of an edit is not there any more, or there more than once."""


@dataclasses.dataclass(frozen=True)
class TextEdit:
    """Replaces a text that stands exactly once in the file."""

    file: str
    find: str
    replace: str

    def apply(self, text):
        count = text.count(self.find)
        if count != 1:
            raise EditLost(
                f"{self.file}: expected exactly one place for the edit, found {count}:\n{self.find}"
            )
        if self.find == self.replace:
            raise EditLost(f"{self.file}: the edit changes nothing:\n{self.find}")
        return text.replace(self.find, self.replace)


@dataclasses.dataclass(frozen=True)
class SpanEdit:
    """Replaces the bytes [start, end), which say `find`."""

    file: str
    start: int
    end: int
    find: str
    replace: str

    def apply(self, text):
        raw = text.encode()
        if raw[self.start : self.end].decode() != self.find:
            raise EditLost(f"{self.file}: the source has changed since the mutant was made")
        return (raw[: self.start] + self.replace.encode() + raw[self.end :]).decode()


@dataclasses.dataclass(frozen=True)
class Mutant:
    id: str
    family: str  # "historical", "meeting" or "structural"
    summary: str
    edits: tuple
    profiles: tuple  # kernel profiles under which it is hunted, in this order
    needs: str = ""  # "faults": shows only where an allocation fails
    equivalent: str = ""  # why no behaviour can differ

    def files(self):
        return sorted({edit.file for edit in self.edits})

    def mutated(self, root):
        """File name -> mutated text, of the files that it changes. Raises EditLost."""
        texts = {file: (root / file).read_text() for file in self.files()}
        for edit in self.edits:
            texts[edit.file] = edit.apply(texts[edit.file])
        return texts
