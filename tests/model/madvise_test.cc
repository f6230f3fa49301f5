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

}  // namespace
}  // namespace vmadiff::model
