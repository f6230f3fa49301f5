// tests/model: fork, exec and exit.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Fork, CopiesTheMemoryAndNumbersProcesses) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 1, kRead);
  EXPECT_EQ(process(Fork{}), Outcome::ok(1));
  EXPECT_EQ(process(Fork{}), Outcome::ok(2));
  process.become(1);
  EXPECT_EQ(process.ruler(4), "AA.B");
  EXPECT_EQ(process(Fork{}), Outcome::ok(3));
  (void)process.unmap(0, 4);
  process.become(3);
  EXPECT_EQ(process.ruler(4), "AA.B");
  process.become(0);
  EXPECT_EQ(process.ruler(4), "AA.B");
}

TEST(Fork, BeyondTheLastNumberIsEagain) {
  Process process;
  for (std::uint64_t number = 1; number < kProcessCountMax; ++number) {
    EXPECT_EQ(process(Fork{}), Outcome::ok(number));
  }
  EXPECT_EQ(process(Fork{}), fails(Errno::kEAGAIN));
  process.become(1);
  EXPECT_EQ(process(Exit{}), kOk);  // numbers are not used again
  process.become(0);
  EXPECT_EQ(process(Fork{}), fails(Errno::kEAGAIN));
}

TEST(Fork, LeavesOutWhatIsNotToBeCopied) {
  Process process;
  (void)process.map(0, 4);
  (void)process.advise(1, 2, kMadvDontfork);
  ASSERT_TRUE(process(Fork{}).is_ok());
  const std::uint64_t pages = process.snapshot().counters.total_vm;
  process.become(1);
  EXPECT_EQ(process.ruler(4), "A..B");
  EXPECT_EQ(process.snapshot().counters.map_count, 5U);
  // total_vm is taken over as it is; what is left out is not taken off here.
  EXPECT_EQ(process.snapshot().counters.total_vm, pages - 2);
}

TEST(Fork, GivesEachVmaThatHadOneAnAnonVmaOfItsOwn) {
  Process process;
  (void)process.map(0, 4);
  (void)process.write(0, 4);
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.vma(0).anon_vma, process.vma(2).anon_vma);
  (void)process.map(6, 1);
  ASSERT_TRUE(process(Fork{}).is_ok());
  EXPECT_EQ(process.vma(0).anon_vma_links, 1U);
  process.become(1);
  EXPECT_NE(process.vma(0).anon_vma, process.vma(2).anon_vma);
  EXPECT_EQ(process.vma(0).anon_vma_links, 2U);
  EXPECT_EQ(process.vma(2).anon_vma_links, 2U);
  EXPECT_EQ(process.vma(6).anon_vma, kNoAnonVma);
  // So the halves of what was one VMA never become one again.
  (void)process.protect(2, 2, kReadWrite);
  EXPECT_EQ(process.ruler(8), "AABB..C.");
  process.become(0);
  (void)process.protect(2, 2, kReadWrite);
  EXPECT_EQ(process.ruler(8), "AAAA..B.");
}

TEST(Fork, KeepsItsAnonVmaFromNewMemory) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map(0, 2);
    (void)process.write(0, 2);
    ASSERT_TRUE(process(Fork{}).is_ok());
    (void)process.map(2, 2);
    EXPECT_EQ(process.ruler(4), "AAAA") << profile.name;
    process.become(1);
    (void)process.map(2, 2);
    EXPECT_EQ(process.ruler(4), "AABB") << profile.name;
    (void)process.write(2);
    EXPECT_NE(process.vma(0).anon_vma, process.vma(2).anon_vma) << profile.name;
  }
}

TEST(Fork, WipesWhatIsToBeWiped) {
  Process process;
  (void)process.map(0, 2);
  (void)process.write(0, 2);
  (void)process.advise(0, 2, kMadvWipeonfork);
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac wf");
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(0).anon_vma_links, 0U);
  (void)process.write(0, 1);
  EXPECT_EQ(process.vma(0).anon_vma_links, 1U);
}

