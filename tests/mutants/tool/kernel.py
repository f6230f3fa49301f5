# tests/mutants: mutants of a kernel's source: of the files that decide about VMAs, by the operators of structural.py.
# Knows what is not mutated, and why; neither how a tree is built nor who hunts.
import hashlib
import os
import pathlib
import re
import shlex
import subprocess

from clang import cindex

from tool import structural
from tool.historical import BadData
from tool.mutant import Mutant

# Source, and the object that is made of it beside the tree.
FILES = {"mm/vma.c": "mm_vma.o", "mm/mremap.c": "mm_mremap.o"}
RESOURCES = "/usr/lib/llvm-19/lib/clang/19"

# What is not mutated, and why: patterns of functions, and of whole statements.
LEFT_OUT_FUNCTIONS = {
    r"(get_old|alloc_new)_p[mu]d|move_(ptes|normal_p[mu]d|huge_pud|pgt_entry|page_tables|soft_dirty_pte)|"
    r"mremap_folio_pte_batch|\w+_supports_page_table_move|get_extent|should_take_rmap_locks|"
    r"(take|drop)_rmap_locks|can_(align_down|realign_addr)|try_realign_addr|pmc_\w+":
        "move page tables, in which there is nothing here but markers",
    r"vma_wants_writenotify|vm_ops_needs_writenotify|vma_needs_dirty_tracking|vma_fs_can_writeback":
        "ask whether the first write to each page is told: of pages that are mapped",
    r"mm_(take|drop)_all_locks|vm_(un)?lock_(anon_vma|mapping)": "lock everything for who registers an MMU notifier",
}
LEFT_OUT_STATEMENTS = {
    r"(WARN|VM_WARN|BUG|VM_BUG)_\w+ ?\(.*": "the tree's own checks: no behaviour while they hold",
    r"\w*_assert_\w+ ?\(.*": "the tree's own checks: no behaviour while they hold",
    r"(perf_event|uprobe|khugepaged|trace|validate_mm)\w* ?\(.*|.*\bskip_vma_uprobe\b.*":
        "perf, uprobes, khugepaged, tracing, debugging: nobody listens",
    r"vma_adjust_trans_huge ?\(.*": "splits huge pages that are mapped: none is here",
    r"\*need_rmap_locks = .*": "locks against other threads: there is one",
    r"(vma_start_write|i_mmap_(un)?lock_write|anon_vma_(un)?lock_write|flush_\w+|might_\w+) ?\(.*":
        "locks against other threads, and caches: there is one thread",
}


def why_left_out(function, statement):
    for table, text in ((LEFT_OUT_FUNCTIONS, function), (LEFT_OUT_STATEMENTS, statement)):
        for pattern, why in table.items():
            if re.fullmatch(pattern, text):
                return why
    return ""


def find_tree(words):
    """The directory that --tree means, as vmadiff's own: a path, or what was fetched under that name."""
    if pathlib.Path(words).is_dir():
        return pathlib.Path(words).resolve()
    cache = os.environ.get("XDG_CACHE_HOME", "")
    cache = pathlib.Path(cache) if cache.startswith("/") else pathlib.Path.home() / ".cache"
    place = cache / "vmadiff" / "sources" / words
    if re.fullmatch(r"linux-\d+\.\d+", words) and place.is_dir():
        return place.resolve()
    raise BadData(f"{words}: no such directory, and no source that is here (vmadiff kernels fetch {words})")


def flags_of(place, name):
    """What the compiler is told of a file, by the Makefile in the place where the tree was built."""
    done = subprocess.run(["make", "-n", "-B", "-C", place, FILES[name]], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.endswith(f"/{name}")]
    if len(lines) != 1:
        raise BadData(f"{place}: make says no one command for {FILES[name]}: {done.stderr}")
    words = shlex.split(lines[0])[1:]
    words = words[: words.index("-o")]
    return [word for word in words if word not in ("-c", "-MD", "-MP", "--coverage")]


def parser(tree, flags):
    """`flags` gives those of a file."""
    index = cindex.Index.create()

    def parse(name):
        unit = index.parse(str(tree / name), [*flags(name), "-resource-dir", RESOURCES])
        errors = [str(d) for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if errors:
            raise BadData(f"{name}: {errors[0]}")
        return unit

    return parse


def entries_of(tree, name, flags):
    """[(function, statement, operator, edit)] but for what is left out; and how many that is, by its reason."""
    entries, left_out = [], {}
    for entry in structural.mutants_of(tree, name, parser(tree, flags)):
        why = why_left_out(entry[0], entry[1])
        if why:
            left_out[why] = left_out.get(why, 0) + 1
        else:
            entries.append(entry)
    return entries, left_out


def read_all(tree, files, flags, profile, equivalent_file, sample=None, seed=1, ids=()):
    """(mutants, how many are left out, by the reason). An equivalence that is listed may be of another release: that
    its mutant is not there is no error."""
    equivalent = structural.Reasons(equivalent_file)
    mutants, left_out = [], {}
    for name in files:
        entries, without = entries_of(tree, name, flags)
        for why, count in without.items():
            left_out[why] = left_out.get(why, 0) + count
        for id, summary, edit in structural.named(entries):
            mutants.append(Mutant(id=id, family="kernel", summary=f"{name}: {summary}", edits=(edit,),
                                  profiles=(profile,), equivalent=equivalent.of(id)))
    if ids:
        mutants = [mutant for mutant in mutants if mutant.id in ids]
    elif sample is not None:
        mutants = structural.sampled(mutants, sample, seed)
    return mutants, left_out


class Reach:
    """Which lines of a file were run, as gcov tells: {file: {line: count}}, the lines with code alone."""

    LINE = re.compile(r"\s*([^:\s]+):\s*(\d+):")

    def __init__(self, tree):
        self.tree, self.lines, self.starts = tree, {}, {}

    def add(self, name, text):
        lines = self.lines.setdefault(name, {})
        for line in text.splitlines():
            match = self.LINE.match(line)
            if not match or match[1] == "-":
                continue
            count = re.match(r"\d+", match[1])  # "#####" and "=====" were never run, "12*" in part
            lines[int(match[2])] = max(lines.get(int(match[2]), 0), int(count[0]) if count else 0)

    def is_reached(self, edit):
        """Lines without code of their own are those of the statement that begins above them. But a return that the
        compiler has put together with others was never made where all that came to the line above went on below."""
        lines = self.lines.get(edit.file, {})
        raw = (self.tree / edit.file).read_bytes()
        first, last = (raw[:at].count(b"\n") + 1 for at in (edit.start, max(edit.start, edit.end - 1)))
        counts = [lines[line] for line in range(first, last + 1) if line in lines]
        if counts:
            return any(counts)
        above = next((lines[line] for line in range(first, 0, -1) if line in lines), 0)
        text = raw.decode().split("\n")
        if text[first - 1].strip().startswith(("return", "goto")):
            end = next((line for line in range(first, len(text) + 1) if text[line - 1] == "}"), first)
            if above == next((lines[line] for line in range(first, end) if line in lines), None):
                return False
        return above > 0


def digest_of(paths):
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
