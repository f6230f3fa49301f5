// tests of intake: the order of calls that others interrupted, and of files.
#include "intake/strace_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmadiff::intake {
namespace {

/// "PID:NAME:LINE" of each event; an end is "PID:end:LINE".
std::vector<std::string> events(const std::vector<LogFile>& files, Losses* losses = nullptr) {
  Losses own;
  const auto log = read_strace_log(files, losses != nullptr ? *losses : own);
  if (!log) return {"error: " + log.error()};
  std::vector<std::string> out;
  for (const LogEvent& event : log->events) {
    out.push_back(fmt::format("{}:{}:{}", event.pid,
                              event.kind == LogEvent::Kind::kEnd ? "end" : event.call.name,
                              event.place.line));
  }
  return out;
}

using LogWords = std::vector<std::string>;

TEST(StraceLog, InterruptedCallsAreWholeAndCountWhereTheyEnd) {
  EXPECT_EQ(events({{"a.strace",
                     "7 mmap(NULL, 4096, PROT_READ, <unfinished ...>\n"
                     "8 brk(NULL) = 0x555500000000\n"
                     "8 munmap(0x7f0000000000, 4096 <unfinished ...>\n"
                     "7 <... mmap resumed>MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"
                     "8 <... munmap resumed>) = 0\n"}}),
            // What munmap frees, mmap can be given before munmap is seen to end.
            (LogWords{"8:brk:2", "8:munmap:5", "7:mmap:4"}));
}

TEST(StraceLog, AForkCountsBeforeItsChildsFirstLine) {
  EXPECT_EQ(events({{"a.strace",
                     "7 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
                     "8 brk(NULL) = 0x555500000000\n"
                     "7 brk(NULL) = 0x555500000000\n"
                     "7 <... clone resumed>) = 8\n"}}),
            (LogWords{"7:clone:4", "8:brk:2", "7:brk:3"}));
}

TEST(StraceLog, ATerminalsLinesNameNobodyWhileThereIsOneTask) {
  EXPECT_EQ(events({{"a.strace",
                     "brk(NULL) = 0x555500000000\n"
                     "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 8 attached\n"
                     " <unfinished ...>\n"
                     "[pid 8] munmap(0x7f0000000000, 4096) = 0\n"
                     "[pid 7] <... clone resumed>) = 8\n"
                     "[pid 7] munmap(0x7f0000001000, 4096) = 0\n"
                     "[pid 7] exit_group(0) = ?\n"
                     "[pid 7] +++ exited with 0 +++\n"
                     "munmap(0x7f0000002000, 4096) = 0\n"
                     "+++ exited with 0 +++\n"}}),
            (LogWords{"7:brk:1", "7:clone:5", "8:munmap:4", "7:munmap:6", "7:exit_group:7",
                      "7:end:8", "8:munmap:9", "8:end:10"}));
}

TEST(StraceLog, AThreadsExecveGoesOnUnderTheFirstThreadsNumber) {
  EXPECT_EQ(events({{"a.strace",
                     "8 execve(\"/bin/true\", [\"true\"], 0x7ffd /* 1 var */ <unfinished ...>\n"
                     "7 +++ superseded by execve in pid 8 +++\n"
                     "7 <... execve resumed>) = 0\n"}}),
            (LogWords{"7:execve:3"}));
}

TEST(StraceLog, FilesWithTimesAreInTheirOrder) {
  EXPECT_EQ(events({{"x.7",
                     "12:00:00.000001 clone(child_stack=NULL, flags=SIGCHLD) = 8\n"
                     "12:00:00.000009 brk(NULL) = 0x555500000000\n"},
                    {"x.8", "12:00:00.000005 munmap(0x7f0000000000, 4096) = 0\n"}}),
            (LogWords{"7:clone:1", "8:munmap:1", "7:brk:2"}));
}

TEST(StraceLog, FilesWithoutTimesAreReadWhereTheirTaskWasMade) {
  Losses losses;
  EXPECT_EQ(events({{"x.7", "vfork() = 8\nbrk(NULL) = 0x555500000000\n"},
                    {"x.8", "munmap(0x7f0000000000, 4096) = 0\n"}},
                   &losses),
            (LogWords{"7:vfork:1", "8:munmap:1", "7:brk:2"}));
  ASSERT_EQ(losses.list().size(), 1U);
  EXPECT_EQ(
      losses.list()[0].what,
      "the order between the files, which have no times (-tt): a task's is taken where it was "
      "made");
}

TEST(StraceLog, WhatIsNotStracesIsCountedOnce) {
  Losses losses;
  EXPECT_EQ(
      events({{"a.strace", "hello\nbrk(NULL) = 0x555500000000\nworld\nmunmap(0x7f0000"}}, &losses),
      (LogWords{"0:brk:2"}));
  ASSERT_EQ(losses.list().size(), 2U);
  EXPECT_EQ(losses.list()[0].what, "no line of strace's (the program's own output?): left out");
  EXPECT_EQ(losses.list()[0].first.line, 1U);
  EXPECT_EQ(losses.list()[0].count, 2U);
  EXPECT_EQ(losses.list()[1].what, "a last line that is cut off: left out");
}

TEST(StraceLog, BadInputIsOneMessageWithItsPlace) {
  EXPECT_EQ(
      events({{"a.strace", "brk(NULL) = 0x5555\nmunmap(0x7f0000000000, 4096) = x\n"}}),
      (LogWords{"error: a.strace:2: munmap: expected a number, '-1 ERRNO' or '?' behind '='"}));
  EXPECT_EQ(events({{"a.strace", "7 mmap(NULL <unfinished ...>\n7 <... brk resumed>) = 0\n"}}),
            (LogWords{"error: a.strace:2: 'brk' is resumed, but line 1 began 'mmap'"}));
  EXPECT_EQ(
      events({{"a.txt", "no strace\n"}}),
      (LogWords{
          "error: a.txt:1: no call as strace prints it in the whole file: expected lines like "
          "'munmap(0x7f2a44000000, 4096) = 0'"}));
  EXPECT_EQ(events({{"x.7", ""}, {"other", ""}}),
            (LogWords{"error: other: of several files each must be one task's, as -ff writes them: "
                      "expected a name that ends in '.PID'"}));
}

}  // namespace
}  // namespace vmadiff::intake
