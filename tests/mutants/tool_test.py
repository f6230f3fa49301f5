#!/usr/bin/python3
# tests/mutants: the tool itself: what it says of edits that are lost, of mutants that survive, that do not
# compile, that crash or hang; and that the table of historical bugs is whole.
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tool import command, historical, hunt, kernel, kernel_shop, report, structural  # noqa: E402
from tool.mutant import EditLost, Mutant, SpanEdit, TextEdit  # noqa: E402

ROOT = HERE.parents[1]
BUDGET = "2s"


def entry(id, find, replace, file="impl/fault.cc"):
    return {
        "id": id,
        "fixed_by": "nothing",
        "versions": "none",
        "symptom": "made up for a test",
        "edits": [{"file": file, "find": find, "replace": replace}],
    }


class Edits(unittest.TestCase):
    def test_an_edit_replaces_its_one_place(self):
        self.assertEqual(TextEdit("f", "b", "x").apply("abc"), "axc")

    def test_an_edit_without_its_place_is_lost(self):
        with self.assertRaises(EditLost):
            TextEdit("f", "z", "x").apply("abc")

    def test_an_edit_with_two_places_is_lost(self):
        with self.assertRaises(EditLost):
            TextEdit("f", "b", "x").apply("abcb")

    def test_an_edit_that_changes_nothing_is_refused(self):
        with self.assertRaises(EditLost):
            TextEdit("f", "b", "b").apply("abc")

    def test_a_span_that_says_something_else_is_lost(self):
        self.assertEqual(SpanEdit("f", 1, 2, "b", "xy").apply("abc"), "axyc")
        with self.assertRaises(EditLost):
            SpanEdit("f", 1, 2, "c", "xy").apply("abc")


