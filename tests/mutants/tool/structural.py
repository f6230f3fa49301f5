# tests/mutants: mutants made from the syntax tree of impl/ by the usual operators. A mutant is named by its
# function, the text of its statement, and the operator, so that its name survives edits elsewhere.
import concurrent.futures
import dataclasses
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import subprocess

from clang import cindex
from clang.cindex import CursorKind as Kind

from tool import workshop
from tool.historical import BadData
from tool.mutant import Mutant, SpanEdit

# What is not mutated, and why.
SKIPPED_FILES = {
    "impl/maple_tree/maple_tree_validate.h",  # the check of the tree, judged by maple_tree_validate_test: no behaviour
    "impl/maple_tree/maple_tree.cc",  # instantiations for tests
    # Each form runs on some processors only; all that this one can run are judged by maple_search_test.
    "impl/maple_tree/maple_search.cc",
    "impl/maple_tree/maple_search_forms.h",
}
SKIPPED_FUNCTIONS = {
    "broken_invariant",  # the self-check, as above
    "fail_preallocate_after",  # injects failures, for tests
}
# What is fetched beforehand changes how long something takes, and nothing else: neither its code nor that it is asked
# for is mutated.
FETCHING = "prefetch_"

COMPARISONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",), "<<": (">>",), ">>": ("<<",)}
CONNECTIVES = {"&&": "||", "||": "&&"}
MASKS = {"&": "|", "|": "&", "^": "|"}
ASSIGNMENTS = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
STEPS = {"++": "--", "--": "++"}

FUNCTIONS = (Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.FUNCTION_TEMPLATE, Kind.CONSTRUCTOR, Kind.CONVERSION_FUNCTION)
SCOPES = (Kind.NAMESPACE, Kind.STRUCT_DECL, Kind.CLASS_DECL, Kind.CLASS_TEMPLATE, Kind.UNEXPOSED_DECL,
          Kind.LINKAGE_SPEC, Kind.UNION_DECL, Kind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION)
CONTROL = (Kind.IF_STMT, Kind.WHILE_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT, Kind.DO_STMT, Kind.SWITCH_STMT,
           Kind.CASE_STMT, Kind.DEFAULT_STMT, Kind.COMPOUND_STMT, Kind.CXX_TRY_STMT, Kind.CXX_CATCH_STMT)
# Statements that can be left out as a whole, if a call or an assignment is what they are.
CALLS = (Kind.CALL_EXPR,)


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


