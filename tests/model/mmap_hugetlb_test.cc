// tests/model: MAP_HUGETLB.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kHuge = kAnonymousFixed | kMapHugetlb | kMapNoreserve;

constexpr std::uint64_t size_bits(std::uint64_t log) { return log << kMapHugeShift; }

Mmap huge(Address length, std::uint64_t flags = kHuge, std::uint64_t offset = 0) {
  return {kArena, length, kReadWrite, flags, {}, offset};
}

TEST(MapHugetlb, MakesAnObjectOfItsOwnEachTime) {
  Process process;
  EXPECT_EQ(process(huge(1)), Outcome::ok(kArena));
  EXPECT_EQ(process.vma(0).pages(), kHugePages);
  EXPECT_EQ(process.vma(0).file.cls, FileClass::kAnonHugetlb);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me de nr ht");
  (void)process.map(kHugePages, kHugePages, kReadWrite, kHuge);
  EXPECT_EQ(process.vma(kHugePages).file.cls, FileClass::kAnonHugetlb);
  EXPECT_NE(process.vma(0).file, process.vma(kHugePages).file);
}

TEST(MapHugetlb, FindsThePoolEmpty) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 1;  // it is not charged
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 1);
  EXPECT_EQ(process(huge(1, kAnonymousFixed | kMapHugetlb)), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(2), "..");  // the hook refuses behind the unmapping
  (void)process(huge(1));
  EXPECT_EQ(process.write(0), fails(Errno::kSIGBUS));
}

TEST(MapHugetlb, KnowsOneSize) {
  Process process;
  EXPECT_EQ(process(huge(1, kHuge | kMapHuge2Mb)), Outcome::ok(kArena));
  EXPECT_EQ(process(huge(1, kHuge | size_bits(22))), fails(Errno::kEINVAL));
  EXPECT_EQ(process(huge(1, kHuge | size_bits(63))), fails(Errno::kEINVAL));
  // Without MAP_HUGETLB these bits say nothing.
  (void)process.unmap(0, kHugePages);
  EXPECT_EQ(process(huge(1, kAnonymousFixed | size_bits(22))), Outcome::ok(kArena));
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
}

TEST(MapHugetlb, IsAMappingOfAFile) {
  Process process;
  EXPECT_EQ(process(huge(0)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(huge(~Address{0})), fails(Errno::kEINVAL));  // rounds up to nothing
  EXPECT_EQ(process(huge(1, kHuge, kPageSize)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(huge(1, kHuge, kHugePageSize)), Outcome::ok(kArena));
  EXPECT_EQ(process.vma(0).pgoff, kHugePages);
  constexpr std::uint64_t kUntyped = kHuge & ~kMapType;
  EXPECT_EQ(process(huge(1, kUntyped | kMapDroppable)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(huge(1, kHuge | kMapGrowsdown)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(huge(1, kUntyped | kMapSharedValidate)), Outcome::ok(kArena));
  EXPECT_EQ(process.flags(0), "rd wr sh mr mw me ms de nr ht");
  EXPECT_EQ(process(Mmap{page(1), 1, kReadWrite, kHuge, {}, 0}), fails(Errno::kEINVAL));
}

TEST(MapHugetlb, OfAFileWantsAHugetlbFile) {
  Process process;
  EXPECT_EQ(process.map_file(0, 0, kMemfd0, kRead, kPrivateFixed | kMapHugetlb),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process.map_file(0, 1, {}, kRead, kPrivateFixed | kMapHugetlb), fails(Errno::kEBADF));
  // Whose size is what it is.
  EXPECT_TRUE(process
                  .map_file(0, kHugePages, kHugetlb0, kRead,
                            kPrivateFixed | kMapHugetlb | kMapNoreserve | size_bits(22))
                  .is_ok());
}

TEST(MapHugetlb, SizesAreKnownToMapSharedValidateUpToBit30) {
  Process process;
  constexpr std::uint64_t kValidated = kMapSharedValidate | kMapFixed;
  EXPECT_TRUE(process.map_file(0, 1, kMemfd0, kRead, kValidated | size_bits(31)).is_ok());
  EXPECT_EQ(process.map_file(0, 1, kMemfd0, kRead, kValidated | size_bits(32)),
            fails(Errno::kEOPNOTSUPP));
  EXPECT_TRUE(process.map_file(0, 1, kMemfd0, kRead, kSharedFixed | size_bits(32)).is_ok());
  EXPECT_EQ(process(huge(1, (kHuge & ~kMapType) | kMapSharedValidate | size_bits(32))),
            fails(Errno::kEINVAL));
}

TEST(MapHugetlb, IsPlacedAtHugePages) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    const Outcome placed = process(Mmap{0, 1, kRead, kHuge & ~kMapFixed, {}, 0});
    ASSERT_TRUE(placed.is_ok());
    EXPECT_EQ(placed.value(), 0x7ffff7c00000U) << profile.name;
  }
}

TEST(MapHugetlb, CanBeDiscardedButNotLockedOrRemapped) {
  Process process;
  (void)process(huge(2 * kHugePageSize, (kHuge & ~kMapType) | kMapShared));
  EXPECT_EQ(process.advise(0, kHugePages, kMadvRemove), kOk);
  // What is not locked is populated even so, and cannot be.
  EXPECT_EQ(process(Mlock2{kArena, kHugePageSize, kMlockOnfault}), fails(Errno::kENOMEM));
  EXPECT_EQ(process.flags(0), "rd wr sh mr mw me ms de nr ht");
  EXPECT_EQ(process(RemapFilePages{kArena, kHugePageSize, 0, kHugePages, 0}),
            fails(Errno::kENOMEM));
}

}  // namespace
}  // namespace vmadiff::model
