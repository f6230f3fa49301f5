#!/usr/bin/python3
# tests of nightly: nights end to end, with budgets in calls, so that nothing depends on the clock:
# nightly_test.py VMADIFF.
import fcntl
import html
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reports"))
import junit  # noqa: E402
import ktap  # noqa: E402

VMADIFF = str(pathlib.Path(sys.argv.pop(1)).resolve())
SEEDS = ("anon-merge-both-same-anon-vma", "above-4g-is-not-known")
# Stages that run here, whatever the machine is.
STAGES = "corpus,known,traces,random,relations,faults,fuzz_trace,merge-fuzz_trace,distill"
# A fuzzer as libFuzzer makes them, as far as a night sees: it keeps an input, and crashes where its corpus says so.
FUZZER = """#!/bin/bash
for word in "$@"; do
  case $word in
    -artifact_prefix=*) prefix=${word#*=} ;;
    -merge=1) merge=1 ;;
    -minimize_crash=1) minimize=1 ;;
    -exact_artifact_path=*) exact=${word#*=} ;;
    -*) ;;
    *) paths+=("$word") ;;
  esac
done
if [ "$minimize" ]; then echo -n c >"$exact"; exit 0; fi
if [ "$merge" ]; then cp "${paths[1]}"/one "${paths[0]}"/; exit 0; fi
if [ -f "${paths[0]}" ]; then
  printf 'fuzz_trace: a finding\\n\\nan error on line %s, behind one on line 7\\n' $RANDOM >&2
  exit 77
fi
echo 1 >"${paths[0]}/one"; echo 2 >"${paths[0]}/two"
if [ -e "$CRASH" ]; then echo -n crashing >"${prefix}crash-1"; echo -n crashing2 >"${prefix}crash-2"; exit 77; fi
"""
# The suites, as far as a night sees: GoogleTest's answer in JSON.
SUITES = """#!/bin/bash
for word in "$@"; do case $word in --gtest_output=json:*) answer=${word#*json:} ;; esac; done
cat >"$answer" <<END
{"testsuites": [{"name": "Claims", "testsuite": [{"name": "Hold"}, {"name": "Break",
 "failures": [{"failure": "the claims hold under linux-6.18\\nFalsifiable after 3 tests\\n%s"}]}]}]}
END
exit 1
"""