class Table(unittest.TestCase):
    def test_every_historical_edit_has_its_place(self):
        mutants = historical.read_all(HERE / "historical")
        self.assertGreaterEqual(len(mutants), 40)
        for mutant in mutants:
            with self.subTest(mutant.id):
                self.assertTrue(mutant.mutated(ROOT))

    def test_every_meeting_edit_has_its_place(self):
        mutants = historical.read_all(HERE / "meeting", "meeting")
        self.assertGreaterEqual(len(mutants), 40)
        for mutant in mutants:
            with self.subTest(mutant.id):
                self.assertEqual(mutant.family, "meeting")
                self.assertTrue(mutant.mutated(ROOT))

    def test_every_historical_mutant_has_a_trace_and_every_trace_a_mutant(self):
        hunted = {mutant.id for mutant in historical.read_all(HERE / "historical")}
        traces = {path.stem for path in (ROOT / "corpus" / "history").glob("*.trace")}
        self.assertEqual(hunted, traces)

    def test_every_mutant_that_is_called_equivalent_is_there(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            status = command.main(["list", "--family", "structural"])
        self.assertEqual((status, said.getvalue()), (0, ""))

    def test_what_cannot_be_faked_says_why(self):
        ids = {mutant.id for mutant in historical.read_all(HERE / "historical")}
        for one in json.loads((HERE / "not-applicable.json").read_text()):
            self.assertEqual(set(one), {"id", "fixed_by", "why"})
            self.assertNotIn(one["id"], ids)
            self.assertGreater(len(one["why"]), 40)

    def test_a_file_with_a_key_too_many_is_refused(self):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "odd.json"
            path.write_text(json.dumps(entry("odd", "a", "b") | {"speed": 3}))
            with self.assertRaises(historical.BadData):
                historical.read_one(path)


class Verdicts(unittest.TestCase):
    @staticmethod
    def weighed(verdict, equivalent):
        result = report.Result(Mutant("m", "structural", "", (), (), equivalent=equivalent), verdict)
        result.weigh()
        return result

    def test_a_survivor_is_bad_unless_an_equivalence_is_claimed(self):
        self.assertFalse(self.weighed("survived", "").is_good())
        self.assertTrue(self.weighed("survived", "the same for every input").is_good())

    def test_an_equivalent_mutant_that_is_found_is_bad(self):
        self.assertFalse(self.weighed("found", "the same for every input").is_good())

    def test_an_edit_that_is_lost_is_bad(self):
        self.assertFalse(self.weighed("edit lost", "").is_good())


SAMPLE = """// a sample
int clamp(int value, int low) {
  if (value < low) return low;
  return value;
}
int twice(int value) {
  return value + value;
}
"""


class Structural(unittest.TestCase):
    @staticmethod
    def names(text):
        with tempfile.TemporaryDirectory() as place:
            root = pathlib.Path(place).resolve()
            (root / "impl").mkdir()
            (root / "impl" / "sample.cc").write_text(text)
            entries = structural.mutants_of(root, "impl/sample.cc", structural.parser(root))
            return {id: edit for id, _, edit in structural.named(entries)}

    def test_the_operators_are_applied(self):
        texts = {edit.apply(SAMPLE) for edit in self.names(SAMPLE).values()}
        for there, instead in (("value < low", "value <= low"), ("value < low", "value >= low"),
                               ("value + value", "value - value"), ("return low;", ";"),
                               ("value < low", "!(value < low)")):
            self.assertIn(SAMPLE.replace(there, instead, 1), texts)

    def test_a_declaration_that_is_a_condition_is_not_negated(self):
        text = "int half(int value);\nint sum(int value) {\n  if (int rest = half(value)) return rest;\n  return value;\n}\n"
        texts = {edit.apply(text) for edit in self.names(text).values()}
        self.assertIn(text.replace("return rest;", ";"), texts)
        self.assertFalse([one for one in texts if "!(" in one])

    def test_what_only_takes_time_is_not_mutated(self):
        fetches = "void prefetch_it(int* where) {\n  if (where != nullptr) __builtin_prefetch(where);\n}\n"
        self.assertEqual(self.names(fetches), {})
        reads = fetches + "int get(int* where) {\n  prefetch_it(where);\n  return *where + 1;\n}\n"
        texts = {edit.apply(reads) for edit in self.names(reads).values()}
        self.assertIn(reads.replace("+ 1", "- 1"), texts)
        self.assertFalse([one for one in texts if not one.startswith(fetches) or "  prefetch_it(where);" not in one])

    def test_a_name_survives_edits_elsewhere(self):
        before = self.names(SAMPLE)
        after = self.names("// one more line\n" + SAMPLE.replace("return value + value;", "return 2 * value;"))
        kept = [id for id in before if id.startswith("clamp-")]
        self.assertGreater(len(kept), 3)
        for id in kept:
            self.assertIn(id, after)


KERNEL_SAMPLE = """static inline int warn(int x) { return x; }
#define WARN_ON(x) warn(x)
int clamp(int value, int low)
{
	WARN_ON(value < 0);
	if (value < low)
		return low;
	return value;
}
int move_ptes(int value)
{
	return value + 1;
}
"""
MACRO_SAMPLE = "#define PICK(a) ((a) ? 1 : 2)\nint grow(int a) { return a + PICK(a); }\n"
TESTS_MAKEFILE = "vma: main.c ../../../mm/vma.c\n\techo made > radix-tree.c\n\t$(CC) $(EXTRA_CFLAGS) -c main.c -o main.o\n\t$(CC) -o vma main.o\n"
TESTS_MAIN = """#include <stdio.h>
#include "../../../mm/vma.c"
int main(void)
{
	int good = clamp(1, 2) == 2;
	if (!good)
		fprintf(stderr, "Test clamp FAILED\\n");
	printf("1 tests run, %d passed, %d failed.\\n", good, !good);
	return !good;
}
"""
# Finds what makes clamp() return its value where it is low, and cannot compile what has no < left.
HUNTER = """#!/bin/sh
while [ "$1" != --tree ]; do shift; done
grep -q "value < low\\|value <= low\\|!(value" "$2/mm/vma.c" || {
  echo "vmadiff: x: it does not compile with the glue: vma.c: error: no" >&2; exit 3; }
grep -q "!(value" "$2/mm/vma.c" || { echo '{"type":"summary","operations":9}'; exit 0; }
echo '{"type":"finding","claim":"SystemsAgree","sequence":["x"],"trace":"t"}'; echo x > t
echo '{"progress":{"operations":9,"first_finding":{"operations":7,"seconds":0.5}}}' >&2; exit 1
"""


class Kernel(unittest.TestCase):
    """A made-up source tree, and a made-up program that hunts in it."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.home = pathlib.Path(place.name).resolve()
        self.tree = self.home / "tree"
        for name, text in (("mm/vma.c", KERNEL_SAMPLE), ("mm/mremap.c", MACRO_SAMPLE),
                           ("mm/vma.h", ""), ("tools/testing/vma/Makefile", TESTS_MAKEFILE),
                           ("tools/testing/vma/main.c", TESTS_MAIN), ("tools/testing/vma/vma", "built by somebody"),
                           ("tools/testing/vma/radix-tree.c", "made by somebody")):
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / name).write_text(text)
        (self.home / "equivalent.json").write_text("[]")

    def mutants(self, **more):
        return kernel.read_all(self.tree, kernel.FILES, lambda name: [], "linux-7.3", self.home / "equivalent.json",
                               **more)

    def everything(self):
        return {path: path.read_bytes() for path in self.tree.rglob("*") if path.is_file()}

    def test_what_cannot_matter_is_left_out_with_its_reason(self):
        mutants, left_out = self.mutants()
        summaries = " ".join(mutant.summary for mutant in mutants)
        self.assertIn("clamp: `value < low`: < to <=", summaries)
        self.assertIn("grow", summaries)
        self.assertNotIn("WARN_ON", summaries)
        self.assertNotIn("move_ptes", summaries)
        self.assertTrue(any("no page" in why or "page tables" in why for why in left_out))
        self.assertTrue(any("own checks" in why for why in left_out))

    def test_a_name_survives_edits_elsewhere_and_says_the_file(self):
        before = [mutant.id for mutant in self.mutants()[0] if mutant.id.startswith("clamp-")]
        (self.tree / "mm/vma.c").write_text(KERNEL_SAMPLE.replace("value + 1", "2 * value").replace("#def", "\n#def"))
        after = {mutant.id for mutant in self.mutants()[0]}
        self.assertGreater(len(before), 3)
        self.assertLessEqual(set(before), after)

    def test_what_stands_in_a_macro_is_not_put_in_its_own_place(self):
        edits = [mutant.edits[0] for mutant in self.mutants()[0]]
        self.assertTrue(any(edit.file == "mm/mremap.c" for edit in edits))
        self.assertFalse([edit for edit in edits if edit.replace == f"({edit.find})"])

    def test_a_sample_is_a_part_of_them_all(self):
        sample = [mutant.id for mutant in self.mutants(sample=3, seed=5)[0]]
        self.assertEqual(len(sample), 3)
        self.assertLess(set(sample), {mutant.id for mutant in self.mutants()[0]})

    def test_a_tree_that_is_not_there_is_refused(self):
        for words in (["list", "--family", "kernel", "--tree", "linux-0.1"],):
            with contextlib.redirect_stderr(io.StringIO()) as err:
                self.assertEqual(command.main(words), command.EXIT_BAD_USAGE)
            self.assertIn("kernels fetch linux-0.1", err.getvalue())
        for words in (["list", "--family", "kernel"], ["list", "--tree", "x"],
                      ["compare", "oracles", "--family", "kernel"]):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                command.main(words)

    def test_lines_are_reached_or_not(self):
        reach = kernel.Reach(self.tree)
        reach.add("mm/vma.c", "        -:    5:x\n       12:    6:x\nbranch  0 taken 1\n    #####:    7:x\n        9*:    8:x\n")
        reach.add("mm/vma.c", "    #####:    6:x\n")
        at = lambda text: kernel.structural.SpanEdit("mm/vma.c", KERNEL_SAMPLE.index(text),
                                                    KERNEL_SAMPLE.index(text) + len(text), text, "")
        self.assertTrue(reach.is_reached(at("value < low")))
        self.assertFalse(reach.is_reached(at("return low")))
        self.assertTrue(reach.is_reached(at("return value")))
        self.assertTrue(reach.is_reached(at("}\nint move")))  # no code of its own: as the line above
        self.assertFalse(reach.is_reached(at("WARN_ON(value")))

    def test_a_return_without_code_of_its_own_is_reached_where_fewer_go_on(self):
        where = KERNEL_SAMPLE.index("return low")
        edit = kernel.structural.SpanEdit("mm/vma.c", where, where + 10, "return low", "")
        for went_on, is_reached in ((12, False), (11, True), (0, True)):
            reach = kernel.Reach(self.tree)
            reach.add("mm/vma.c", f"12:6:x\n-:7:x\n{went_on}:8:x\n")
            self.assertEqual(reach.is_reached(edit), is_reached)

    def test_a_view_is_mutated_and_never_the_tree(self):
        before = self.everything()
        view = kernel_shop.View(self.home / "view", self.tree)
        untouched = (view.place / "mm/mremap.c").stat().st_mtime_ns
        view.put({"mm/vma.c": KERNEL_SAMPLE.replace("value < low", "value > low")})
        tests = kernel_shop.own_tests(view)
        self.assertEqual((tests.found, tests.by, tests.count), (True, "clamp", 1))
        self.assertEqual((view.place / "mm/mremap.c").stat().st_mtime_ns, untouched)
        self.assertEqual((view.place / "mm/vma.h").resolve(), self.tree / "mm/vma.h")
        view.put({})
        os.utime(view.place / "mm/vma.c", ns=(untouched + 5_000_000_000,) * 2)
        self.assertFalse(kernel_shop.own_tests(view).found)
        self.assertEqual(self.everything(), before)

    def test_each_end_has_its_verdict(self):
        program = self.home / "hunter"
        program.write_text(HUNTER)
        program.chmod(0o755)
        ids = {summary.rsplit("`: ", 1)[1]: mutant.id for mutant in self.mutants()[0]
               for summary in [mutant.summary] if "`value < low`" in summary}
        (self.home / "equivalent.json").write_text(json.dumps([{"id": ids["< to <="], "why": "Both return the same number."}]))
        reach = kernel.Reach(self.tree)
        reach.add("mm/vma.c", "1:6:x\n#####:8:x\n1:7:x\n")
        before = self.everything()
        options = command.parse(["run", "--family", "kernel", "--tree", str(self.tree), "--jobs", "1"])
        shop = type("Shop", (), {"tree": self.tree, "home": self.home, "options": options, "program": program,
                                 "reach": lambda self: reach, "pristine_run": lambda self, tree, words: None})()
        runner = kernel_shop.Runner(shop)
        results = {mutant.summary: runner.one(mutant) for mutant in self.mutants()[0]}
        verdict = lambda end: [one.verdict for summary, one in results.items() if summary.endswith(end)]
        self.assertEqual(verdict("`value < low`: not"), ["found"])
        self.assertEqual(verdict("`value < low`: < to >="), ["stillborn"])
        self.assertEqual(verdict("`value < low`: < to <="), ["equivalent"])
        self.assertEqual(verdict("`return low`: no return"), ["survived"])
        self.assertEqual(verdict("`return a + PICK(a)`: + to -"), ["not reached"])
        found = next(one for summary, one in results.items() if summary.endswith("`value < low`: not"))
        self.assertEqual((found.first().by, found.first().operations, found.own.by), ("SystemsAgree", 7, "clamp"))
        self.assertIn("found 1 of 2 that count (50.0 %)", report.summary(list(results.values())))
        self.assertEqual(self.everything(), before)


class Programs(unittest.TestCase):
    """What is made of how a program ends."""

    @staticmethod
    def hunt_of(script):
        with tempfile.TemporaryDirectory() as place:
            program = pathlib.Path(place) / "program"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
            return hunt.check_once(program, pathlib.Path(place), "all", hunt.DEFAULT_PROFILE, 1, ["--time", "1s"], 10)

    def test_an_implementation_that_cannot_be_set_up_is_found(self):
        one = self.hunt_of("echo 'vmadiff: the run ended early: set-up: out of memory' >&2; exit 3")
        self.assertTrue(one.found)
        self.assertEqual(one.by, "set-up")

    def test_what_this_machine_lacks_finds_nothing(self):
        with self.assertRaises(hunt.HuntFault):
            self.hunt_of("echo 'vmadiff: no room on the disk' >&2; exit 3")


class Profiles(unittest.TestCase):
    """What is not mutated is not found, whichever bugs a profile has of its own."""

    def test_no_oracle_of_a_hunt_has_something_to_say_of_what_is_not_mutated(self):
        program = ROOT / "build" / "release" / "vmadiff"
        for oracle in ("all", "model", "invariants", "relations"):
            for profile in command.PROFILES:
                with tempfile.TemporaryDirectory() as place, self.subTest(oracle=oracle, profile=profile):
                    one = hunt.check_once(program, pathlib.Path(place), oracle, profile, 5, ["--ops", "20000"], 60)
                    self.assertFalse(one.found, one.by)


class Runs(unittest.TestCase):
    """Real mutants, made up for the purpose, built and hunted."""

    @staticmethod
    def run_of(*entries):
        with tempfile.TemporaryDirectory() as place:
            for one in entries:
                (pathlib.Path(place) / f"{one['id']}.json").write_text(json.dumps(one))
            words = ["run", "--family", "historical", "--historical-dir", place, "--budget", BUDGET, "--json"]
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                status = command.main(words)
        return status, {one["id"]: one for one in map(json.loads, out.getvalue().splitlines())}

    def kills_in_few_calls(self, one):
        status, results = self.run_of(one)
        self.assertEqual(status, command.EXIT_ALL_FOUND)
        hunt = results[one["id"]]["hunts"][0]
        self.assertEqual(hunt["by"], "SystemSurvives")
        self.assertLessEqual(hunt["calls"], 6)

    def test_each_end_is_told_apart(self):
        comment = "// handle_pte_marker: the VMA's handler is never asked."
        status, results = self.run_of(
            entry("survivor", comment, "// It is empty."),
            entry("stillborn", comment, "this is not C++;"),
            entry("lost", "no such text", "x"),
            entry("wrong", "if (call.length == 0) return Outcome::ok();", "if (call.length == 0) return Outcome::ok(1);"),
        )
        verdicts = {id: one["verdict"] for id, one in results.items()}
        self.assertEqual(verdicts, {"survivor": "survived", "stillborn": "stillborn", "lost": "edit lost", "wrong": "found"})
        self.assertEqual(status, command.EXIT_SURVIVOR)

    def test_what_does_not_compile_does_not_count(self):
        status, results = self.run_of(entry("stillborn", "// handle_pte_marker: the VMA's handler is never asked.", "this is not C++;"))
        self.assertEqual(status, command.EXIT_ALL_FOUND)
        self.assertEqual(results["stillborn"]["verdict"], "stillborn")

    def test_a_crash_and_a_hang_are_found_and_have_a_trace(self):
        place = "if (call.length == 0) return Outcome::ok();"
        status, results = self.run_of(
            entry("crash", place, "if (call.length == 0) __builtin_trap();"),
            entry("hang", place, "for (volatile int i = 0; call.length == 0; i = 0) {}"),
        )
        self.assertEqual(status, command.EXIT_ALL_FOUND)
        for id, how in (("crash", "SIG"), ("hang", "hang")):
            hunt = results[id]["hunts"][0]
            self.assertEqual(hunt["by"], "SystemSurvives", id)
            self.assertIn(how, hunt["trace"])
            self.assertEqual(hunt["calls"], 1)

    def test_contenders_are_compared_and_what_one_alone_finds_is_named(self):
        comment = "// handle_pte_marker: the VMA's handler is never asked."
        place = "if (call.length == 0) return Outcome::ok();"
        with tempfile.TemporaryDirectory() as directory:
            for one in (entry("nothing", comment, "// It is empty."),
                        entry("wrong", place, "if (call.length == 0) return Outcome::ok(1);")):
                (pathlib.Path(directory) / f"{one['id']}.json").write_text(json.dumps(one))
            words = ["compare", "oracles", "--family", "historical", "--historical-dir", directory, "--budget", "1s",
                     "--json", "--markdown", f"{directory}/table.md"]
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(command.main(words), command.EXIT_ALL_FOUND)
            rows = {row["id"]: row["hunts"] for row in map(json.loads, out.getvalue().splitlines())}
            table = (pathlib.Path(directory) / "table.md").read_text()
        self.assertFalse(any(one["found"] for one in rows["nothing"].values()))
        self.assertTrue(rows["wrong"]["model"]["found"])
        self.assertFalse(rows["wrong"]["relations"]["found"])
        self.assertIn("Found by none in this time: `nothing`.", table)

    def test_what_kills_when_it_comes_again_and_again_is_made_small(self):
        place = "if (call.length == 0) return Outcome::ok();"
        again = "static int times = 0; if (call.length == 0 && ++times == 25) __builtin_trap();\n  "
        self.kills_in_few_calls(entry("later", place, again + place))

    def test_what_only_failed_allocations_show_is_found_and_made_small(self):
        self.kills_in_few_calls(
            entry("error-path", "  if (fresh == nullptr) return nullptr;", "", "impl/copy_vma.cc"))

    def test_what_only_the_trees_own_tests_show_is_found(self):
        status, results = self.run_of(
            entry("tree", "while (buffer.count < kMapleSlotsMin) {", "while (buffer.count + 1 < kMapleSlotsMin) {",
                  "impl/maple_tree/maple_tree_store.h"))
        self.assertEqual(status, command.EXIT_ALL_FOUND)
        self.assertEqual(results["tree"]["hunts"][0]["oracle"], "tree")


if __name__ == "__main__":
    unittest.main()
