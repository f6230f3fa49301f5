// tests/model: the address that an mmap without MAP_FIXED gets.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kAnonymous = kMapPrivate | kMapAnonymous;

Mmap hinted(Address hint, Address length, std::uint64_t flags = kAnonymous, FileId file = {},
            std::uint64_t offset = 0) {
  return {hint, length, kRead, flags, file, offset};
}

TEST(Placement, WithoutAHintIsFromTheTopDown) {
  Process process;
  EXPECT_EQ(process(hinted(0, 0x3000)), Outcome::ok(kTop - 0x3000));
  EXPECT_EQ(process(hinted(0, 1)), Outcome::ok(kTop - 0x4000));
  (void)process(Munmap{kTop - 0x2000, 0x1000});
  EXPECT_EQ(process(hinted(0, 0x2000)), Outcome::ok(kTop - 0x6000));  // the gap is too small
  EXPECT_EQ(process(hinted(0, 0x1000)), Outcome::ok(kTop - 0x2000));  // and now it fits
}

TEST(Placement, AHintIsTakenWhereTheRangeIsFree) {
  Process process;
  EXPECT_EQ(process(hinted(kArena + 5, 0x2000)), Outcome::ok(kArena));  // rounded down
  EXPECT_EQ(process(hinted(kArena + 0x1000, 0x1000)), Outcome::ok(kTop - 0x1000));
  EXPECT_EQ(process(hinted(kArena - 0x1000, 0x1000)), Outcome::ok(kArena - 0x1000));
  EXPECT_EQ(process(hinted(kArena - 0x2000, 0x2000)), Outcome::ok(kTop - 0x3000));
  EXPECT_EQ(process(hinted(0x7fffffffe000, 0x2000)), Outcome::ok(kTop - 0x5000));  // does not fit
  EXPECT_EQ(process(hinted(~Address{0}, 0x1000)), Outcome::ok(kTop - 0x6000));
}

TEST(Placement, ALowHintIsRoundedUpToTheLowestAddress) {
  Process process;
  EXPECT_EQ(process(hinted(0x1000, 0x1000)), Outcome::ok(0x10000));
  EXPECT_EQ(process(hinted(0xfff, 0x1000)), Outcome::ok(kTop - 0x1000));  // rounds down to none
}

TEST(Placement, IsBottomUpAboveTheBaseWhereNothingIsFreeBelowIt) {
  Process process;
  const std::uint64_t fixed = kAnonymousFixed | kMapNoreserve;
  for (const Range all :
       {Range{0x10000, 0x10000000}, Range{0x10100000, 0x20000000}, Range{0x20020000, kTop}}) {
    ASSERT_TRUE(process(Mmap{all.start, all.size(), 0, fixed, {}, 0}).is_ok());
  }
  EXPECT_EQ(process(hinted(0, 0x3000)), Outcome::ok(kTop));
  EXPECT_EQ(process(hinted(0, 0x1000)), Outcome::ok(kTop + 0x3000));
  EXPECT_EQ(process(hinted(0, 0x8000000)), fails(Errno::kENOMEM));
  ASSERT_TRUE(process(Munmap{kArena, 0x1000}).is_ok());
  EXPECT_EQ(process(hinted(0, 0x1000)), Outcome::ok(kArena));  // below the base goes first
}

TEST(Placement, BottomUpBeginsAtAThirdOfTheAddressSpace) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x30000000;
  Process process(kDefaultProfileName, setup);
  EXPECT_EQ(process(hinted(0, 0x20001000)), Outcome::ok(0x2aaaaaaab000));
}