class File:
    """Collects the mutants of one file."""

    def __init__(self, root, name, unit):
        self.root, self.name, self.unit = root, name, unit
        self.raw = (root / name).read_bytes()
        self.found = {}  # (start, end, replacement) -> (function, statement, operator)

    def text(self, node):
        return self.raw[node.extent.start.offset : node.extent.end.offset].decode()

    def is_here(self, node):
        place = node.extent.start.file
        return place is not None and os.path.realpath(place.name) == str(self.root / self.name)

    def add(self, start, end, replacement, operator, function, statement):
        if self.raw[start:end].decode() != replacement:
            self.found.setdefault((start, end, replacement), (function, statement, operator))

    # --- walking -------------------------------------------------------------------------------

    def walk_scope(self, node, scope):
        for child in node.get_children():
            if child.kind in SCOPES:
                if child.kind == Kind.NAMESPACE and not self.touches(child):
                    continue
                name = child.spelling if child.kind not in (Kind.NAMESPACE, Kind.UNEXPOSED_DECL) else ""
                self.walk_scope(child, f"{scope}{name}::" if name else scope)
            elif child.kind in FUNCTIONS and self.is_here(child) and child.is_definition():
                parent = child.semantic_parent
                owner = parent.spelling + "::" if parent is not None and parent.kind not in (
                    Kind.NAMESPACE, Kind.TRANSLATION_UNIT) else ""
                name = child.spelling.split("<")[0]
                if name not in SKIPPED_FUNCTIONS and not name.startswith(FETCHING):
                    self.walk_function(child, owner + child.spelling.split("<")[0])

    def touches(self, namespace):
        return self.is_here(namespace)

    def walk_function(self, node, function):
        for child in node.get_children():
            if child.kind in (Kind.COMPOUND_STMT, Kind.CXX_TRY_STMT):
                self.walk(child, function, None, is_last=True)
            elif child.kind == Kind.LAMBDA_EXPR:
                self.walk(child, function, None, is_last=True)

    def walk(self, node, function, statement, is_last=False):
        """`statement` is the simple statement, or the condition, around the node; None directly in a block."""
        if node.kind == Kind.COMPOUND_STMT:
            children = list(node.get_children())
            for number, child in enumerate(children):
                self.leave_out(child, function, is_last and number + 1 == len(children))
                self.walk(child, function, None)
            return
        if node.kind in CONTROL:
            children = list(node.get_children())
            for child in children:
                if child.kind in CONTROL:
                    self.walk(child, function, None)
                else:
                    # A body without braces is a statement of its own.
                    if node.kind != Kind.SWITCH_STMT and child is children[-1]:
                        self.leave_out(child, function, False)
                    self.walk(child, function, None)
            if node.kind in (Kind.IF_STMT, Kind.WHILE_STMT):
                self.negate_condition(node, children, function)
            return
        if statement is None:
            statement = one_line(self.text(node))
            if node.kind == Kind.LAMBDA_EXPR:
                statement = "lambda"
        self.mutate(node, function, statement)
        for child in node.get_children():
            if child.kind == Kind.COMPOUND_STMT:  # of a lambda
                self.walk(child, function, None)
            else:
                self.walk(child, function, statement)

    # --- operators -----------------------------------------------------------------------------

    def leave_out(self, node, function, is_last):
        text = one_line(self.text(node))
        if text.startswith(FETCHING):
            return
        start, end = node.extent.start.offset, node.extent.end.offset
        put = lambda replacement, operator: self.add(start, end, replacement, operator, function, text)
        if node.kind == Kind.RETURN_STMT and not is_last:
            put("", "no return")
        elif node.kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT):
            put("", "no " + text)
        elif node.kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.UNARY_OPERATOR):
            put("", "no assignment")
        elif node.kind in CALLS or (node.kind == Kind.UNEXPOSED_EXPR and text.endswith(")")):
            put("", "no assignment" if re.search(r"[^=!<>]=[^=]", text.split("(")[0]) else "no call")
        elif node.kind == Kind.CALL_EXPR:
            put("", "no call")

    def negate_condition(self, node, children, function):
        # The condition is the last expression before the body; an if with an initialiser declares first. Where the
        # condition is a declaration, the expression that reads it stands at its name: there is nothing to negate.
        conditions = [child for child in children if child.kind.is_expression()]
        if not conditions:
            return
        condition = conditions[0]
        text = self.text(condition)
        start, end = condition.extent.start.offset, condition.extent.end.offset
        declared = any(child.kind in (Kind.VAR_DECL, Kind.DECL_STMT) and
                       child.extent.start.offset <= start and end <= child.extent.end.offset for child in children)
        if text and not declared:
            self.add(start, end, f"!({text})", "not", function, one_line(text))

    def mutate(self, node, function, statement):
        put = lambda start, end, replacement, operator: self.add(start, end, replacement, operator, function, statement)
        start, end = node.extent.start.offset, node.extent.end.offset
        children = [child for child in node.get_children() if child.extent.start.file is not None]
        if node.kind == Kind.INTEGER_LITERAL:
            self.literal(node, put)
        elif node.kind == Kind.CXX_BOOL_LITERAL_EXPR:
            text = self.text(node)
            put(start, end, {"true": "false", "false": "true"}[text], f"{text} negated")
        elif node.kind == Kind.UNARY_OPERATOR:
            operator = next((o for o in ("!", "~", "-") if self.text(node).startswith(o)), None)
            if operator and children and not self.text(node).startswith("--"):
                put(start, children[0].extent.start.offset, "", f"no {operator}")
            self.step(node, put)
        elif node.kind == Kind.CONDITIONAL_OPERATOR and len(children) == 3:
            for kept, name in ((1, "first"), (2, "second")):
                if self.text(children[kept]) != self.text(node):  # else it stands in a macro
                    put(start, end, f"({self.text(children[kept])})", f"?: {name}")
        elif len(children) in (2, 3):
            self.binary(children, put, start, end)

    def literal(self, node, put):
        start, end = node.extent.start.offset, node.extent.end.offset
        match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([uUlL]*)", self.text(node))
        if not match:
            return
        value = int(match[1], 0)
        put(start, end, f"{value + 1}{match[2]}", "constant + 1")
        if value > 0:
            put(start, end, f"{value - 1}{match[2]}", "constant - 1")

    def step(self, node, put):
        for operator, other in STEPS.items():
            text = self.text(node)
            start, end = node.extent.start.offset, node.extent.end.offset
            if text.startswith(operator):
                put(start, start + 2, other, f"{operator} to {other}")
            elif text.endswith(operator):
                put(end - 2, end, other, f"{operator} to {other}")

    def binary(self, children, put, start, end):
        # An overloaded operator's own name stands between its operands in the tree, too.
        left, right = children[0], children[-1]
        if left.extent.end.offset > right.extent.start.offset:
            return
        between = self.raw[left.extent.end.offset : right.extent.start.offset].decode()
        operator = between.strip()
        at = left.extent.end.offset + between.find(operator)
        if not operator:
            return
        to = lambda other: put(at, at + len(operator), other, f"{operator} to {other}")
        for table in (COMPARISONS, ARITHMETIC):
            for other in table.get(operator, ()):
                to(other)
        for table in (CONNECTIVES, MASKS, ASSIGNMENTS):
            if operator in table:
                to(table[operator])
        if operator in ("&&", "||", "|", "&"):
            put(start, end, self.text(left), f"{operator} left alone")
            put(start, end, self.text(right), f"{operator} right alone")


