// tests of kernel: each call reaches the kernel, and its effect is seen.
#include "host_fixture.h"

namespace vmadiff::kernel {
namespace {

using HostCalls = HostTest;

TEST_F(HostCalls, MmapAnonymous) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"),
            "0x100000000000\n");
  EXPECT_EQ(layout(), "100000000000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac]\n");
}

TEST_F(HostCalls, MmapOfAMissingFileIsEBADF) {
  EXPECT_EQ(run("mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, -1, 0)\n"
                "mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, pfnmap:0, 0)\n"),
            "-1 EBADF\n-1 EBADF\n");
}

TEST_F(HostCalls, MmapOfAFileWithoutAHookIsENODEV) {
  EXPECT_EQ(run("mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, unmappable:0, 0)\n"
                "mmap(NULL, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED, unmappable:3, 0)\n"),
            "-1 ENODEV\n-1 ENODEV\n");
}

TEST_F(HostCalls, LowMemoryIsForbiddenAsToAUser) {
  if (setup_.mmap_min_addr == 0) GTEST_SKIP() << "sysctl vm.mmap_min_addr is 0";
  EXPECT_EQ(run("mmap(0, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"),
            "-1 EPERM\n");
}

TEST_F(HostCalls, MunmapSplits) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x3000, PROT_READ, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                "munmap(0x100000001000, 0x1000)\n"
                "munmap(0x100000000001, 0x1000)\n"),
            "0x100000000000\n0\n-1 EINVAL\n");
  EXPECT_EQ(layout(),
            "100000000000-100000001000 r--p 00000000 anon [rd mr mw me]\n"
            "100000002000-100000003000 r--p 00000000 anon [rd mr mw me]\n");
}

TEST_F(HostCalls, MprotectChangesPermissions) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x2000, PROT_READ, MAP_SHARED|MAP_FIXED, memfd:1, 0x1000)\n"
                "mprotect(0x100000001000, 0x1000, PROT_NONE)\n"),
            "0x100000000000\n0\n");
  EXPECT_EQ(layout(),
            "100000000000-100000001000 r--s 00001000 memfd:1 [rd sh mr mw me ms]\n"
            "100000001000-100000002000 ---s 00002000 memfd:1 [sh mr mw me ms]\n");
}

TEST_F(HostCalls, BrkMovesTheBreak) {
  EXPECT_EQ(run("brk(0x20022001)\nbrk(0)\n"), "0x20022001\n0x20022001\n");
  EXPECT_EQ(snapshot().brk, 0x20022001U);
  EXPECT_EQ(layout(), "20020000-20023000 rw-p 00000000 anon [rd wr mr mw me ac]\n");
}

TEST_F(HostCalls, MadviseReachesTheKernel) {
  EXPECT_EQ(run("madvise(0x100000000001, 0x1000, MADV_MERGEABLE)\n"), "-1 EINVAL\n");
}

TEST_F(HostCalls, SharedAnonymousMemoryIsAnObjectOfItsOwn) {
  run("mmap(0x100000000000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000001000, 0x1000, PROT_READ, MAP_SHARED|MAP_FIXED, zero:1, 0)\n");
  const auto vmas = snapshot().vmas;
  ASSERT_EQ(vmas.size(), setup_.initial.vmas.size() + 2);
  const auto first = vmas[vmas.size() - 2].file;
  const auto second = vmas[vmas.size() - 1].file;
  EXPECT_EQ(first, (spec::FileId{spec::FileClass::kAnonShared, 0}));
  EXPECT_EQ(second, (spec::FileId{spec::FileClass::kAnonShared, 1}));
}

TEST_F(HostCalls, CountersAreThoseOfTheVmas) {
  run("mmap(0x100000000000, 0x5000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000010000, 0x3000, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, memfd:0, 0)\n");
  const auto& before = setup_.initial.counters;
  const auto now = snapshot().counters;
  EXPECT_EQ(now.map_count, before.map_count + 2);
  EXPECT_EQ(now.total_vm, before.total_vm + 8);
  EXPECT_EQ(now.data_vm, before.data_vm + 5);
  EXPECT_EQ(now.exec_vm, before.exec_vm + 3);
  EXPECT_EQ(now.stack_vm, 0U);
  EXPECT_EQ(now.locked_vm, 0U);
}