// What 6.18 did under ADDR_COMPAT_LAYOUT, call by call.
TEST(Placement, IsBottomUpWhereTheLayoutIs) {
  constexpr Address kBase = 0x2aaaaaaab000;
  spec::Setup setup = spec::Setup::standard();
  setup.bottom_up = true;
  for (const KernelProfile& profile : profiles()) {
    if (profile.anon_placement != AnonPlacement::kHugePageAligned) continue;
    SCOPED_TRACE(profile.name);
    Process process(profile.name, setup);
    const std::uint64_t unreserved = kAnonymous | kMapNoreserve;
    EXPECT_EQ(process(hinted(0, kPageSize)), Outcome::ok(kBase));
    EXPECT_EQ(process(hinted(0, 2 * kPageSize, kAnonymous | kMap32Bit)), Outcome::ok(0x40000000));
    EXPECT_EQ(process(hinted(0, kPageSize, kAnonymous | kMapAbove4G)),
              Outcome::ok(kBase + kPageSize));
    // Huge pages' worth is aligned upwards, and by no more than that costs.
    EXPECT_EQ(process(hinted(0, kHugePageSize)), Outcome::ok(0x2aaaaac00000));
    EXPECT_EQ(process(hinted(0, kHugePageSize)), Outcome::ok(0x2aaaaae00000));
    EXPECT_EQ(process(hinted(0, kHugePageSize + kPageSize, kMapPrivate, kFile0)),
              Outcome::ok(0x2aaaab000000));
    EXPECT_EQ(
        process(hinted(0, 2 * kHugePageSize + 2 * kPageSize, kMapPrivate, kFile0, 3 * kPageSize)),
        Outcome::ok(0x2aaaab203000));
    EXPECT_EQ(process(hinted(0, kHugePageSize, kMapPrivate | kMapNoreserve, kHugetlb0)),
              Outcome::ok(0x2aaaab800000));
    EXPECT_EQ(process(hinted(0, kHugePageSize, kMapPrivate, kMemfd0)), Outcome::ok(0x2aaaaba00000));
    EXPECT_EQ(process(hinted(0, kHugePageSize, unreserved | kMapHugetlb)),
              Outcome::ok(0x2aaaabc00000));
    EXPECT_EQ(process(hinted(0, 0x2aaaaaaab000, unreserved)), Outcome::ok(0x2aaaabe00000));
    EXPECT_EQ(process(hinted(0, 0x4aaaaaaab000, unreserved)), fails(Errno::kENOMEM));
    EXPECT_EQ(process(hinted(kBase + kPageSize, kPageSize)), Outcome::ok(kBase + 2 * kPageSize));
    EXPECT_EQ(process(hinted(kArena, kPageSize)), Outcome::ok(kArena));
  }
}

TEST(Placement, OfHugePagesWorthOfAnonymousMemoryIsAligned) {
  Process process;
  EXPECT_EQ(process(hinted(0, kHugePageSize)), Outcome::ok(0x7ffff7c00000));
}

TEST(Placement, OfOtherAnonymousMemoryIsNot) {
  const Address length = kHugePageSize + kPageSize;
  EXPECT_EQ(Process()(hinted(0, length)), Outcome::ok(kTop - length));  // not whole huge pages
  EXPECT_EQ(Process()(hinted(kArena + kPageSize, kHugePageSize)), Outcome::ok(kArena + kPageSize));
  EXPECT_EQ(Process()(hinted(0, kHugePageSize, kMapShared | kMapAnonymous)),
            Outcome::ok(kTop - kHugePageSize));
}

TEST(Placement, ThatIsAlignedTakesOneHugePageMoreWhereTheSearchFoundAnAlignedRange) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x7ffff7e00000;
  Process process(kDefaultProfileName, setup);
  EXPECT_EQ(process(hinted(0, kHugePageSize)), Outcome::ok(0x7ffff7c00000));
}

