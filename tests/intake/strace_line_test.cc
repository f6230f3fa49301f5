// tests of intake: one line of strace's, with the marks of each of its options.
#include "intake/strace_line.h"

#include <gtest/gtest.h>

namespace vmadiff::intake {
namespace {

using Kind = StraceLine::Kind;

TEST(StraceLine, MarksInFrontOfACallAreTakenOff) {
  struct Row {
    std::string_view line;
    Pid pid;
  };
  for (const Row& row : {
           Row{"munmap(0x7f0000000000, 4096) = 0", 0},
           Row{"[pid 14513] munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"[pid   513] munmap(0x7f0000000000, 4096) = 0", 513},
           Row{"[pid 14513<two words>] munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"14513 munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"14513<Web Content> munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"14513 12:34:56 munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"14513 12:34:56.000001 munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"14513 1700000000.000001 munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"     0.000123 munmap(0x7f0000000000, 4096) = 0", 0},
           Row{"14513      0.000123 munmap(0x7f0000000000, 4096) = 0", 14513},
           Row{"12:34:56 (+     0.000123) munmap(0x7f0000000000, 4096) = 0", 0},
           Row{"[pid 14513] 12:34:56 [  11] [00007f257083ead7] munmap(0x7f0000000000, 4096) = 0",
               14513},
           Row{"14513 [????????????????] munmap(0x7f0000000000, 4096) = 0", 14513},
       }) {
    const auto line = read_strace_line(row.line);
    EXPECT_EQ(line.kind, Kind::kCall) << row.line;
    EXPECT_EQ(line.pid, row.pid) << row.line;
    EXPECT_EQ(line.name, "munmap") << row.line;
    EXPECT_EQ(line.text, "munmap(0x7f0000000000, 4096) = 0") << row.line;
  }
}

TEST(StraceLine, OnlyTimesThatOrderFilesAreTaken) {
  EXPECT_EQ(read_strace_line("00:00:01.000002 brk(NULL) = 0").time, 1'000'002);
  EXPECT_EQ(read_strace_line("00:01:00 brk(NULL) = 0").time, 60'000'000);
  EXPECT_EQ(read_strace_line("1700000000.5 brk(NULL) = 0").time, 1'700'000'000'500'000);
  EXPECT_EQ(read_strace_line("     0.000123 brk(NULL) = 0").time, std::nullopt);
  EXPECT_EQ(read_strace_line("brk(NULL) = 0").time, std::nullopt);
}

TEST(StraceLine, InterruptedCalls) {
  const auto unfinished = read_strace_line("[pid 7] mmap(NULL, 4096, PROT_READ <unfinished ...>");
  EXPECT_EQ(unfinished.kind, Kind::kUnfinished);
  EXPECT_EQ(unfinished.text, "mmap(NULL, 4096, PROT_READ");
  const auto resumed =
      read_strace_line("[pid 7] <... mmap resumed>, MAP_SHARED, 3, 0) = 0x7f0000000000");
  EXPECT_EQ(resumed.kind, Kind::kResumed);
  EXPECT_EQ(resumed.name, "mmap");
  EXPECT_EQ(resumed.text, ", MAP_SHARED, 3, 0) = 0x7f0000000000");
}

TEST(StraceLine, WhatIsNoCall) {
  EXPECT_EQ(read_strace_line("--- SIGCHLD {si_signo=SIGCHLD} ---").kind, Kind::kNote);
  EXPECT_EQ(read_strace_line("7 +++ exited with 0 +++").kind, Kind::kExit);
  EXPECT_EQ(read_strace_line("[pid 7] +++ killed by SIGSEGV (core dumped) +++").kind, Kind::kExit);
  const auto superseded = read_strace_line("7 +++ superseded by execve in pid 9 +++");
  EXPECT_EQ(superseded.kind, Kind::kSuperseded);
  EXPECT_EQ(superseded.other, 9U);
  const auto attached = read_strace_line("strace: Process 12021 attached");
  EXPECT_EQ(attached.kind, Kind::kAttached);
  EXPECT_EQ(attached.other, 12021U);
  EXPECT_EQ(read_strace_line("[ Process PID=7 runs in 32 bit mode. ]").kind, Kind::kOtherBits);
  EXPECT_EQ(read_strace_line(" > /usr/lib/libc.so.6(mmap+0x17) [0x1ab70]").kind, Kind::kNote);
  EXPECT_EQ(read_strace_line("hello from the program").kind, Kind::kNone);
  EXPECT_EQ(read_strace_line("12 monkeys").kind, Kind::kNone);
  EXPECT_EQ(read_strace_line("").kind, Kind::kNote);
}

TEST(StraceLine, ItsOwnWordsInTheMiddleOfALine) {
  constexpr std::string_view kLine = "clone(flags=SIGCHLDstrace: Process 12021 attached";
  EXPECT_EQ(interruption_in(kLine), kLine.find("strace: "));
  EXPECT_EQ(interruption_in("strace: Process 12021 attached"), std::string_view::npos);
  EXPECT_EQ(interruption_in("brk(NULL) = 0"), std::string_view::npos);
}

}  // namespace
}  // namespace vmadiff::intake
