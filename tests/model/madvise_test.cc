// tests/model: madvise(MADV_MERGEABLE, MADV_UNMERGEABLE) and advice that no kernel knows.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Madvise, ChecksTheAdviceFirst) {
  Process process;
  EXPECT_EQ(process(Madvise{kArena, 0, 99}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Madvise{kArena, 0, -1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Madvise{kArena + 1, 0, kMadvMergeable}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Madvise{kArena, ~Address{0}, kMadvMergeable}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Madvise{kArena, -kArena - kPageSize, kMadvMergeable}), fails(Errno::kENOMEM));
  EXPECT_EQ(process(Madvise{-kPageSize, 2 * kPageSize, kMadvMergeable}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Madvise{kArena, 0, kMadvMergeable}), kOk);
  EXPECT_EQ(process.advise(0, 1, kMadvMergeable), fails(Errno::kENOMEM));
}

TEST(Madvise, CutsItsRangeOutAndMergesItBack) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(process.advise(2, 2, kMadvMergeable), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.advise(2, 2, kMadvUnmergeable), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Madvise, MergesVmasThatBecomeEqual) {
  Process process;
  (void)process.map(0, 6);
  (void)process.advise(2, 2, kMadvMergeable);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.advise(0, 6, kMadvMergeable), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Madvise, GoesOnBehindAHoleAndReportsItAtTheEnd) {
  Process process;
  (void)process.map(1, 1);
  (void)process.map(3, 2);
  EXPECT_EQ(process.advise(0, 4, kMadvMergeable), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(6), ".A.BC.");
  EXPECT_TRUE(process.is_mergeable(1));
  EXPECT_TRUE(process.is_mergeable(3));
  EXPECT_FALSE(process.is_mergeable(4));
  EXPECT_EQ(process.advise(4, 2, kMadvMergeable), fails(Errno::kENOMEM));
  EXPECT_TRUE(process.is_mergeable(4));
}

TEST(Madvise, PassesOverWhatIsNotEligible) {
  Process process;
  (void)process.map(0, 2, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map(2, 2, kReadWrite, kMapDroppable | kMapAnonymous | kMapFixed);
  (void)process.map_file(4, 2, kPfnmap0);
  EXPECT_EQ(process.advise(1, 4, kMadvMergeable), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_FALSE(process.is_mergeable(1));
}

TEST(Madvise, ClearsTheFlagEvenWhereItShouldNotBe) {
  Process process("patch-v2");
  (void)process.merge_any(true);
  (void)process.map_file(0, 2, kPfnmap0);
  EXPECT_TRUE(process.is_mergeable(0));
  EXPECT_EQ(process.advise(0, 2, kMadvUnmergeable), kOk);
  EXPECT_FALSE(process.is_mergeable(0));
}

TEST(Madvise, FlagsOfPagesAreSetAndCleared) {
  Process process;
  (void)process.map(0, 1);
  const auto after = [&process](std::int32_t advice) {
    EXPECT_EQ(process.advise(0, 1, advice), kOk);
    return process.flags(0);
  };
  EXPECT_EQ(after(kMadvRandom), "rd wr mr mw me rr ac");
  EXPECT_EQ(after(kMadvSequential), "rd wr mr mw me sr ac");
  EXPECT_EQ(after(kMadvNormal), "rd wr mr mw me ac");
  EXPECT_EQ(after(kMadvDontfork), "rd wr mr mw me dc ac");
  EXPECT_EQ(after(kMadvDofork), "rd wr mr mw me ac");
  EXPECT_EQ(after(kMadvWipeonfork), "rd wr mr mw me ac wf");
  EXPECT_EQ(after(kMadvKeeponfork), "rd wr mr mw me ac");
  EXPECT_EQ(after(kMadvDontdump), "rd wr mr mw me ac dd");
  EXPECT_EQ(after(kMadvDodump), "rd wr mr mw me ac");
  EXPECT_EQ(after(kMadvHugepage), "rd wr mr mw me ac hg");
  EXPECT_EQ(after(kMadvNohugepage), "rd wr mr mw me ac nh");
}

TEST(Madvise, EachClassOfMemoryRefusesSomeAdvice) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map_file(1, 1, kMemfd0);
  (void)process.map(2, 1, kReadWrite, kAnonymousFixed | kMapLocked);
  (void)process.map_file(3, 1, kPfnmap0);
  (void)process.map(4, 1, kReadWrite, kMapDroppable | kMapFixed | kMapAnonymous);
  const Outcome refused = fails(Errno::kEINVAL);
  EXPECT_EQ(process.advise(0, 1, kMadvWipeonfork), refused);
  EXPECT_EQ(process.advise(1, 1, kMadvWipeonfork), refused);
  EXPECT_EQ(process.advise(0, 1, kMadvFree), refused);
  EXPECT_EQ(process.advise(1, 1, kMadvFree), refused);
  EXPECT_EQ(process.advise(1, 1, kMadvRemove), fails(Errno::kEACCES));  // not shared
  for (const std::int32_t advice : {kMadvDontneed, kMadvFree, kMadvCold, kMadvPageout}) {
    EXPECT_EQ(process.advise(2, 1, advice), refused) << advice;
    EXPECT_EQ(process.advise(3, 1, advice), refused) << advice;
  }
  EXPECT_EQ(process.advise(2, 1, kMadvDontneedLocked), kOk);
  EXPECT_EQ(process.advise(2, 1, kMadvRemove), refused);
  EXPECT_EQ(process.advise(3, 1, kMadvDofork), refused);
  EXPECT_EQ(process.advise(3, 1, kMadvDodump), refused);
  EXPECT_EQ(process.advise(4, 1, kMadvDodump), refused);
  EXPECT_EQ(process.advise(4, 1, kMadvKeeponfork), refused);
}

TEST(Madvise, DoforkIsRefusedOnDevicesOrOnAllThatIsSpecial) {
  for (const auto refused : {DoforkRefused::kIo, DoforkRefused::kSpecial}) {
    Process process(with(&KernelProfile::dofork_refused, refused));
    (void)process.map(0, 1);
    (void)process.map_file(2, 1, kPfnmap0);
    (void)process.map_file(kHugePages, kHugePages, kHugetlb0, kReadWrite,
                           kPrivateFixed | kMapNoreserve);
    (void)process.advise(0, 2 * kHugePages, kMadvDontfork);
    EXPECT_EQ(process.advise(0, 1, kMadvDofork), kOk);
    EXPECT_EQ(process.advise(2, 1, kMadvDofork), fails(Errno::kEINVAL));
    const bool is_io = refused == DoforkRefused::kIo;
    EXPECT_EQ(process.advise(kHugePages, kHugePages, kMadvDofork),
              is_io ? kOk : fails(Errno::kEINVAL));
    EXPECT_EQ((process.vma(kHugePages).flags & kVmDontcopy) == 0, is_io);
  }
}

// The process has transparent huge pages disabled; measured on 6.18.44, 7.2.13 and 7.3.4.
TEST(Madvise, CollapseIsRefusedThoughThereIsNothingToDo) {
  Process process;
  (void)process.map(0, 2 * kHugePages);
  EXPECT_EQ(process.advise(1, 1, kMadvCollapse), fails(Errno::kEINVAL));
  EXPECT_EQ(process.advise(0, kHugePages, kMadvCollapse), fails(Errno::kEINVAL));
}

TEST(Madvise, ARefusalEndsItWithWhatWasDoneBefore) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(1, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map(2, 1);
  EXPECT_EQ(process.advise(0, 3, kMadvWipeonfork), fails(Errno::kEINVAL));
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac wf");
  EXPECT_EQ(process.flags(2), "rd wr mr mw me ac");
}

TEST(Madvise, PopulateStopsAtAHoleAndAsksForPermission) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1, kRead);
  EXPECT_EQ(process.advise(0, 1, kMadvPopulateRead), kOk);
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.advise(0, 3, kMadvPopulateWrite), fails(Errno::kENOMEM));
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.advise(2, 1, kMadvPopulateWrite), fails(Errno::kEINVAL));
  EXPECT_EQ(process.advise(2, 1, kMadvPopulateRead), kOk);
}

