// tests/model: anon_vmas: who gets one, whose it is, and what merges because of it.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kNoreserveFixed = kAnonymousFixed | kMapNoreserve;

TEST(AnonVma, ComesWithTheFirstWriteToPrivateMemory) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map_file(4, 1, kFile0);
  (void)process.read(0);
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
  (void)process.write(0);
  (void)process.write(2);
  (void)process.write(4);
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(0).anon_vma_links, 1U);
  EXPECT_EQ(process.vma(2).anon_vma, kNoAnonVma);
  EXPECT_NE(process.vma(4).anon_vma, kNoAnonVma);
  EXPECT_NE(process.vma(4).anon_vma, process.vma(0).anon_vma);
}

TEST(AnonVma, ComesEvenIfThePageIsBehindTheEndOfTheFile) {
  Process process;
  (void)process.map_file(kFileSizePages, 1, kMemfd0);
  EXPECT_EQ(process.write(kFileSizePages), fails(Errno::kSIGBUS));
  EXPECT_NE(process.vma(kFileSizePages).anon_vma, kNoAnonVma);
}

TEST(AnonVma, IsTheNextNeighboursIfThatDiffersInPermissionsOnly) {
  Process process;
  (void)process.map(0, 2, kReadWrite, kNoreserveFixed);
  (void)process.write(1);
  (void)process.protect(1, 1, kRead);
  (void)process.map(0, 1, kReadWrite, kNoreserveFixed);
  EXPECT_EQ(process.ruler(2), "AB");
  (void)process.write(0);
  EXPECT_EQ(process.vma(0).anon_vma, process.vma(1).anon_vma);
}

TEST(AnonVma, IsElseThePreviousNeighbours) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kNoreserveFixed);
  (void)process.write(0);
  (void)process.protect(0, 1, kRead);
  (void)process.map(1, 1, kReadWrite, kNoreserveFixed);
  EXPECT_EQ(process.ruler(2), "AB");
  (void)process.write(1);
  EXPECT_EQ(process.vma(0).anon_vma, process.vma(1).anon_vma);
}

TEST(AnonVma, OfTheNextGoesBeforeThatOfThePrevious) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kNoreserveFixed);
  (void)process.map(2, 1, kReadWrite, kNoreserveFixed);
  (void)process.write(0);
  (void)process.write(2);
  (void)process.protect(0, 1, kRead);
  (void)process.protect(2, 1, kRead);
  (void)process.map(1, 1, kReadWrite, kNoreserveFixed);
  EXPECT_EQ(process.ruler(3), "ABC");
  (void)process.write(1);
  EXPECT_EQ(process.vma(1).anon_vma, process.vma(2).anon_vma);
  EXPECT_NE(process.vma(1).anon_vma, process.vma(0).anon_vma);
}

TEST(AnonVma, IsNotLentWhereMoreThanThePermissionsDiffers) {
  Process process;
  (void)process.map(0, 1, kRead);  // not accounted
  (void)process.map(1, 1, kReadWrite);
  (void)process.map_file(2, 1, kZero0);
  (void)process.write(1);
  (void)process.write(2);
  EXPECT_NE(process.vma(1).anon_vma, process.vma(2).anon_vma);
  (void)process.map(0, 1, kReadWrite, kNoreserveFixed);
  (void)process.write(0);
  EXPECT_NE(process.vma(0).anon_vma, process.vma(1).anon_vma);
}

// SEMANTICS, measured: pages 0-4 read-only, a write to page 5, pages 5-9 read-only.
TEST(AnonVma, OfTheChangedRangeMayBeTakenOverSince616) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map(0, 10, kReadWrite, kNoreserveFixed);
    (void)process.protect(0, 5, kRead);
    EXPECT_EQ(process.ruler(10), "AAAAABBBBB");
    (void)process.write(5);
    (void)process.protect(5, 5, kRead);
    const bool since = profile.anon_vma_merge == AnonVmaMerge::kFaultedChainSingle;
    EXPECT_EQ(process.ruler(10), since ? "AAAAAAAAAA" : "AAAAABBBBB") << profile.name;
    EXPECT_EQ(process.vma(0).anon_vma != kNoAnonVma, since) << profile.name;
  }
}

TEST(AnonVma, OfTheNeighbourMayAlwaysBeTakenOver) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map(0, 4, kReadWrite, kNoreserveFixed);
    (void)process.protect(2, 2, kRead);
    (void)process.write(0);
    EXPECT_EQ(process.ruler(4), "AABB");
    (void)process.protect(2, 2, kReadWrite);
    EXPECT_EQ(process.ruler(4), "AAAA") << profile.name;
  }
}

TEST(AnonVma, ThatDiffersPreventsTheMergeOfAllThree) {
  Process process;
  (void)process.map(0, 1, kRead, kNoreserveFixed);
  (void)process.map(2, 1, kRead, kNoreserveFixed);
  (void)process.protect(0, 1, kReadWrite);
  (void)process.protect(2, 1, kReadWrite);
  (void)process.write(0);
  (void)process.write(2);
  (void)process.map(1, 1, kRead, kNoreserveFixed);
  EXPECT_EQ(process.ruler(3), "ABC");
  (void)process.protect(1, 1, kReadWrite);
  EXPECT_EQ(process.ruler(3), "AAB");
}

}  // namespace
}  // namespace vmadiff::model