class Nights(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        (self.place / "corpus" / "seeds").mkdir(parents=True)
        for name in SEEDS:
            shutil.copy(ROOT / "corpus" / "seeds" / f"{name}.trace", self.place / "corpus" / "seeds")
        self.program("fuzzers/fuzz_trace", FUZZER)
        self.environment = dict(os.environ, CRASH=str(self.place / "crash"), XDG_CACHE_HOME=str(self.place / "cache"))

    def program(self, name, text):
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def words(self, *more, state="state", only=STAGES):
        return [VMADIFF, "nightly", "--ops", "3000", "--seed", "5", "--state", state, "--corpus", "corpus",
                "--fuzzers", "fuzzers", "--only", only, *more]

    def night(self, *more, status, before=(), **kind):
        done = subprocess.run([*before, *self.words(*more, **kind)], cwd=self.place, env=self.environment,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def last(self, state="state"):
        """The report of the last night, which all four files are of."""
        nights = sorted((self.place / state / "nights").iterdir(), key=lambda night: int(night.name.rsplit("-", 1)[1]))
        report = json.loads((nights[-1] / "report.json").read_text())
        tests = ktap.read((nights[-1] / "report.ktap").read_text())
        self.assertEqual([test.name for test in tests], [stage["name"] for stage in report["stages"]])
        bad = [one.name for test in tests for one in test.subtests if not one.ok]
        self.assertLessEqual({one["key"].replace("#", "_") for one in report["new"]}, set(bad))
        suites = junit.read((nights[-1] / "report.xml").read_text())
        failures = [name for suite in suites.values() for name, case in suite.items() if case[0] == "failure"]
        self.assertEqual(sorted(failures), sorted(one["key"] for one in report["new"]))
        for one in report["new"]:
            for suffix in one["files"]:
                self.assertTrue((nights[-1] / "findings" / (one["name"] + suffix)).exists(), suffix)
        self.assertIn(report["night"], (nights[-1] / "report.txt").read_text())
        page = (nights[-1] / "index.html").read_text()
        self.assertIn(f"<h1>night of {report['night']}: ", page)
        for word in [stage["name"] for stage in report["stages"]] + [one["claims"][0] for one in report["new"]]:
            self.assertIn(html.escape(word, quote=False), page)
        return report

    @staticmethod
    def timeless(report):
        """Without what depends on the clock, or on how often it was killed: one that dies when it has replaced a
        corpus, and before it says so, finds the new one there."""
        out = {key: value for key, value in report.items() if key not in ("begun", "spent_seconds", "starts")}
        out["stages"] = [{key: value for key, value in stage.items() if key not in ("seconds", "attempts")}
                         for stage in report["stages"]]
        for stage in out["stages"]:
            stage["numbers"] = {key: value for key, value in stage["numbers"].items() if not key.endswith("_before")}
        return out

    def kept(self, state):
        """What is kept from night to night: name -> content."""
        root = self.place / state
        return {str(path.relative_to(root)): path.read_bytes() for folder in ("corpus", "findings", "sights")
                for path in sorted((root / folder).rglob("*")) if path.is_file()}

    # --- what it does --------------------------------------------------------------------------

    def test_a_night_without_a_finding(self):
        self.night(status=0)
        report = self.last()
        states = {stage["name"]: stage["state"] for stage in report["stages"]}
        self.assertEqual(states, {name: "done" for name in STAGES.split(",")} | {"known": "skipped", "traces": "skipped"})
        self.assertTrue(report["done"])
        self.assertGreater(len(list((self.place / "state" / "corpus" / "traces").iterdir())), 5)
        self.assertEqual([path.name for path in (self.place / "state" / "corpus" / "fuzz_trace").iterdir()], ["one"])
        # The next one replays what this one kept.
        self.night(status=0)
        states = {stage["name"]: stage["state"] for stage in self.last()["stages"]}
        self.assertEqual(states["traces"], "done")

    def test_the_same_seed_gives_the_same_night(self):
        self.night(status=0, state="one")
        self.night(status=0, state="two")
        self.assertEqual(self.timeless(self.last("one")), self.timeless(self.last("two")))
        self.assertEqual(self.kept("one"), self.kept("two"))

    def test_what_is_printed(self):
        self.assertEqual(self.night("--json", status=0, only="corpus").stdout,
                         json.dumps(self.last(), separators=(",", ":")) + "\n")
        ktap.read(self.night("--ktap", "--junit", "j.xml", status=0, only="corpus").stdout)
        self.assertIn("corpus", junit.read((self.place / "j.xml").read_text()))

    def test_its_report_is_as_the_schema_says(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("Debian's python3-jsonschema is not installed")
        (self.place / "crash").touch()
        self.night(status=1)
        schema = json.loads((ROOT / "docs" / "output.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(self.last())

    # --- findings ------------------------------------------------------------------------------

    def test_what_a_fuzzer_finds_is_new_once_and_known_then(self):
        (self.place / "crash").touch()
        self.night(status=1)
        new = self.last()["new"]
        self.assertEqual([one["key"] for one in new], ["fuzz_trace: an error on line N, behind one on line N"])
        self.assertEqual((self.place / "state" / "findings" / f"{new[0]['name']}.input").read_text(), "c")
        self.night(status=0)
        report = self.last()
        self.assertEqual((report["new"], [one["key"] for one in report["seen"]]), ([], [new[0]["key"]]))

    def test_its_page_has_pictures_of_findings_and_remembers(self):
        bad = self.place / "corpus" / "seeds" / "bad.trace"
        bad.write_text("# profile: patch-v2\nprctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0\n"
                       "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, pfnmap:0, 0)"
                       " = 0x100000000000\n")
        # What a profile breaks by its nature is known from the beginning.
        self.night(status=0, only="corpus,random")
        (known,) = self.last()["seen"]
        first = (self.place / "state" / "nights" / known["first_night"] / "index.html").read_text()
        self.assertIn("0 new findings, 1 known", first)
        self.assertIn("OnlyEligibleVmasAreMergeable", first)
        self.assertIn("<svg", first)
        self.assertRegex(first, r"behaviours met: <b>\d+</b> of \d+")
        self.night(status=0, only="corpus,random")
        second = (self.place / "state" / "nights" / self.last()["night"] / "index.html").read_text()
        self.assertIn("0 new findings, 1 known", second)
        self.assertIn("Over 2 nights", second)
        # With the same seed nothing is met that was not met before.
        self.assertNotIn("new behaviours:", second)
        self.assertIn("new behaviours:", first)

    def test_a_trace_of_the_corpus_that_does_not_hold(self):
        bad = self.place / "corpus" / "seeds" / "bad.trace"
        bad.write_text("munmap(0x100000000000, 0x1000) = -1 ENOMEM (Cannot allocate memory)\n")
        self.night(status=1, only="corpus,known")
        self.assertEqual([one["key"].split(" under ")[0] for one in self.last()["new"]], [f"replay: {bad}"])
        self.night(status=0, only="corpus,known")
        self.assertEqual(len(self.last()["seen"]), 1)
        good = bad.read_text()
        bad.write_text("munmap(0x100000000000, 0x1000) = 0\n")
        self.night(status=0, only="corpus,known")
        self.assertEqual(len(self.last()["gone"]), 1)
        self.night(status=0, only="corpus,known")
        self.assertEqual(self.last()["gone"], [], "that is said once")
        bad.write_text(good)
        self.night(status=1, only="corpus,known")
        self.assertEqual([one["again"] for one in self.last()["new"]], [True])

    def test_what_the_suites_find(self):
        suites = self.program("suites", SUITES % "munmap(0x100000000000, 0x1000)\\n")
        self.night("--suites", str(suites), status=1, only="suites")
        self.assertEqual([one["key"] for one in self.last()["new"]], ["suites: Claims.Break"])
        self.night("--suites", str(suites), status=0, only="suites")

    def test_a_stage_that_fails_is_told_and_is_no_finding(self):
        self.program("suites", "#!/bin/sh\necho no >&2; exit 9\n")
        self.night("--suites", "suites", status=3, only="suites,corpus")
        report = self.last()
        states = {stage["name"]: stage["state"] for stage in report["stages"]}
        self.assertEqual((states, report["new"]), ({"corpus": "done", "suites": "broken"}, []))

    def test_what_cannot_run_here_is_skipped_with_the_reason(self):
        shutil.rmtree(self.place / "fuzzers")
        (self.place / "fuzzers").mkdir()
        self.night(status=0, only="fuzz_trace,guest")
        notes = {stage["name"]: (stage["state"], stage["note"]) for stage in self.last()["stages"]}
        self.assertEqual(notes["fuzz_trace"][0], "skipped")
        self.assertIn("--fuzzers", notes["fuzz_trace"][1])
        self.assertIn("kernels fetch", notes["guest"][1])

    # --- killed --------------------------------------------------------------------------------

    def journal(self, state):
        found = sorted((self.place / state / "nights").glob("*/night.json"))
        return json.loads(found[-1].read_text()) if found else {"stages": []}

    def kill_in(self, stage, state):
        """Begins or goes on, and kills it as soon as its journal says that it is at that stage."""
        child = subprocess.Popen(self.words(state=state), cwd=self.place, env=self.environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None:
            states = {one["name"]: one["state"] for one in self.journal(state)["stages"]}
            if states.get(stage) not in (None, "waiting"):
                break
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait()

    def test_killed_in_each_of_its_stages_it_comes_to_the_same_end(self):
        (self.place / "crash").touch()
        self.night(status=1, state="whole")
        for stage in STAGES.split(","):
            self.kill_in(stage, "killed")
        self.night(status=1, state="killed")
        report = self.last("killed")
        self.assertGreater(report["starts"], 3)
        self.assertEqual(self.timeless(report), self.timeless(self.last("whole")))
        self.assertEqual(self.kept("killed"), self.kept("whole"))
        self.assertEqual(len(list((self.place / "killed" / "nights").iterdir())), 1)

    def test_killed_at_each_of_its_writes_it_comes_to_the_same_end(self):
        """strace kills the night itself, not its children, when it renames something for the Nth time."""
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        (self.place / "crash").touch()
        only = "corpus,random,fuzz_trace,merge-fuzz_trace"
        self.night(status=1, state="whole", only=only)
        whole, kept = self.timeless(self.last("whole")), self.kept("whole")
        killed = 0
        for call, numbers in (("rename", range(1, 1000, 2)), ("renameat2", (1,))):
            for number in numbers:
                state = f"killed-{call}-{number}"
                injected = ["strace", "-o", "log", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
                done = subprocess.run([*injected, *self.words(state=state, only=only)], cwd=self.place,
                                      env=self.environment, capture_output=True, text=True)
                if done.returncode == 1:
                    break  # there are no so many
                if not killed and "ptrace" in done.stderr:
                    self.skipTest(f"strace cannot trace here: {done.stderr[-200:]}")
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stdout + done.stderr)
                killed += 1
                # Where it was killed between its last report and its journal, the second start says the same again; and
                # where its last write still took place, that night is over, and the next knows the finding.
                journals = list((self.place / state / "nights").glob("*/night.json"))
                is_over = any(json.loads(journal.read_text())["done"] for journal in journals)
                if not is_over:
                    self.night(status=1, state=state, only=only)
                with self.subTest(state):
                    self.assertEqual(self.timeless(self.last(state)), whole)
                    self.assertEqual(self.kept(state), kept)
        self.assertGreater(killed, 8)

    def test_interrupted_it_ends_and_goes_on(self):
        self.program("fuzzers/fuzz_trace", '#!/bin/sh\ntouch "$CRASH.began"; sleep 1000\n')
        child = subprocess.Popen(self.words(only="corpus,fuzz_trace"), cwd=self.place, env=self.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while not (self.place / "crash.began").exists() and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGTERM)
        said = child.communicate()[0]
        self.assertEqual(child.returncode, 0, said)
        self.assertIn("not at its end yet", said)
        self.program("fuzzers/fuzz_trace", FUZZER)
        self.night(status=0, only="corpus,fuzz_trace")
        report = self.last()
        self.assertEqual((report["starts"], report["done"]), (2, True))

    # --- the state -----------------------------------------------------------------------------

    def test_the_oldest_nights_go(self):
        for _ in range(4):
            self.night("--nights", "2", status=0, only="corpus")
        names = [night.name.rsplit("-", 1)[1] for night in (self.place / "state" / "nights").iterdir()]
        self.assertEqual(sorted(names), ["3", "4"])

    def test_a_state_that_takes_too_much_loses_its_oldest_nights(self):
        self.night("--size", "16M", status=0, only="corpus")
        (first,) = (self.place / "state" / "nights").iterdir()
        (first / "large").write_bytes(b"x" * (17 << 20))
        self.night("--size", "16M", status=0, only="corpus")
        self.assertFalse(first.exists())

    def test_two_at_once_are_refused(self):
        self.night(status=0, only="corpus")
        with open(self.place / "state" / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.night(status=3, only="corpus")
        self.assertIn("another vmadiff nightly is at work", done.stderr)

    def test_what_cannot_be_read_is_said(self):
        self.night(status=0, only="corpus")
        (night,) = (self.place / "state" / "nights").iterdir()
        for file, text, words in ((night / "night.json", "{", "expected JSON"), (night / "night.json", "{}", "expected the journal"),
                                  (self.place / "state" / "known.json", "[1]", "expected the list of known findings")):
            with self.subTest(words):
                before = file.read_text() if file.exists() else None
                file.write_text(text)
                self.assertIn(words, self.night(status=3, only="corpus").stderr)
                file.unlink() if before is None else file.write_text(before)

    def test_what_is_wrong_with_the_command_is_said(self):
        for words, what in ((["--only", "everything"], "--only everything"), (["--size", "3"], "--size 3"),
                            (["--suites", "nowhere"], "--suites nowhere")):
            done = subprocess.run([VMADIFF, "nightly", "--ops", "1", "--state", "s", *words], cwd=self.place,
                                  env=self.environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(what, done.stderr)
        self.assertFalse((self.place / "s").exists())


class Sights(unittest.TestCase):
    """What a campaign that was killed had seen, the next one takes up first."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        (self.place / "sights").mkdir()

    def check(self, trace, status):
        """A campaign of one sequence, which finds nothing of its own."""
        (self.place / "sights" / "left.trace").write_text(trace)
        done = subprocess.run([VMADIFF, "check", "--systems", "model,impl", "--profile", "patch-v2", "--sequences", "1",
                               "--seed", "1", "--sights", "sights", "--out", "found", "--json"],
                              cwd=self.place, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_it_is_settled_and_then_gone(self):
        lines = self.check("munmap(0x100000800000, 0x1000)\nprctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
                           "mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, pfnmap:0, 0)\n", 1)
        (found,) = [line for line in lines if line["type"] == "finding"]
        self.assertEqual(found["claim"], "OnlyEligibleVmasAreMergeable")
        self.assertEqual(len(found["sequence"]), 2, "it is made small")
        self.assertTrue((self.place / found["trace"]).exists())
        self.assertEqual(list((self.place / "sights").iterdir()), [])

    def test_what_shows_nothing_is_said(self):
        lines = self.check("munmap(0x100000800000, 0x1000)\n", 0)
        self.assertEqual(lines[-1]["shows_nothing"], ["left.trace"])
        self.assertEqual(list((self.place / "sights").iterdir()), [])

    def test_what_cannot_be_read_is_refused_and_stays(self):
        self.check("munmap(\n", 2)
        self.assertEqual([path.name for path in (self.place / "sights").iterdir()], ["left.trace"])

    def test_what_is_seen_waits_there_until_it_is_settled(self):
        """Where nothing can be written that would settle it: its name is taken by a directory."""
        lines = self.check("munmap(0x100000800000, 0x1000)\n", 0)
        self.assertEqual(lines[-1]["type"], "summary")
        traced = subprocess.run(["strace", "-f", "-o", "log", "-e", "trace=rename", VMADIFF, "check", "--systems", "model,impl",
                                 "--profile", "patch-v2", "--ops", "1000", "--seed", "1", "--sights", "sights", "--out", "found"],
                                cwd=self.place, capture_output=True, text=True) if shutil.which("strace") else None
        if traced is None or traced.returncode != 1:
            self.skipTest("strace cannot trace here")
        renamed = [line.split('"')[3] for line in (self.place / "log").read_text().splitlines() if 'rename("' in line]
        sights = [index for index, path in enumerate(renamed) if path.startswith("sights/")]
        found = [index for index, path in enumerate(renamed) if path.startswith("found/")]
        self.assertLess(sights[0], found[0], "it is kept before it is settled")
        self.assertEqual(list((self.place / "sights").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
