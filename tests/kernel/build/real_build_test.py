#!/usr/bin/python3
# tests of kernel/build: a real kernel, of the source that was fetched, built, booted and held against the model:
# real_build_test.py VMADIFF SCRATCH. From nothing it takes a quarter of an hour of two processors, so it has a label of its
# own; what it has built stays in SCRATCH, and a second time takes a minute. It needs `vmadiff kernels fetch linux-7.3`, QEMU,
# and what scripts/setup installs for building kernels.
import os
import pathlib
import subprocess
import sys

SKIPPED = 77
SOURCE = "linux-7.3"

vmadiff, scratch = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
cache = os.environ.get("XDG_CACHE_HOME", "")
cache = pathlib.Path(cache) if cache.startswith("/") else pathlib.Path.home() / ".cache"
tree = cache / "vmadiff" / "sources" / SOURCE
scratch.mkdir(parents=True, exist_ok=True)


def run(*words):
    done = subprocess.run([vmadiff, *words], env={**os.environ, "XDG_CACHE_HOME": str(scratch)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=scratch)
    print(done.stdout)
    return done


if not (tree / "drivers/virtio/virtio.c").exists():
    print(f"skipped: {tree} is not there, or not whole: vmadiff kernels fetch {SOURCE}")
    sys.exit(SKIPPED)
before = {path: path.lstat().st_mtime_ns for path in tree.rglob("*")}
built = run("kernels", "build", str(tree))
if "not installed" in built.stdout:
    sys.exit(SKIPPED)
assert built.returncode == 0, "it is built"
assert "without CONFIG" not in built.stdout, "the release has all that is wished"
assert {path: path.lstat().st_mtime_ns for path in tree.rglob("*")} == before, "the tree stays as it was"
checked = run("check", "--systems", "model,guest", "--kernel", f"built-{SOURCE}", "--profile", SOURCE, "--ops", "20000", "--seed", "1",
              "--properties", "equivalence,SystemSurvives")
if checked.returncode == 3:
    sys.exit(SKIPPED)
assert checked.returncode == 0, "it does as the model"
assert "does not give" not in checked.stdout, "it gives every call"
