#!/usr/bin/python3
# tests/mutants: a bug that Linux really had, and two nights: the first finds it, once, as small as it is; for the second
# it is known. What is exported of it holds on this machine's kernel, which has not got it.
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from tool import historical, workshop  # noqa: E402

# Its trace has what a kernel's own test can be given, too.
MUTANT = "mseal-madvise-bitmask"
STAGES = "corpus,known,random,relations,faults,distill"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
KSELFTEST = CACHE / "vmadiff" / "sources" / "linux-7.3" / "tools" / "testing" / "selftests"
SKIPS = 4  # kselftest's status


class Nights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.place)
        shop = workshop.Workshop(ROOT, ROOT / "build" / "mutants", "release", os.cpu_count())
        shop.prepare("vmadiff")
        (mutant,) = [one for one in historical.read_all(HERE / "historical") if one.id == MUTANT]
        job = f"nightly-{os.getpid()}"
        cls.addClassCleanup(shop.forget, job)
        program = shop.program(shop.compile(mutant.mutated(ROOT), job), "vmadiff")
        cls.sound = ROOT / "build" / "release" / "vmadiff"
        cls.nights = [cls.night(program, seed) for seed in (1, 2)]
        cls.mended = cls.night(cls.sound, 3)

    @classmethod
    def night(cls, program, seed):
        done = subprocess.run([program, "nightly", "--ops", "200000", "--seed", str(seed), "--state", cls.place / "state",
                               "--corpus", ROOT / "corpus" / "history", "--only", STAGES, "--json"],
                              cwd=cls.place, capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    def test_the_first_finds_it_once(self):
        status, report = self.nights[0]
        self.assertEqual((status, len(report["new"])), (1, 1), report["new"])
        found = report["new"][0]
        self.assertRegex(found["key"], "^impl: madvise/")
        # Seen in its trace in corpus/history/, and by the campaign from nothing.
        self.assertLessEqual({"corpus", "random"}, set(found["stages"]))
        self.assertTrue(found["replays"])
        self.assertLessEqual(found["calls"], 4)

    def test_the_second_knows_it(self):
        status, report = self.nights[1]
        self.assertEqual((status, report["new"]), (0, []))
        self.assertEqual([one["key"] for one in report["seen"]], [self.nights[0][1]["new"][0]["key"]])

    def test_where_it_is_mended_that_is_said(self):
        status, report = self.mended
        self.assertEqual((status, report["new"], report["seen"]), (0, [], []))
        self.assertEqual([one["key"] for one in report["gone"]], [self.nights[0][1]["new"][0]["key"]])

    def exported(self, form, *flags):
        """Compiled and run here; its exit status."""
        trace = self.place / "state" / "findings" / (self.nights[0][1]["new"][0]["name"] + ".trace")
        source, program = self.place / f"{form}.c", self.place / form
        for words in ([self.sound, "export", form, trace, "-o", source], ["cc", "-Wall", "-Werror", *flags, source, "-o", program]):
            done = subprocess.run(words, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        return subprocess.run([program], capture_output=True, text=True)

    def host_runs(self):
        """Whether this machine's kernel can be asked; it can then be held to the programs."""
        listed = subprocess.run([self.sound, "systems"], capture_output=True, text=True).stdout
        return "cannot run here" not in listed.split("\nhost ")[1].split("\nguest ")[0]

    def test_the_c_program_holds_on_this_kernel(self):
        if not self.host_runs():
            self.skipTest("this machine's kernel cannot be asked")
        done = self.exported("c", "-static")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_kselftest_holds_on_this_kernel(self):
        if not self.host_runs():
            self.skipTest("this machine's kernel cannot be asked")
        if not (KSELFTEST / "kselftest_harness.h").exists():
            self.skipTest("the kernel's header is not here: vmadiff kernels fetch linux-7.3")
        done = self.exported("kselftest", "-Wno-unused-parameter", f"-I{KSELFTEST}")
        self.assertIn(done.returncode, (0, SKIPS), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
