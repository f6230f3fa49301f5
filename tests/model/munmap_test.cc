// tests/model: munmap.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Munmap, ChecksItsRange) {
  Process process;
  EXPECT_EQ(process(Munmap{kArena + 1, kPageSize}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Munmap{kArena, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Munmap{kArena, ~Address{0}}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Munmap{0x7ffffffff000, kPageSize}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Munmap{0x800000000000, kPageSize}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Munmap{0x7fffffffe000, kPageSize}), kOk);  // nothing there is no error
}

TEST(Munmap, CutsWhatReachesOverTheEnds) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(process.unmap(2, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AA..BB");
  EXPECT_EQ(process.vma(4).pgoff, page(4) >> kPageShift);
}

TEST(Munmap, GoesOverHoles) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2, kRead);
  (void)process.map(6, 2);
  EXPECT_EQ(process.ruler(8), "AA.BB.CC");
  EXPECT_EQ(process.unmap(1, 6), kOk);
  EXPECT_EQ(process.ruler(8), "A......B");
}

TEST(Munmap, RoundsTheLengthUp) {
  Process process;
  (void)process.map(0, 3);
  EXPECT_EQ(process(Munmap{kArena, kPageSize + 1}), kOk);
  EXPECT_EQ(process.ruler(3), "..A");
}

TEST(Munmap, MergesNothing) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(2, 1, kRead);
  (void)process.map(3, 2);
  EXPECT_EQ(process.unmap(2, 1), kOk);
  EXPECT_EQ(process.ruler(5), "AA.BB");
}

TEST(Munmap, BothPartsKeepTheAnonVma) {
  Process process;
  (void)process.map(0, 3);
  (void)process.write(0);
  (void)process.unmap(1, 1);
  EXPECT_EQ(process.ruler(3), "A.B");
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(0).anon_vma, process.vma(2).anon_vma);
}

TEST(Munmap, OfHugetlbIsInWholeHugePages) {
  Process process;
  const std::uint64_t huge = kHugePageSize / kPageSize;
  (void)process.map(huge - 2, 2, kRead);
  const Mmap call{page(huge), 2 * kHugePageSize, kRead, kPrivateFixed | kMapNoreserve, kHugetlb0,
                  0};
  ASSERT_TRUE(process(call).is_ok());
  EXPECT_EQ(process.unmap(huge, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(process.unmap(huge + 1, huge), fails(Errno::kEINVAL));
  // A cut at the start that succeeded stays.
  EXPECT_EQ(process.unmap(huge - 1, 2), fails(Errno::kEINVAL));
  EXPECT_EQ(process.vma(huge - 2).end, page(huge - 1));
  EXPECT_EQ(process.vma(huge - 1).end, page(huge));
  EXPECT_EQ(process.unmap(huge - 1, 1 + huge), kOk);
  EXPECT_EQ(process.vma(2 * huge).start, page(2 * huge));
}

}  // namespace
}  // namespace vmadiff::model
