// tests/model: MAP_FIXED over what is there, and what a failure leaves behind.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(MmapReplaces, TheMiddleOfAVma) {
  Process process;
  (void)process.map(0, 6, kRead);
  (void)process.map(2, 2, kReadWrite);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.vma(4).pgoff, page(4) >> kPageShift);
}

TEST(MmapReplaces, WithTheSameKindAndIsOneVmaAgain) {
  Process process;
  (void)process.map(0, 6);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(MmapReplaces, SeveralVmasAndHoles) {
  Process process;
  (void)process.map(0, 2, kRead);
  (void)process.map(3, 1, kReadWrite);
  (void)process.map(5, 3, kRead);
  EXPECT_EQ(process.ruler(8), "AA.B.CCC");
  (void)process.map(1, 5, kProtExec);
  EXPECT_EQ(process.ruler(8), "ABBBBBCC");
}

TEST(MmapReplaces, WhatWasThereLosesItsAnonVma) {
  Process process;
  (void)process.map(0, 2);
  (void)process.write(0);
  (void)process.map(0, 2);
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
}

TEST(MmapReplaces, AHookThatFailsLeavesAHole) {
  Process process;
  const std::uint64_t huge = kHugePageSize / kPageSize;
  (void)process.map(0, 3 * huge, kRead);
  const Mmap reserved{page(huge), kHugePageSize, kRead, kPrivateFixed, kHugetlb0, 0};
  EXPECT_EQ(process(reserved), fails(Errno::kENOMEM));
  EXPECT_EQ(process.vma(huge).end, 0U);
  EXPECT_EQ(process.vma(2 * huge).start, page(2 * huge));

  (void)process.map(0, 3 * huge, kRead);
  const Mmap unaligned{page(huge), kHugePageSize, kRead, kPrivateFixed | kMapNoreserve,
                       kHugetlb0,  kPageSize};
  EXPECT_EQ(process(unaligned), fails(Errno::kEINVAL));
  EXPECT_EQ(process.vma(huge).end, 0U);
}

TEST(MmapReplaces, AFileThatRefusesMapSyncLeavesAHole) {
  for (const KernelProfile& profile : profiles()) {  // by either kind of hook
    for (const std::uint64_t type : {kMapPrivate, kMapShared, kMapSharedValidate}) {
      Process process(profile.name);
      (void)process.map(0, 4, kRead);
      EXPECT_EQ(process.map_file(1, 1, kFile0, kRead, type | kMapFixed | kMapSync),
                fails(Errno::kEOPNOTSUPP));
      EXPECT_EQ(process.ruler(4), "A.BB");
    }
  }
}

spec::Setup with_overcommit(std::uint64_t pages) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = pages;
  return setup;
}

TEST(Overcommit, ARefusedChargeUnmapsNothingButLeavesTheCuts) {
  Process process(kDefaultProfileName, with_overcommit(4));
  (void)process.map(0, 4);
  EXPECT_EQ(process.map(2, 7), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(10), "AABB......");
}

TEST(Overcommit, WhatIsReplacedCountsAgainstTheCharge) {
  Process process(kDefaultProfileName, with_overcommit(4));
  (void)process.map(0, 4);
  EXPECT_EQ(process.map(0, 8), Outcome::ok(kArena));
  EXPECT_EQ(process.map(8, 5), fails(Errno::kENOMEM));
  EXPECT_EQ(process.map(8, 5, kReadWrite, kAnonymousFixed | kMapNoreserve), Outcome::ok(page(8)));
  EXPECT_EQ(process.map(8, 5, kRead), Outcome::ok(page(8)));
}

TEST(Overcommit, ASharedAnonymousObjectIsChargedWholeAndLeavesAHole) {
  Process process(kDefaultProfileName, with_overcommit(4));
  (void)process.map(0, 6, kRead);
  EXPECT_EQ(process.map(0, 5, kRead, kSharedFixed | kMapAnonymous), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(6), ".....A");
  EXPECT_EQ(process.map(0, 5, kRead, kSharedFixed | kMapAnonymous | kMapNoreserve),
            Outcome::ok(kArena));
  EXPECT_EQ(process.map_file(6, 5, kMemfd0, kReadWrite, kSharedFixed), Outcome::ok(page(6)));
}

KernelProfile that_unmaps_first() {
  return with(&KernelProfile::mmap_replace, MmapReplace::kUnmapsThenCharges);
}

TEST(MmapThatUnmapsFirst, ARefusedChargeLeavesAHoleAndIsForAllOfIt) {
  Process process(that_unmaps_first(), with_overcommit(4));
  (void)process.map(0, 4);
  EXPECT_EQ(process.map(2, 5), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(8), "AA......");
  EXPECT_EQ(process.map(2, 4), Outcome::ok(page(2)));
}

TEST(MmapThatUnmapsFirst, ALimitCutsNothing) {
  Process process(that_unmaps_first());
  (void)process.map(0, 4);
  (void)process.limit(kRlimitAs, 0);
  EXPECT_EQ(process.map(1, 2), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(4), "AAAA");
  (void)process.limit(kRlimitAs, process.snapshot().counters.total_vm * kPageSize);
  EXPECT_EQ(process.map(1, 2), Outcome::ok(page(1)));  // as many as it replaces
  EXPECT_EQ(process.map(3, 2), fails(Errno::kENOMEM));
}

TEST(MmapThatUnmapsFirst, SaysEnomemOfWhatCannotBeUnmapped) {
  Process process(that_unmaps_first());
  (void)process.map_file(0, kHugePageSize / kPageSize, kHugetlb0, kRead,
                         kPrivateFixed | kMapNoreserve);
  EXPECT_EQ(process.map(0, 1), fails(Errno::kENOMEM));
  EXPECT_EQ(process.unmap(0, 1), fails(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::model