def mutants_of(root, name, parse):
    """[(function, statement, operator, SpanEdit)] of one file, in the order of their places."""
    file = File(root, name, None)
    file.walk_scope(parse(name).cursor, "")
    out = []
    for (start, end, replacement), (function, statement, operator) in sorted(file.found.items()):
        find = file.raw[start:end].decode()
        out.append((function, statement, operator, SpanEdit(name, start, end, find, replacement)))
    return out


def parser(root):
    index = cindex.Index.create()
    view = root / "build" / "release" / "rooms"
    flags = ["-std=c++23", f"-I{view}/impl", f"-I{view}/impl_maple_tree", f"-I{view}/spec", "-DNDEBUG", "-resource-dir", "/usr/lib/llvm-19/lib/clang/19"]

    def parse(name):
        # A header of the tree is a part of maple_tree.h.
        target = root / name
        extra = []
        if name.endswith(".h"):
            text = f'#include "{name}"\n'
            target = root / "impl" / "one_header.cc"
            unit = index.parse(str(target), flags + extra, unsaved_files=[(str(target), text)])
        else:
            unit = index.parse(str(target), flags)
        errors = [str(d) for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if errors:
            raise BadData(f"{name}: {errors[0]}")
        return unit

    return parse


def entries_of(root, files):
    """What mutants_of gives for each file. Parsing takes a minute, so it is kept for as long as nothing changes."""
    sources = [root / name for name in workshop.files_of(root, "*.h")]
    sources += sorted(root.glob("spec/*.h")) + [pathlib.Path(__file__)]
    common = b"".join(path.read_bytes() for path in sources)
    keep = root / "build" / "mutants" / "parsed"
    keep.mkdir(parents=True, exist_ok=True)
    kept = {}
    for name in files:
        key = hashlib.sha256(common + (root / name).read_bytes()).hexdigest()[:16]
        kept[name] = keep / f"{pathlib.Path(name).name}-{key}.json"
    missing = [name for name in files if not kept[name].exists()]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for name, entries in zip(missing, pool.map(parsed, [(root, name) for name in missing])):
            fresh = kept[name].with_suffix(".tmp")
            fresh.write_text(json.dumps([[*what, dataclasses.asdict(edit)] for *what, edit in entries]))
            fresh.rename(kept[name])
    for name in files:
        yield [(*what, SpanEdit(**edit)) for *what, edit in json.loads(kept[name].read_text())]


def parsed(task):
    root, name = task
    return mutants_of(root, name, parser(root))


def named(entries):
    """Gives each mutant of a file its name; equal ones are counted."""
    seen = {}
    for function, statement, operator, edit in entries:
        base = (function, statement, operator)
        ordinal = seen[base] = seen.get(base, -1) + 1
        digest = hashlib.sha256("|".join((edit.file, *base, str(ordinal))).encode()).hexdigest()[:8]
        short = f"{function.split('::')[-1]}-{digest}"
        yield f"{short}", f"{function}: `{statement[:110]}`: {operator}", edit


class Reasons:
    """Patterns of names, each with why: equivalent.json, needs-faults.json. A pattern that stands for nothing any
    more is an error."""

    def __init__(self, path):
        self.path = path
        self.entries = json.loads(path.read_text())
        self.used = set()
        for entry in self.entries:
            if set(entry) != {"id", "why"} or len(entry["why"]) < 20:
                raise BadData(f"{path}: expected id and why, which is a sentence, in {entry}")

    def of(self, id):
        for entry in self.entries:
            if fnmatch.fnmatchcase(id, entry["id"]):
                self.used.add(entry["id"])
                return entry["why"]
        return ""

    def check(self):
        lost = [entry["id"] for entry in self.entries if entry["id"] not in self.used]
        if lost:
            raise BadData(f"{self.path}: there is no mutant {', '.join(lost)} any more")


def sampled(mutants, sample, seed):
    """So many of them, in the order of their places. Which ones are taken depends on their names alone: a mutant more
    or less elsewhere changes little."""
    draw = lambda mutant: hashlib.sha256(f"{seed}|{mutant.id}".encode()).hexdigest()
    return sorted(sorted(mutants, key=draw)[:sample], key=lambda mutant: (mutant.edits[0].file, mutant.edits[0].start))


def configure(root):
    """What each room may include stands in the configured build."""
    if not (root / "build" / "release" / "rooms").is_dir():
        done = subprocess.run(["cmake", "--preset", "release"], cwd=root, capture_output=True, text=True)
        if done.returncode != 0:
            raise BadData(f"cmake --preset release: {done.stdout}{done.stderr}")


def read_all(root, profiles, data, sample=None, seed=1, ids=()):
    configure(root)
    files = sorted(workshop.files_of(root, "*.cc") + workshop.files_of(root, "*.h"))
    files = [name for name in files if name not in SKIPPED_FILES]
    equivalent, faults = Reasons(data / "equivalent.json"), Reasons(data / "needs-faults.json")
    mutants = []
    for name, entries in zip(files, entries_of(root, files)):
        for id, summary, edit in named(entries):
            mutants.append(
                Mutant(
                    id=id,
                    family="structural",
                    summary=f"{edit.file}: {summary}",
                    edits=(edit,),
                    profiles=profiles,
                    needs="faults" if faults.of(id) else "",
                    equivalent=equivalent.of(id),
                )
            )
    equivalent.check()
    faults.check()
    if ids:
        return [mutant for mutant in mutants if mutant.id in ids]
    return sampled(mutants, sample, seed) if sample is not None else mutants
