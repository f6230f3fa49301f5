#!/usr/bin/python3
# tests of reports: what the command prints for machines, read by readers that were written from what these forms
# are: forms_test.py VMADIFF.
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import junit  # noqa: E402
import ktap  # noqa: E402

VMADIFF = str(pathlib.Path(sys.argv.pop(1)).resolve())
ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = ROOT / "corpus" / "seeds" / "anon-merge-both-same-anon-vma.trace"
# Finds, from nothing, what the patch under review breaks by its nature.
FINDS = ["check", "--systems", "model,impl", "--profile", "patch-v2", "--seed", "1", "--ops", "1000", "--out", "found"]


class Command(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def run_vmadiff(self, *words, status):
        done = subprocess.run([VMADIFF, *map(str, words)], cwd=self.place, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def four_traces(self):
        """One that holds, one that does not, one that is for nobody here, one that is no trace."""
        text = SEED.read_text()
        (self.place / "a-good.trace").write_text(text)
        (self.place / "b-bad # trace.trace").write_text("munmap(0x100000000000, 0x1000) = -1 ENOMEM (<&\">)\n")
        (self.place / "c-other.trace").write_text("# systems: host\n# holds: linux-6.12\n" + text)
        (self.place / "d-none.trace").write_text("munmap(\n")
        return ["replay", ".", "--systems", "model,impl", "--junit", "j.xml"]


class Forms(Command):
    def test_replay_as_ktap(self):
        done = self.run_vmadiff(*self.four_traces(), "--ktap", status=1)
        good, bad, skipped, unreadable = ktap.read(done.stdout)
        self.assertEqual((good.ok, good.directive), (True, ""))
        self.assertEqual((bad.ok, bad.directive), (False, ""))
        self.assertTrue(any("gave" in line for line in bad.diagnostics), bad)
        self.assertEqual((skipped.ok, skipped.directive), (True, "SKIP"))
        self.assertTrue(skipped.reason)
        self.assertFalse(unreadable.ok)
        self.assertTrue(any("d-none.trace:1:" in line for line in unreadable.diagnostics), unreadable)

    def test_replay_as_junit(self):
        self.run_vmadiff(*self.four_traces(), status=1)
        cases = junit.read((self.place / "j.xml").read_text())["replay"]
        self.assertEqual([case[0] for case in cases.values()], ["passed", "failure", "skipped", "error"])
        self.assertIn("munmap", cases["./b-bad # trace.trace"][2])

    def test_check_as_ktap(self):
        done = self.run_vmadiff(*FINDS, "--ktap", status=1)
        results = ktap.read(done.stdout)
        bad = [one for one in results if not one.ok]
        self.assertGreater(len(results), 10)
        self.assertEqual([one.name for one in bad], ["OnlyEligibleVmasAreMergeable"])
        self.assertTrue(any("vmadiff replay found/" in line for line in bad[0].diagnostics), bad)

    def test_check_as_junit(self):
        self.run_vmadiff(*FINDS, "--junit", "j.xml", status=1)
        cases = junit.read((self.place / "j.xml").read_text())["check"]
        self.assertEqual([name for name, case in cases.items() if case[0] != "passed"], ["OnlyEligibleVmasAreMergeable"])

    def test_two_forms_at_once_are_refused(self):
        for words in (["replay", SEED], FINDS):
            self.run_vmadiff(*words, "--ktap", "--json", status=2)


@unittest.skipUnless(jsonschema, "Debian's python3-jsonschema is not installed")
class Json(Command):
    """docs/output.schema.json says what each line is, and lets no other key pass."""

    def lines(self, *words, status):
        schema = json.loads((ROOT / "docs" / "output.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        found = [json.loads(line) for line in self.run_vmadiff(*words, "--json", status=status).stdout.splitlines()]
        for one in found:
            jsonschema.Draft202012Validator(schema).validate(one)
        return found

    def test_of_a_check(self):
        kinds = [one["type"] for one in self.lines(*FINDS, "--coverage", status=1)]
        self.assertEqual((kinds[0], kinds[1], kinds[-1]), ("run", "finding", "summary"))

    def test_of_a_check_where_the_host_can_run(self):
        if "cannot run here" in self.run_vmadiff("systems", status=0).stdout.split("\nhost ")[1].split("\nguest ")[0]:
            self.skipTest("the host cannot run here")
        self.lines("check", "--systems", "model,impl,host", "--ops", "2000", "--seed", "1", status=0)

    def test_of_a_replay(self):
        found = self.lines(*self.four_traces(), status=1)
        self.assertEqual([one["verdict"] for one in found[:-1]], ["ok", "failed", "skipped", "unreadable"])
        self.assertEqual(found[-1]["type"], "replay-summary")

    def test_a_key_too_many_is_refused(self):
        schema = json.loads((ROOT / "docs" / "output.schema.json").read_text())
        line = json.loads(self.run_vmadiff("replay", SEED, "--systems", "model", "--json", status=0).stdout.splitlines()[0])
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(line | {"speed": 3})


class Readers(unittest.TestCase):
    """What must be refused."""

    def test_ktap(self):
        for text in ("", "ok 1 a\n", "KTAP version 1\nok 1 a\n", "KTAP version 1\n1..2\nok 1 a\n", "KTAP version 1\n1..1\nok 2 a\n",
                     "KTAP version 1\n1..1\nok 1 a\nmore\n", "KTAP version 1\n1..1\nfine\nok 1 a\n",
                     "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 b\nok 1 a\n"):
            with self.subTest(text), self.assertRaises(ktap.NotKtap):
                ktap.read(text)

    def test_junit(self):
        whole = '<testsuites tests="1" failures="{}" errors="0" skipped="0" time="0">{}</testsuites>'
        suite = '<testsuite name="s" tests="1" failures="1" errors="0" skipped="0" time="0">{}</testsuite>'
        case = '<testcase classname="s" name="c"><failure message="m"/></testcase>'
        self.assertEqual(junit.read(whole.format(1, suite.format(case))), {"s": {"c": ("failure", "m", "")}})
        for text in (whole.format(0, suite.format(case)), whole.format(1, suite.format("")),
                     whole.format(1, suite.format(case.replace('"s"', '"t"')))):
            with self.subTest(text), self.assertRaises(junit.NotJunit):
                junit.read(text)


if __name__ == "__main__":
    unittest.main()