TEST_F(HostCalls, TouchSaysHowItEnded) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x2000, PROT_READ, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                "touch(0x100000000000, 0x2000, READ)\n"
                "touch(0x100000000000, 0x1000, WRITE)\n"
                "touch(0x100000001fff, 0x2, READ)\n"
                "touch(0x100000001fff, 0x1, READ)\n"
                "touch(0, 0x1000, READ)\n"
                "touch(0x7ffffffff000, 0x1000, READ)\n"),
            "0x100000000000\n0\n-1 SIGSEGV\n-1 SIGSEGV\n0\n-1 SIGSEGV\n-1 SIGSEGV\n");
}

TEST_F(HostCalls, TouchBehindTheEndOfAFileIsSIGBUS) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, "
                "MAP_SHARED|MAP_FIXED, memfd:0, 0x3f000)\n"
                "touch(0x100000000000, 0x1000, WRITE)\n"
                "touch(0x100000000000, 0x2000, WRITE)\n"
                "touch(0x100000001000, 0x1000, READ)\n"),
            "0x100000000000\n0\n-1 SIGBUS\n-1 SIGBUS\n");
}

TEST_F(HostCalls, TouchOfWriteOnlyMemoryWrites) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x1000, PROT_WRITE, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                "touch(0x100000000000, 0x1000, WRITE)\n"),
            "0x100000000000\n0\n");
}

TEST_F(HostCalls, MarksSetByAnotherUserfaultfdAreAnswered) {
  if (!setup_.uffd_kernel_faults) GTEST_SKIP() << "no userfaultfd is told of faults of the kernel";
  EXPECT_EQ(run("mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                "touch(0x100000000000, 0x2000, WRITE)\n"
                "uffd_register(0x100000000000, 0x2000, WP, 1)\n"
                "uffd_writeprotect(0x100000000000, 0x2000, WP, 0)\n"
                "touch(0x100000000000, 0x2000, WRITE)\n"),
            "0x100000000000\n0\n0\n0\n0\n");
}

TEST_F(HostCalls, ALongSequenceRunsWhole) {
  // Longer than one program of the agent.
  constexpr std::size_t kLength = 20000;
  spec::Sequence sequence;
  for (std::size_t i = 0; i < kLength; ++i)
    sequence.push_back({0, spec::Brk{setup_.start_brk + i}, std::nullopt});
  std::vector<spec::Outcome> outcomes;
  host_->apply_all(sequence, outcomes);
  ASSERT_EQ(outcomes.size(), kLength);
  for (std::size_t i = 0; i < kLength; ++i)
    ASSERT_EQ(outcomes[i], spec::Outcome::ok(setup_.start_brk + i));
  EXPECT_EQ(snapshot().brk, setup_.start_brk + kLength - 1);
}

TEST_F(HostCalls, CallsOneByOneAreTheSameAsASequence) {
  constexpr spec::Address kAt = 0x100000000000;
  const spec::Mmap map{
      kAt, 0x4000, spec::kProtRead, spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
      {},  0};
  EXPECT_EQ(host_->apply(0, map), spec::Outcome::ok(kAt));
  EXPECT_EQ(host_->apply(0, spec::Mprotect{kAt + 0x1000, 0x1000, spec::kProtNone}),
            spec::Outcome::ok());
  EXPECT_EQ(host_->apply(0, spec::Munmap{kAt, 0x1000}), spec::Outcome::ok());
  EXPECT_EQ(layout(),
            "100000001000-100000002000 ---p 00000000 anon [mr mw me]\n"
            "100000002000-100000004000 r--p 00000000 anon [rd mr mw me]\n");
}

}  // namespace
}  // namespace vmadiff::kernel
