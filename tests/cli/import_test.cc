// tests of cli: import and record, and what replay says of traces that state little, end to end.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

std::string log_file(const std::string& name) {
  return (fs::path{VMADIFF_SOURCE_DIR} / "tests/intake/logs" / name).string();
}

TEST(Import, StracesOutputBecomesATraceThatHolds) {
  const Scratch scratch;
  const auto trace = (scratch.path() / "out.trace").string();
  const auto imported = run_vmadiff({"import", "strace", log_file("follow.strace"), "-o", trace});
  EXPECT_EQ(imported.status, 0) << imported.err;
  EXPECT_EQ(imported.out, "");
  EXPECT_TRUE(contains(imported.err, log_file("follow.strace") +
                                         ":14: not kept: calls on memory that no "
                                         "call of the log made"))
      << imported.err;
  EXPECT_TRUE(contains(content(trace), "# not kept: calls on memory"));
  const auto replayed = run_vmadiff({"replay", trace});
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
  EXPECT_TRUE(contains(replayed.out, "1 ok, 0 failed")) << replayed.out;
}

TEST(Import, WithoutAFileTheTraceIsPrinted) {
  const auto imported = run_vmadiff({"import", "strace", log_file("plain.strace")});
  EXPECT_EQ(imported.status, 0) << imported.err;
  EXPECT_TRUE(contains(imported.out, "\nbrk(NULL) = 0x20020000\n")) << imported.out;
}

TEST(Import, BadInputIsOneMessageAndStatusTwo) {
  const Scratch scratch;
  const auto file =
      scratch.file("bad.strace", "brk(NULL) = 0x555500000000\nmunmap(0x7f00, ) = 0\n");
  const auto imported = run_vmadiff({"import", "strace", file});
  EXPECT_EQ(imported.status, 2);
  EXPECT_EQ(imported.out, "");
  EXPECT_EQ(imported.err, "vmadiff: " + file + ":2: munmap: the length is '': expected a number\n");
  EXPECT_EQ(run_vmadiff({"import", "strace", (scratch.path() / "none").string()}).status, 2);
  EXPECT_EQ(run_vmadiff({"import"}).status, 2);
}

TEST(Import, ASyzkallerProgramRuns) {
  const Scratch scratch;
  const auto file = scratch.file(
      "a.syz",
      "mmap(&(0x7f0000000000/0x3000)=nil, 0x3000, 0x3, 0x32, 0xffffffffffffffff, 0x0)\n"
      "mprotect(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x1)\n");
  const auto trace = (scratch.path() / "out.trace").string();
  EXPECT_EQ(run_vmadiff({"import", "syz", file, "-o", trace}).status, 0);
  const auto layout = run_vmadiff({"layout", trace});
  EXPECT_EQ(layout.status, 0) << layout.err;
  EXPECT_TRUE(contains(layout.out, "7f0000001000-7f0000002000 r--p")) << layout.out;
}

TEST(Import, AFuzzersInputIsATrace) {
  const Scratch scratch;
  const auto file =
      scratch.file("crash-1", std::string_view{"\x03\x10\x20\x30\x41\x52\x63\x00\x01", 9});
  const auto trace = (scratch.path() / "out.trace").string();
  EXPECT_EQ(run_vmadiff({"import", "crash", file, "-o", trace}).status, 0);
  EXPECT_TRUE(content(trace).starts_with("# profile: ")) << content(trace);
  EXPECT_LE(run_vmadiff({"replay", trace, "--systems", "model,impl"}).status, 1);
}

TEST(Replay, SaysHowManyCallsAreOfNobody) {
  const Scratch scratch;
  const auto file = scratch.file("nobody.trace",
                                 "[pid 14513] munmap(0x100000000000, 0x1000)\n"
                                 "[pid 14513] munmap(0x100000001000, 0x1000)\n"
                                 "munmap(0x100000000000, 0)\n");
  const auto result = run_vmadiff({"replay", file, "--systems", "model,impl"});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_TRUE(contains(result.out,
                       "; 2 of 3 calls are of processes that do not exist, 1 calls fail of which "
                       "the trace states no result)"))
      << result.out;
}

