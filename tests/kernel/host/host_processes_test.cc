// tests of kernel: sequences of several processes. Each is a real one, with memory of its own.
#include "host_fixture.h"

namespace vmadiff::kernel {
namespace {

using HostProcesses = HostTest;

constexpr std::string_view kOnePage =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
constexpr std::string_view kOnePageLayout =
    "100000000000-100000001000 r--p 00000000 anon [rd mr mw me]\n";

TEST_F(HostProcesses, AForkHasMemoryOfItsOwn) {
  EXPECT_EQ(run(std::string{kOnePage} + "fork()\n"
                                        "[pid 1] munmap(0x100000000000, 0x1000)\n"
                                        "[pid 1] brk(0x20022000)\n"
                                        "[pid 1] touch(0x20020000, 0x1000, WRITE)\n"
                                        "brk(NULL)\n"),
            "0x100000000000\n1\n0\n0x20022000\n0\n0x20020000\n");
  EXPECT_EQ(layout(), kOnePageLayout);
  EXPECT_EQ(layout(1), "20020000-20022000 rw-p 00000000 anon [rd wr mr mw me ac]\n");
  EXPECT_EQ(snapshot(1).brk, 0x20022000U);
  EXPECT_EQ(snapshot(0).brk, setup_.start_brk);
}

TEST_F(HostProcesses, ForksOfForksAreNumberedInOrder) {
  EXPECT_EQ(run("fork()\n[pid 1] fork()\nfork()\n[pid 2] fork()\n"), "1\n2\n3\n4\n");
  EXPECT_EQ(snapshot(4).vmas, setup_.initial.vmas);
}

TEST_F(HostProcesses, WhatIsNotThereIsESRCH) {
  EXPECT_EQ(run("[pid 1] brk(NULL)\n"
                "fork()\n"
                "[pid 1] exit()\n"
                "[pid 1] munmap(0x100000000000, 0x1000)\n"
                "[pid 1] touch(0x100000000000, 0x1000, READ)\n"
                "[pid 1] fork()\n"
                "[pid 60000] exec()\n"
                "exit()\n"
                "fork()\n"),
            "-1 ESRCH\n1\n0\n-1 ESRCH\n-1 ESRCH\n-1 ESRCH\n-1 ESRCH\n-1 EPERM\n2\n");
  EXPECT_TRUE(snapshot(1).vmas.empty());
}

TEST_F(HostProcesses, ExecBeginsAgain) {
  EXPECT_EQ(run(std::string{kOnePage} +
                "brk(0x20022000)\nfork()\n[pid 1] exec()\nexec()\n[pid 1] brk(NULL)\n"
                "brk(NULL)\n"),
            "0x100000000000\n0x20022000\n1\n0\n0\n0x20020000\n0x20020000\n");
  EXPECT_EQ(snapshot(0).vmas, setup_.initial.vmas);
  EXPECT_EQ(snapshot(1).vmas, setup_.initial.vmas);
  EXPECT_EQ(snapshot(1).counters, setup_.initial.counters);
}

TEST_F(HostProcesses, TheNextSequenceHasNoneOfThem) {
  for (int i = 0; i < 20; ++i) {
    start();
    ASSERT_EQ(run("fork()\n[pid 1] fork()\n[pid 2] exec()\nexec()\n"), "1\n2\n0\n0\n");
  }
  start();
  EXPECT_EQ(run("[pid 1] brk(NULL)\n"), "-1 ESRCH\n");
  EXPECT_EQ(snapshot(0).vmas, setup_.initial.vmas);
}

TEST_F(HostProcesses, ThereIsAnEndToThem) {
  std::string trace;
  for (int i = 0; i < 64; ++i) trace += "fork()\n";
  const auto results = run(trace);
  EXPECT_TRUE(results.ends_with("\n0x3f\n-1 EAGAIN\n")) << results;
}

TEST_F(HostProcesses, StepByStepIsTheSame) {
  EXPECT_EQ(run("fork()\n"), "1\n");
  EXPECT_EQ(run(kOnePage), "0x100000000000\n");
  EXPECT_EQ(run("[pid 1] brk(0x20022000)\n"), "0x20022000\n");
  EXPECT_EQ(run("fork()\n"), "2\n");
  EXPECT_EQ(layout(2), kOnePageLayout);
  EXPECT_EQ(snapshot(1).brk, 0x20022000U);
}

}  // namespace
}  // namespace vmadiff::kernel