TEST(Placement, OfARegularFileIsAlignedToItsOffset) {
  Process process;
  const Address length = kHugePageSize + 0x5000;
  EXPECT_EQ(process(hinted(0, length, kMapPrivate, kFile0)), Outcome::ok(0x7ffff7c00000));
  // No whole huge page lies between the offset's first boundary and the end: no alignment.
  EXPECT_EQ(process(hinted(0, kHugePageSize, kMapPrivate, kFile0, kPageSize)),
            Outcome::ok(0x7ffff7a00000));
  const Outcome placed = process(hinted(0, 2 * kHugePageSize, kMapPrivate, kFile0, 0x3000));
  ASSERT_TRUE(placed.is_ok());
  EXPECT_EQ(placed.value() % kHugePageSize, 0x3000U);
}

TEST(Placement, OfALargeFilePassesOverAHintWithoutRoomForAHugePageMore) {
  Process process;
  (void)process(Mmap{kArena + 2 * kHugePageSize, kPageSize, 0, kAnonymousFixed, {}, 0});
  EXPECT_EQ(process(hinted(kArena, kHugePageSize, kMapPrivate, kFile0)), Outcome::ok(kArena));
  (void)process(Munmap{kArena, kHugePageSize});
  const Outcome passed_over =
      process(hinted(kArena + kPageSize, kHugePageSize, kMapPrivate, kFile0));
  ASSERT_TRUE(passed_over.is_ok());
  EXPECT_GT(passed_over.value(), kArena + 2 * kHugePageSize);
  EXPECT_EQ(process(hinted(kArena + kPageSize, kHugePageSize, kMapPrivate, kMemfd0)),
            Outcome::ok(kArena + kPageSize));
}

TEST(Placement, OfDevZeroDependsOnTheKernel) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    const bool aligned = profile.zero_placement == ZeroPlacement::kHugePageAligned;
    EXPECT_EQ(process(hinted(0, kHugePageSize, kMapPrivate, kZero0)),
              Outcome::ok(aligned ? 0x7ffff7c00000 : kTop - kHugePageSize))
        << profile.name;
  }
  Process process;
  EXPECT_EQ(process(hinted(0, kHugePageSize, kMapShared, kZero0)),
            Outcome::ok(kTop - kHugePageSize));
}

TEST(Placement, OfShmemIsPlain) {
  Process process;
  EXPECT_EQ(process(hinted(0, kHugePageSize, kMapPrivate, kMemfd0)),
            Outcome::ok(kTop - kHugePageSize));
}

TEST(Placement, OfHugetlbIsAlignedAndItsHintRoundedUp) {
  Process process;
  const std::uint64_t flags = kMapPrivate | kMapNoreserve;
  EXPECT_EQ(process(hinted(0, 1, flags, kHugetlb0)), Outcome::ok(0x7ffff7c00000));
  EXPECT_EQ(process(hinted(kArena + 1, 1, flags, kHugetlb0)), Outcome::ok(kArena));
  EXPECT_EQ(process(hinted(kArena + kPageSize, 1, flags, kHugetlb0)),
            Outcome::ok(kArena + kHugePageSize));
}

TEST(Placement, Map32BitIsTheSecondGigabyteFromBelow) {
  Process process;
  constexpr Address kGiB = Address{1} << 30;
  const std::uint64_t flags = kAnonymous | kMap32Bit;
  EXPECT_EQ(process(hinted(0, 0x2000, flags)), Outcome::ok(kGiB));
  EXPECT_EQ(process(hinted(0, 0x1000, flags)), Outcome::ok(kGiB + 0x2000));
  EXPECT_EQ(process(hinted(0x50000000, 0x1000, flags)), Outcome::ok(0x50000000));
  EXPECT_EQ(process(hinted(0x30000000, 0x1000, flags)), Outcome::ok(0x30000000));  // a hint below
  EXPECT_EQ(process(hinted(kArena, 0x1000, flags)), Outcome::ok(kGiB + 0x3000));   // one above
  EXPECT_EQ(process(hinted(0, kGiB, flags)), fails(Errno::kENOMEM));
  EXPECT_EQ(process(hinted(0, 2 * kGiB + 0x1000, flags)), fails(Errno::kENOMEM));
}

