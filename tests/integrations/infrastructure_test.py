#!/usr/bin/python3
# tests of integrations: the harnesses built and run as OSS-Fuzz, ClusterFuzzLite and AFL++ do:
# infrastructure_test.py SCRATCH. Builds twice, so it has a label of its own.
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRATCH = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
INTEGRATIONS = ROOT / "integrations"
FUZZERS = ("fuzz_differential", "fuzz_maple_tree", "fuzz_trace")
AFL = pathlib.Path("/usr/lib/afl")
# As OSS-Fuzz sets them for its engine libfuzzer and its sanitizer address.
OSS_FUZZ = {
    "CC": "clang-19",
    "CXX": "clang++-19",
    "CFLAGS": "-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION "
              "-fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link",
    "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer",
}
# Debian's afl-clang-fast is of an older clang than this code needs. Clang's own instrumentation is one that AFL++'s
# runtime takes.
AFL_PLUS_PLUS = {
    "CC": "clang-19",
    "CXX": "clang++-19",
    "CFLAGS": "-O1 -fsanitize-coverage=trace-pc-guard",
    "LIB_FUZZING_ENGINE": f"{AFL}/afl-compiler-rt.o {AFL}/libAFLDriver.a",
}


def build(name, environment, script="oss-fuzz"):
    """The directory that it was built into, and its CPU seconds."""
    place = SCRATCH / name
    for folder in ("src", "work", "out"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    settings = dict(os.environ, **environment, CXXFLAGS=environment["CFLAGS"], SRC=str(place / "src"),
                    WORK=str(place / "work"), OUT=str(place / "out"), VMADIFF_SOURCE=str(ROOT))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([INTEGRATIONS / script / "build.sh"], env=settings, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise AssertionError(done.stdout[-4000:] + done.stderr[-4000:])
    return place / "out", after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class OssFuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out, seconds = build("oss-fuzz", OSS_FUZZ)
        print(f"built as OSS-Fuzz does in {seconds:.0f} s of CPU", file=sys.stderr)

    def test_what_stands_beside_each_target(self):
        for fuzzer in FUZZERS:
            with self.subTest(fuzzer), zipfile.ZipFile(self.out / f"{fuzzer}_seed_corpus.zip") as seeds:
                self.assertTrue(os.access(self.out / fuzzer, os.X_OK))
                self.assertGreater(len(seeds.namelist()), 200)
                options = (self.out / f"{fuzzer}.options").read_text().splitlines()
                self.assertEqual(options[:2], ["[libfuzzer]", "max_len = 600"])
                named = [line.split(" = ")[1] for line in options if line.startswith("dict = ")]
                self.assertEqual(named, [] if fuzzer == "fuzz_maple_tree" else [f"{fuzzer}.dict"])
                for name in named:
                    self.assertTrue((self.out / name).exists())

    def test_each_target_runs_over_its_seeds_and_beyond(self):
        for fuzzer in FUZZERS:
            with self.subTest(fuzzer), tempfile.TemporaryDirectory() as place:
                with zipfile.ZipFile(self.out / f"{fuzzer}_seed_corpus.zip") as seeds:
                    seeds.extractall(place)
                more = [f"-dict={self.out / fuzzer}.dict"] if (self.out / f"{fuzzer}.dict").exists() else []
                done = subprocess.run([self.out / fuzzer, "-runs=1000", "-seed=1", "-max_len=600", *more, place],
                                      capture_output=True, text=True, cwd=place)
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
                self.assertIn("Done 1000 runs", done.stderr)
                # Without the flags that it was to be built with it would see no coverage.
                self.assertNotIn("no interesting inputs were found", done.stderr)
                self.assertIn("cov: ", done.stderr)

    def test_the_flags_are_those_that_were_given(self):
        words = subprocess.run(["llvm-nm-19", "-C", self.out / "fuzz_trace"], capture_output=True, text=True).stdout
        self.assertIn("__asan_init", words)
        self.assertIn("LLVMFuzzerRunDriver", words)

    def test_clusterfuzzlite_builds_the_same(self):
        out, _ = build("oss-fuzz", OSS_FUZZ, "clusterfuzzlite")
        self.assertTrue(all((out / fuzzer).exists() for fuzzer in FUZZERS))

    def test_a_build_that_is_not_told_where_is_refused(self):
        for script in ("oss-fuzz", "clusterfuzzlite"):
            done = subprocess.run([INTEGRATIONS / script / "build.sh"], env={"PATH": os.environ["PATH"], "VMADIFF_SOURCE": str(ROOT)},
                                  capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("CC", done.stderr)


@unittest.skipUnless(shutil.which("afl-fuzz") and (AFL / "libAFLDriver.a").exists(), "Debian's afl++ is not installed")
class AflPlusPlus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out, seconds = build("afl", AFL_PLUS_PLUS)
        print(f"built for AFL++ in {seconds:.0f} s of CPU", file=sys.stderr)

    def test_each_target_is_fuzzed(self):
        settings = dict(os.environ, AFL_NO_UI="1", AFL_NO_AFFINITY="1", AFL_SKIP_CPUFREQ="1", AFL_SKIP_CRASHES="1",
                        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_FAST_CAL="1", AFL_HANG_TMOUT="10000")
        for fuzzer in FUZZERS:
            with self.subTest(fuzzer), tempfile.TemporaryDirectory() as place:
                inputs = pathlib.Path(place) / "in"
                with zipfile.ZipFile(self.out / f"{fuzzer}_seed_corpus.zip") as seeds:
                    for name in sorted(seeds.namelist())[:4]:
                        seeds.extract(name, inputs)
                done = subprocess.run(["afl-fuzz", "-E", "1500", "-s", "1", "-m", "none", "-t", "10000", "-i", inputs,
                                       "-o", f"{place}/out", "--", self.out / fuzzer],
                                      env=settings, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-1000:])
                lines = (pathlib.Path(place) / "out" / "default" / "fuzzer_stats").read_text().splitlines()
                stats = {key.strip(): value.strip() for key, value in (line.split(":", 1) for line in lines)}
                self.assertGreaterEqual(int(stats["execs_done"]), 1500)
                self.assertEqual(int(stats["saved_crashes"]), 0)
                # It sees which code an input reaches: what it has made is kept for that.
                self.assertGreater(int(stats["edges_found"]), 500)
                self.assertGreater(int(stats["corpus_found"]), 0)


if __name__ == "__main__":
    unittest.main()
