# tests/mutants: builds programs around a mutated impl/. The source tree is never touched: what is mutated
# stands in a job's own directory, which comes first on the include path, and only the objects that read it
# are compiled again. Everything else comes from the ordinary build.
import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib
import shlex
import shutil
import subprocess
import threading

# Headers of the maple tree. They are read by nearly all of impl/, so where one of them is mutated impl/ is compiled
# apart from the ordinary build, once: MapleTree<VmArea*> is instantiated in one object of our own, and its code stands
# nowhere else but where a member template or a function in the class body is used, which the symbols of an object
# without inlining tell.
TREE_FOLDER = "impl/maple_tree/"
TREE_CLASSES = ("MapleTree", "MapleNodePool")
TREE = "class vmadiff::impl::MapleTree<vmadiff::impl::VmArea*>;"
TREE_UNIT = "tree.cc"
OPTIMISATION = "-O2"
IMPL = "impl/libvmadiff_impl.a"


def files_of(root, pattern):
    """The files of impl/ and the folders in it, as paths from the root."""
    return sorted(path.relative_to(root).as_posix() for path in (root / "impl").rglob(pattern))


def name_of(path):
    """A header of impl/ by its path, through whatever view it was read; nothing for others."""
    parts = pathlib.Path(path).parts
    at = len(parts) - 1 - parts[::-1].index("impl") if "impl" in parts else len(parts)
    return "/".join(parts[at:]) if path.endswith(".h") else ""


class BuildFault(Exception):
    """The tool cannot build what is not mutated."""


class Stillborn(Exception):
    """The mutant does not compile."""


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def without_precompiled(words):
    """Without the build's own precompiled header: there can be but one, and here it is the prelude."""
    out = list(words)
    while "-Xclang" in out:
        at = out.index("-Xclang")
        del out[at : at + 2]
    return out