TEST(Placement, MapAbove4GNeverGoesBelowByItself) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x140000000;
  Process process(kDefaultProfileName, setup);
  const std::uint64_t flags = kAnonymous | kMapAbove4G;
  EXPECT_EQ(process(hinted(0, 0x3ffff000, flags)), Outcome::ok(0x100001000));
  // No room between 4 GiB and mmap_base: upwards, where mmap_base is no limit.
  EXPECT_EQ(process(hinted(0, 0x2000, flags)), Outcome::ok(0x2aaaaaaab000));
  EXPECT_EQ(process(hinted(0, 0x2000)), Outcome::ok(0xfffff000));
  EXPECT_EQ(process(hinted(0x50000000, 0x1000, flags)), Outcome::ok(0x50000000));
}

TEST(Placement, OfHugetlbWasApartFromAllOthers) {
  const std::uint64_t flags = kMapPrivate | kMapNoreserve | kMap32Bit;
  Process old("linux-6.12");
  EXPECT_EQ(old(hinted(kArena + kPageSize, kHugePageSize, flags, kHugetlb0)), Outcome::ok(kArena));
  EXPECT_EQ(old(hinted(0, kHugePageSize, flags, kHugetlb0)), Outcome::ok(0x7ffff7c00000));
  EXPECT_EQ(old(hinted(kPageSize, kHugePageSize, flags, kHugetlb0)), fails(Errno::kEPERM));
  Process process;
  EXPECT_EQ(process(hinted(0x50001000, kHugePageSize, flags, kHugetlb0)), Outcome::ok(0x50200000));
  EXPECT_EQ(process(hinted(0, kHugePageSize, flags, kHugetlb0)), Outcome::ok(0x40000000));
}

TEST(Placement, GoesDownToThePageOneOrToTheLowestMappable) {
  for (const auto floor : {SearchFloor::kFirstPage, SearchFloor::kLowestMappable}) {
    spec::Setup setup = spec::Setup::standard();
    setup.mmap_base = 0x20000;
    setup.mmap_min_addr = 0x8000;
    Process process(with(&KernelProfile::search_floor, floor), setup);
    const auto map = [&process](std::uint64_t pages) {
      return process(Mmap{0, pages * kPageSize, kRead, kMapPrivate | kMapAnonymous, {}, 0});
    };
    EXPECT_EQ(map(16), Outcome::ok(0x10000));
    const bool to_page_one = floor == SearchFloor::kFirstPage;
    const Address upwards = page_up(setup.task_size / 3);
    EXPECT_EQ(map(9), to_page_one ? fails(Errno::kEPERM) : Outcome::ok(upwards));
    EXPECT_EQ(map(8), Outcome::ok(to_page_one ? 0x8000 : upwards + 9 * kPageSize));
  }
}

TEST(Placement, OfWhatIsAlignedTakesTheBottomOrTheTopOfItsRoom) {
  for (const auto room : {AlignedRoom::kFromBottom, AlignedRoom::kToTop}) {
    for (const bool bottom_up : {false, true}) {
      spec::Setup setup = spec::Setup::standard();
      setup.mmap_base = 0x7ffff7e00000;
      if (bottom_up) setup.task_size = 0x600000000000;  // a huge page begins at a third of it
      setup.bottom_up = bottom_up;
      Process process(with(&KernelProfile::aligned_room, room), setup);
      const Outcome placed = process(Mmap{0, kHugePageSize, kRead, kMapPrivate, kFileRo0, 0});
      const bool to_top = room == AlignedRoom::kToTop;
      EXPECT_EQ(placed, Outcome::ok(bottom_up ? 0x200000000000
                                    : to_top  ? 0x7ffff7c00000
                                              : 0x7ffff7a00000));
    }
  }
}

}  // namespace
}  // namespace vmadiff::model