TEST(Fork, InheritsNoLocks) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(process(Mlock2{kArena, 2 * kPageSize, kMlockOnfault}), kOk);
  EXPECT_EQ(process(Mlockall{kMclFuture}), kOk);
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  EXPECT_EQ(process.snapshot().counters.locked_vm, 0U);
  (void)process.map(4, 1);
  EXPECT_EQ(process.flags(4), "rd wr mr mw me ac");
  process.become(0);
  EXPECT_EQ(process.snapshot().counters.locked_vm, 2U);
}

TEST(Fork, IsRefusedWhereTheChargeForAVmaIs) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 0x20;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 0x20);
  ASSERT_TRUE(process(Fork{}).is_ok());
  (void)process.map(0x20, 0x10);  // one VMA with the other, and each was charged by itself
  EXPECT_EQ(process(Fork{}), fails(Errno::kENOMEM));
  (void)process.advise(0, 0x18, kMadvDontfork);
  EXPECT_EQ(process(Fork{}), Outcome::ok(2));
}

TEST(Fork, AndExecKeepTheKsmMode) {
  Process process;
  ASSERT_EQ(process.merge_any(true), kOk);
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_TRUE(process.snapshot().merge_any);
  (void)process.map(0, 1);
  EXPECT_TRUE(process.is_mergeable(0));
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_TRUE(process.snapshot().merge_any);
  for (const Vma& vma : process.snapshot().vmas) {
    EXPECT_EQ((vma.flags & kVmMergeable) != 0, (vma.flags & kVmShared) == 0);
  }
  ASSERT_EQ(process.merge_any(false), kOk);
  process.become(0);
  EXPECT_TRUE(process.snapshot().merge_any);
}

TEST(Fork, AndExecKeepTheLimits) {
  Process process;
  ASSERT_EQ(process.limit(kRlimitAs, 0x140 * kPageSize), kOk);
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_EQ(process.map(0, 0x21), fails(Errno::kENOMEM));
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process.map(0, 0x21), fails(Errno::kENOMEM));
  EXPECT_TRUE(process.map(0, 0x20).is_ok());
  ASSERT_EQ(process.limit(kRlimitAs, kRlimInfinity), kOk);
  process.become(0);
  EXPECT_EQ(process.map(0, 0x21), fails(Errno::kENOMEM));
}

TEST(Fork, TakesTheBreakAlongAndExecDoesNot) {
  Process process;
  const Address heap = spec::Setup::standard().start_brk;
  (void)process(Brk{heap + 3 * kPageSize});
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_EQ(process(Brk{0}), Outcome::ok(heap + 3 * kPageSize));
  EXPECT_EQ(process(Brk{heap + kPageSize}), Outcome::ok(heap + kPageSize));
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process(Brk{0}), Outcome::ok(heap));
  process.become(0);
  EXPECT_EQ(process(Brk{0}), Outcome::ok(heap + 3 * kPageSize));
}

TEST(Exec, BeginsAnew) {
  Process process;
  (void)process.map(0, 2);
  (void)process(Mlockall{kMclFuture});
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process.snapshot().vmas, spec::Setup::standard().initial.vmas);
  EXPECT_EQ(process.snapshot().counters, spec::Setup::standard().initial.counters);
  (void)process.map(0, 1);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
}

TEST(Exit, LeavesNobodyToCall) {
  Process process;
  ASSERT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_EQ(process(Exit{}), kOk);
  EXPECT_EQ(process.map(0, 1), fails(Errno::kESRCH));
  EXPECT_EQ(process(Exit{}), fails(Errno::kESRCH));
  EXPECT_TRUE(process.snapshot().vmas.empty());
  process.become(2);
  EXPECT_EQ(process(Fork{}), fails(Errno::kESRCH));
  process.become(0);
  EXPECT_EQ(process(Fork{}), Outcome::ok(2));
}

TEST(Exit, IsNotForTheFirstProcess) {
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process(Exit{}), fails(Errno::kEPERM));
  EXPECT_EQ(process.ruler(1), "A");
}

}  // namespace
}  // namespace vmadiff::model