TEST(Madvise, UnmergeableTakesTheSealFromMergeableMemoryWhereItsMaskIsTooNarrow) {
  for (const auto rule : {UnmergeableFlags::kDropsHigh, UnmergeableFlags::kKeepsOthers}) {
    Process process(with(&KernelProfile::unmergeable_flags, rule));
    (void)process.map(0, 4, kReadWrite, kAnonymousFixed | kMapNoreserve);
    (void)process.advise(0, 2, kMadvMergeable);
    (void)process.seal(0, 4);
    const bool drops = rule == UnmergeableFlags::kDropsHigh;
    EXPECT_EQ(process.advise(0, 4, kMadvUnmergeable), kOk);
    EXPECT_EQ(process.ruler(4), drops ? "AABB" : "AAAA");
    EXPECT_EQ(process.flags(0), drops ? "rd wr mr mw me nr" : "rd wr mr mw me nr sl");
    EXPECT_EQ(process.flags(2), "rd wr mr mw me nr sl");
  }
}

TEST(MadvisePopulate, PassesOverHolesOrEndsThere) {
  for (const auto rule : {PopulateHoles::kPassedOver, PopulateHoles::kEnd}) {
    Process process(with(&KernelProfile::populate_holes, rule));
    (void)process.map(1, 1);
    (void)process.map(3, 1);
    EXPECT_EQ(process.advise(1, 4, kMadvPopulateWrite), fails(Errno::kENOMEM));
    EXPECT_NE(process.vma(1).anon_vma, kNoAnonVma);
    EXPECT_EQ(process.vma(3).anon_vma != kNoAnonVma, rule == PopulateHoles::kPassedOver);
    (void)process.protect(3, 1, kRead);
    EXPECT_EQ(process.advise(0, 4, kMadvPopulateWrite),
              fails(rule == PopulateHoles::kPassedOver ? Errno::kEINVAL : Errno::kENOMEM));
    EXPECT_EQ(process.advise(3, 1, kMadvPopulateRead), kOk);
  }
}

}  // namespace
}  // namespace vmadiff::model