def check(command, cwd):
    done = run(command, cwd)
    if done.returncode != 0:
        raise BuildFault(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def link_of(root, build_dir, target):
    """The words of the command that links the target; on its line others can stand, as that which lists the tests."""
    lines = check(["ninja", "-C", build_dir, "-t", "commands", target], root).strip().splitlines()
    words, steps = shlex.split(lines[-1]), [[]]
    for word in words:
        steps.append([]) if word == "&&" else steps[-1].append(word)
    linking = [step for step in steps if "-o" in step and step[step.index("-o") + 1] == target]
    if not linking:
        raise BuildFault(f"{target}: no command links it: {words}")
    return linking[0]


def compiled(command, shop):
    done = run(command, shop.build_dir)
    if done.returncode != 0:
        raise Stillborn(next((l for l in done.stderr.splitlines() if "error:" in l), done.stderr[-200:]))


def linked(words, shop, place, target):
    """The program that the words link, made in `place`. Raises Stillborn."""
    program = place / pathlib.Path(target).name
    words[words.index("-o") + 1] = program
    done = run([*words, "-fuse-ld=lld"], shop.build_dir)
    if done.returncode != 0:
        raise Stillborn("does not link: " + done.stderr[-200:])
    return program


def fresh_view(shop, texts, job):
    """The place of a job, empty but for these files of impl/, and the directory that holds them."""
    place = shop.home / f"job-{job}"
    shutil.rmtree(place, ignore_errors=True)
    view = place / "view"
    view.mkdir(parents=True)
    for file, text in texts.items():
        (view / file).parent.mkdir(parents=True, exist_ok=True)
        (view / file).write_text(text)
    return place, view


@dataclasses.dataclass
class Compiled:
    """A mutated impl/, in a job's own place."""

    place: pathlib.Path
    objects: list


class Workshop:
    """Programs (targets of a preset), with the objects of impl/ in hand."""

    def __init__(self, root, scratch, preset, jobs):
        self.root = root
        self.preset = preset
        self.build_dir = root / "build" / preset
        self.jobs = jobs
        self.home = scratch / preset
        self.links = {}  # target -> words of the command that links it
        self.link_lock = threading.Lock()
        self.objects = {}  # unit -> object of the ordinary build
        self.readers = {}  # header -> units that include it
        self.apart = None  # unit -> (object compiled apart, whether it has code of the tree); made when first asked for
        self.apart_lock = threading.Lock()

    # --- what is not mutated -------------------------------------------------------------------

    def prepare(self, *targets):
        for target in targets:
            self._link(target)
        self.home.mkdir(parents=True, exist_ok=True)
        self._read_commands()
        (self.home / "tree_extern.h").write_text(f'#include "impl/mm.h"\nextern template {TREE}\n')
        (self.home / "tree.cc").write_text(f'#include "impl/mm.h"\ntemplate {TREE}\n')
        headers = [self.root / name for name in files_of(self.root, "*.h")] + sorted(self.root.glob("spec/*.h"))
        self.headers = b"".join(path.read_bytes() for path in headers)
        self._make_prelude()
        unit_of = {made: unit for unit, made in self.objects.items()}
        unit = None
        for line in check(["ninja", "-C", self.build_dir, "-t", "deps", *unit_of], self.root).splitlines():
            if line.startswith(" "):
                self.readers.setdefault(name_of(line.strip()), set()).add(unit)
            elif line:
                unit = unit_of[line.split(": #deps")[0]]

    def _read_commands(self):
        entries = json.loads((self.build_dir / "compile_commands.json").read_text())
        self.units, self.flags = {}, []
        for entry in entries:
            path = pathlib.Path(entry["file"])
            if not path.is_relative_to(self.root / "impl"):
                continue
            unit = path.relative_to(self.root).as_posix()
            self.units[unit] = path
            words = shlex.split(entry["command"])
            self.objects[unit] = words[words.index("-o") + 1]
            if path.parent.name != "impl":
                continue  # the flags are those of the room that sees all of impl/
            self.compiler = words[0]
            # Warnings say nothing about a mutant, and what comes behind -o is the file.
            words = words[1 : words.index("-o")]
            self.flags = [w for w in without_precompiled(words) if not w.startswith(("-W", "-O"))] + [OPTIMISATION]
        if not self.units:
            raise BuildFault(f"{self.build_dir}: no commands for impl/")

    def _link(self, target):
        """The words that link a target, which is built, with everything else that it needs, when first asked for."""
        with self.link_lock:
            if target not in self.links:
                check([self.root / "scripts" / "build", self.preset, target], self.root)
                words = link_of(self.root, self.build_dir, target)
                if IMPL not in words:
                    raise BuildFault(f"the command that links {target} names no {IMPL}: {words}")
                self.links[target] = words
            return list(self.links[target])

    def _make_prelude(self):
        """All headers from outside impl/ that impl/ reads, precompiled: they are most of the work."""
        wanted = set()
        for name in files_of(self.root, "*.h") + files_of(self.root, "*.cc"):
            for line in (self.root / name).read_text().splitlines():
                if line.startswith(("#include <", '#include "spec/')):
                    wanted.add(line)
        text = "\n".join(sorted(wanted)) + "\n"
        key = hashlib.sha256(repr((self.flags, text)).encode() + self.headers).hexdigest()[:16]
        self.prelude = self.home / f"prelude-{key}.pch"
        if self.prelude.exists():
            return
        header = self.home / "prelude.h"
        header.write_text(text)
        fresh = self.home / "prelude.tmp"
        check([self.compiler, *self.flags, "-xc++-header", header, "-o", fresh], self.build_dir)
        fresh.rename(self.prelude)

    def _compiled_apart(self, unit):
        """(object, whether it has code of the tree)"""
        source = self.units.get(unit, self.home / unit)
        key = hashlib.sha256(repr(self.flags).encode() + self.headers + source.read_bytes()).hexdigest()[:16]
        made = self.home / f"{source.stem}-{key}.o"
        note = made.with_suffix(".tree")
        if not note.exists():
            plain = made.with_suffix(".bc")
            check(self._compile(unit, source, plain, [], apart=True) + ["-emit-llvm", "-Xclang", "-disable-llvm-passes"], self.build_dir)
            symbols = check(["llvm-nm-19", "--defined-only", "-C", plain], self.build_dir)
            check([self.compiler, OPTIMISATION, "-c", plain, "-o", made], self.build_dir)
            plain.unlink()
            note.write_text(str(int(unit == TREE_UNIT or any(f"{name}<vmadiff::impl::VmArea*>" in symbols for name in TREE_CLASSES))))
        return made, note.read_text() == "1"

    def _apart(self):
        with self.apart_lock:
            if self.apart is None:
                units = [*self.units, TREE_UNIT]
                with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                    self.apart = dict(zip(units, pool.map(self._compiled_apart, units)))
        return self.apart

    def _compile(self, unit, source, out, first, apart):
        command = [self.compiler, *first, *self.flags, "-include-pch", self.prelude]
        if apart and unit != TREE_UNIT:
            command += ["-include", self.home / "tree_extern.h"]
        return command + ["-c", source, "-o", out]

    def forget(self, job):
        shutil.rmtree(self.home / f"job-{job}", ignore_errors=True)

    # --- what is mutated -----------------------------------------------------------------------

    def compile(self, texts, job):
        """impl/ with these files in place of the real ones. Raises Stillborn."""
        place, view = fresh_view(self, texts, job)
        apart = any(file.startswith(TREE_FOLDER) and file not in self.units for file in texts)
        objects = {unit: made for unit, (made, _) in self._apart().items()} if apart else dict(self.objects)
        again = {file for file in texts if file in self.units}
        for file in texts:
            if apart and file.startswith(TREE_FOLDER) and file not in self.units:
                again.update(unit for unit, (_, has_tree) in self._apart().items() if has_tree)
                again.update(unit for unit in self.readers.get(file, ()) if unit.startswith(TREE_FOLDER))
            else:
                again.update(self.readers.get(file, ()))
        if not again:
            raise BuildFault(f"nothing is built from {sorted(texts)}")
        for unit in again:
            source = view / unit if unit in texts else self.units.get(unit, self.home / unit)
            objects[unit] = place / (pathlib.Path(unit).stem + ".o")
            compiled(self._compile(unit, source, objects[unit], [f"-I{view}"], apart), self)
        return Compiled(place, list(objects.values()))

    def pristine(self, job):
        """impl/ as it is."""
        return Compiled(fresh_view(self, {}, job)[0], list(self.objects.values()))

    def program(self, made, target):
        """The target around what `compile` gave. Raises Stillborn."""
        words = self._link(target)
        at = words.index(IMPL)
        words[at : at + 1] = made.objects
        return linked(words, self, made.place, target)


class TestShop:
    """A test of headers alone, as the maple tree's is: all of its sources are compiled again."""

    def __init__(self, root, scratch, preset, target):
        self.root = root
        self.build_dir = root / "build" / preset
        self.target = target
        self.home = scratch / f"{preset}-{pathlib.Path(target).name}"

    def prepare(self, preset):
        check([self.root / "scripts" / "build", preset, self.target], self.root)
        self.home.mkdir(parents=True, exist_ok=True)
        self.link, self.commands = link_of(self.root, self.build_dir, self.target), {}
        for entry in json.loads((self.build_dir / "compile_commands.json").read_text()):
            words = shlex.split(entry["command"])
            output = words[words.index("-o") + 1]
            if output in self.link:
                self.commands[output] = words
        if not self.commands:
            raise BuildFault(f"{self.target}: no source of it stands in compile_commands.json")

    def forget(self, job):
        shutil.rmtree(self.home / f"job-{job}", ignore_errors=True)

    def build(self, texts, job):
        """The test with these files of impl/ in place of the real ones. Raises Stillborn."""
        place, view = fresh_view(self, texts, job)
        words = list(self.link)
        for output, command in self.commands.items():
            made = place / pathlib.Path(output).name
            again = [word for word in command if not word.startswith(("-W", "-O"))]
            again[again.index("-o") + 1] = made
            compiled([again[0], f"-I{view}", OPTIMISATION, *again[1:]], self)
            words[words.index(output)] = made
        return linked(words, self, place, self.target)