TEST(Replay, SaysHowManyResultsAreOthers) {
  const Scratch scratch;
  const auto file = scratch.file("others.trace",
                                 "munmap(0x100000000000, 0x1000) = -1 EINVAL\n"
                                 "munmap(0x100000001000, 0x1000) = -1 EINVAL\n"
                                 "munmap(0x100000001000, 0x1000) = 0\n");
  const auto result = run_vmadiff({"replay", file, "--systems", "model,impl"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.out, "; 2 of 3 results are others)")) << result.out;
}

TEST(Replay, SaysNothingMoreOfATraceThatHolds) {
  const Scratch scratch;
  const auto file = scratch.file("holds.trace", "munmap(0x100000000000, 0x1000) = 0\n");
  const auto result =
      run_vmadiff({"replay", file, "--systems", "model,impl", "--profile", "linux-6.18"});
  EXPECT_TRUE(contains(result.out, "(linux-6.18; model, impl)\n")) << result.out;
}

class Record : public testing::Test {
 protected:
  void SetUp() override {
    const auto tried = run_command({"strace", "-o", "/dev/null", "/bin/true"});
    if (tried.status != 0) GTEST_SKIP() << "strace cannot run here";
  }
};

TEST_F(Record, EveryVmaOfAProgramIsAsPredicted) {
  const Scratch scratch;
  const auto trace = (scratch.path() / "out.trace").string();
  const auto result =
      run_vmadiff({"record", "-o", trace, "--", "/bin/sh", "-c", "/bin/true; exit 3"});
  if (result.status == 3) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "/bin/sh: status 3; ")) << result.out;
  EXPECT_TRUE(contains(result.out, "VMAs exactly as predicted")) << result.out;
  // What execve mapped is in it, and what was written to.
  EXPECT_TRUE(contains(content(trace), "MAP_GROWSDOWN")) << content(trace);
  EXPECT_TRUE(contains(content(trace), "touch(")) << content(trace);
  const auto replayed = run_vmadiff({"replay", trace, "--systems", "model,impl"});
  EXPECT_EQ(replayed.status, 0) << replayed.out;
}

TEST_F(Record, WhatIsNotAsPredictedIsAFinding) {
  if (!host_runs()) GTEST_SKIP() << "no prctl(PR_SET_MEMORY_MERGE) here";
  // With KSM on, the pieces of a growing heap become one before 6.17, or do not: one of the two is
  // wrong.
  const auto run = [](const std::string& profile) {
    return run_vmadiff({"record", "--systems", "model", "--profile", profile, "--", "perl", "-e",
                        "syscall(157, 67, 1, 0, 0, 0); exec 'perl', '-e', '@a = (1 .. 200000)'"});
  };
  const auto before = run("linux-6.12");
  if (before.status == 3) GTEST_SKIP() << before.err;
  const auto after = run("linux-6.18");
  EXPECT_EQ(before.status + after.status, 1) << before.out << after.out;
  EXPECT_TRUE(contains(before.status == 1 ? before.out : after.out, ": model has ")) << before.out;
}

TEST_F(Record, WithoutStraceItSaysWhatToInstall) {
  const auto vmadiff = (fs::path{VMADIFF_BINARY_DIR} / "vmadiff").string();
  const auto result =
      run_command({"unshare", "-m", "sh", "-c",
                   "mount --bind /dev/null \"$(command -v strace)\" || exit 99; exec '" + vmadiff +
                       "' record -- /bin/true"});
  if (result.status == 1 || result.status == 99 || result.status == 127) {
    GTEST_SKIP() << "strace cannot be taken away here: " << result.err;
  }
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.err, "vmadiff: strace is not installed: apt-get install strace\n");
}

TEST_F(Record, AProgramThatIsKilledIsTold) {
  const auto result = run_vmadiff({"record", "--", "/bin/sh", "-c", "kill -9 $$"});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.err,
            "vmadiff: the program was killed before its memory could be looked at: nothing is "
            "compared\n");
}

TEST_F(Record, AProgramThatIsNotThereIsAnError) {
  const auto result = run_vmadiff({"record", "--", "/no/such/program"});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "vmadiff: strace could not run /no/such/program\n"))
      << result.err;
}

}  // namespace
}  // namespace vmadiff::tests
