#!/usr/bin/python3
# tests of nightly: the files for systemd, cron and CI servers, checked as far as it can be done without these:
# integrations_test.py VMADIFF.
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

VMADIFF = str(pathlib.Path(sys.argv.pop(1)).resolve())
FILES = pathlib.Path(__file__).resolve().parents[2] / "integrations" / "nightly"
# A field of cron: *, a number, a range, a list of these, each with a step.
FIELD = r"(?:\*|\d+(?:-\d+)?)(?:/\d+)?(?:,(?:\*|\d+(?:-\d+)?)(?:/\d+)?)*"
CRON = re.compile(rf"({FIELD}) ({FIELD}) ({FIELD}) ({FIELD}) ({FIELD})")
MOST = (59, 23, 31, 12, 7)


def is_cron_time(text):
    match = CRON.fullmatch(text)
    return bool(match) and all(int(number) <= most for field, most in zip(match.groups(), MOST)
                               for number in re.findall(r"\d+", re.sub(r"/\d+", "", field)))


class Integrations(unittest.TestCase):
    def check_command(self, text):
        """Every vmadiff nightly in it has options that there are, and a shell can read it."""
        self.assertEqual(subprocess.run(["bash", "-n"], input=text, text=True).returncode, 0, text)
        known = subprocess.run([VMADIFF, "nightly", "--help"], capture_output=True, text=True).stdout
        joined = text.replace("\\\n", " ")
        found = re.findall(r"vmadiff nightly ([^\n|)]*)", joined)
        for words in found:
            for word in shlex.split(words.replace('"$(nproc', "2 ").replace("2>&1", "")):
                if word.startswith("--"):
                    self.assertRegex(known, rf"(?m)^\s+{word}\b", words)
        return len(found)

    def test_systemd(self):
        tool = shutil.which("systemd-analyze")
        if not tool:
            self.skipTest("systemd-analyze is not installed")
        with tempfile.TemporaryDirectory() as place:
            for kind in ("service", "timer"):
                text = (FILES / f"vmadiff-nightly.{kind}").read_text()
                # What it starts has to be there.
                (pathlib.Path(place) / f"vmadiff-nightly.{kind}").write_text(text.replace("/usr/bin/vmadiff", VMADIFF))
            units = sorted(map(str, pathlib.Path(place).iterdir()))
            done = subprocess.run([tool, "verify", "--man=no", *units], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            bad = pathlib.Path(place) / "vmadiff-nightly.timer"
            bad.write_text(bad.read_text().replace("*-*-* 01:17:00", "at night"))
            done = subprocess.run([tool, "verify", "--man=no", str(bad)], capture_output=True, text=True)
            self.assertIn("calendar specification", done.stderr)
        text = (FILES / "vmadiff-nightly.service").read_text()
        self.assertEqual(self.check_command(re.search(r"(?m)^ExecStart=(.*)$", text)[1]), 1)

    def test_cron(self):
        lines = [line for line in (FILES / "vmadiff-nightly.cron").read_text().splitlines() if line and line[0] != "#"]
        jobs = [line for line in lines if not re.fullmatch(r"[A-Z]+=\S*", line)]
        self.assertEqual(len(jobs), 1)
        fields = jobs[0].split(" ", 6)
        self.assertTrue(is_cron_time(" ".join(fields[:5])), jobs[0])
        self.assertEqual(fields[5], "root")
        self.assertNotIn("%", fields[6], "cron takes it for the end of the line")
        self.assertEqual(self.check_command(fields[6]), 1)
        for bad in ("60 1 * * *", "17 1 * *", "17 25 * * *", "a b * * *"):
            self.assertFalse(is_cron_time(bad), bad)

    @staticmethod
    def yaml(name):
        try:
            import yaml
        except ImportError:
            raise unittest.SkipTest("Debian's python3-yaml is not installed")
        return yaml.safe_load((FILES / name).read_text())

    def test_github_actions(self):
        flow = self.yaml("github-actions.yml")
        # YAML 1.1 reads the key `on` as a boolean.
        times = [one["cron"] for one in flow[True]["schedule"]]
        self.assertTrue(times and all(map(is_cron_time, times)))
        job = flow["jobs"]["night"]
        self.assertLessEqual({"runs-on", "steps"}, set(job))
        commands = 0
        for step in job["steps"]:
            self.assertEqual(len({"run", "uses"} & set(step)), 1, step)
            if "uses" in step:
                self.assertRegex(step["uses"], r"^actions/[a-z-]+@v\d+$")
            else:
                commands += self.check_command(step["run"])
        self.assertEqual(commands, 1)

    def test_gitlab_ci(self):
        job = self.yaml("gitlab-ci.yml")["vmadiff-nightly"]
        self.assertEqual(sum(self.check_command(line) for line in job["script"]), 1)
        self.assertEqual(job["artifacts"]["reports"]["junit"], "night.xml")
        self.assertIn("nightly-state", job["cache"]["paths"])

    def test_scripts_that_they_name_are_there(self):
        root = FILES.parents[1]
        for file in FILES.iterdir():
            for script in re.findall(r"\bscripts/[a-z-]+", file.read_text()):
                self.assertTrue((root / script).exists(), f"{file.name}: {script}")


if __name__ == "__main__":
    unittest.main()
