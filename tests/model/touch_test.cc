// tests/model: touch: which accesses fault for good, and how.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr Outcome kBus = Outcome::fail(Errno::kSIGBUS);

TEST(Touch, ChecksItsRangeBeforeAnyAccess) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(process(Touch{kArena, 0, Access::kWrite}), kOk);
  EXPECT_EQ(process(Touch{kArena, kTouchBytesMax + 1, Access::kWrite}), kSegv);
  EXPECT_EQ(process(Touch{~Address{0}, 2, Access::kRead}), kSegv);
  EXPECT_EQ(process(Touch{0x7ffffffff000, 1, Access::kRead}), kSegv);
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
}

TEST(Touch, CoversEachPageThatTheRangeOverlaps) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(process(Touch{page(1) - 1, 2, Access::kRead}), kOk);
  EXPECT_EQ(process(Touch{page(2) - 1, 1, Access::kRead}), kOk);
  EXPECT_EQ(process(Touch{page(2) - 1, 2, Access::kRead}), kSegv);
}

TEST(Touch, NeedsPermission) {
  Process process;
  (void)process.map(0, 1, kRead);
  (void)process.map(1, 1, kProtWrite);
  (void)process.map(2, 1, kProtExec);
  (void)process.map(3, 1, kProtNone);
  EXPECT_EQ(process.write(0), kSegv);
  EXPECT_EQ(process.read(1), kOk);  // x86-64 cannot forbid reading a page that is there
  EXPECT_EQ(process.read(2), kOk);
  EXPECT_EQ(process.read(3), kSegv);
  EXPECT_EQ(process.read(4), kSegv);
}

TEST(Touch, StopsAtTheFirstFault) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(1, 1, kRead);
  (void)process.map(2, 1, kReadWrite | kProtExec);
  EXPECT_EQ(process.write(0, 3), kSegv);
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(2).anon_vma, kNoAnonVma);
}

TEST(Touch, BehindTheEndOfAFileIsSigbus) {
  for (const FileId file : {kMemfd0, kFile0}) {
    for (const std::uint64_t flags : {kPrivateFixed, kSharedFixed}) {
      Process process;
      ASSERT_TRUE(process.map_file(kFileSizePages - 1, 2, file, kReadWrite, flags).is_ok());
      EXPECT_EQ(process.read(kFileSizePages - 1), kOk);
      EXPECT_EQ(process.read(kFileSizePages - 1, 2), kBus);
      EXPECT_EQ(process.write(kFileSizePages), kBus);
    }
  }
}

TEST(Touch, BehindTheEndOfASharedDevZeroIsSigbusToo) {
  Process process;
  (void)process.map_file(1, 2, kZero0, kReadWrite,
                         kSharedFixed);  // an object of two pages, at page 1
  EXPECT_EQ(process.write(1), kOk);
  EXPECT_EQ(process.write(2), kBus);
  (void)process.map_file(1, 2, kZero0, kReadWrite, kPrivateFixed);
  EXPECT_EQ(process.write(2), kOk);
}

TEST(Touch, OfHugetlbIsSigbusSinceThePoolIsEmpty) {
  Process process;
  ASSERT_TRUE(process(Mmap{kArena, 1, kRead, kPrivateFixed | kMapNoreserve, kHugetlb0, 0}).is_ok());
  EXPECT_EQ(process.read(0), kBus);
  EXPECT_EQ(process.write(0), kSegv);
  ASSERT_TRUE(
      process(Mmap{kArena, 1, kReadWrite, kPrivateFixed | kMapNoreserve, kHugetlb0, 0}).is_ok());
  EXPECT_EQ(process.write(0), kBus);
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
}

TEST(Touch, OfADriversPagesSucceeds) {
  Process process;
  (void)process.map_file(0, 1, kPfnmap0);
  (void)process.map_file(2, 1, kPfnmap0, kReadWrite, kSharedFixed);
  EXPECT_EQ(process.write(0), kOk);
  EXPECT_EQ(process.write(2), kOk);
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(2).anon_vma, kNoAnonVma);
}

}  // namespace
}  // namespace vmadiff::model
