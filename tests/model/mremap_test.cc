// tests/model: mremap that stays where it is, or has to go because there is no room.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Mremap, OfTheSameSizeIsTheSameAddressWhateverIsThere) {
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process.resize(0, 8, 8), Outcome::ok(kArena));
  EXPECT_EQ(process.ruler(3), "A..");
}

TEST(Mremap, ShrinksAndTheRestIsUnmappedWhateverItIs) {
  Process process;
  (void)process.map(0, 4);
  (void)process.map(5, 2, kRead);
  EXPECT_EQ(process.resize(0, 6, 2), Outcome::ok(kArena));
  EXPECT_EQ(process.ruler(8), "AA....B.");
  EXPECT_EQ(process(Mremap{kArena, ~Address{0} - kPageSize, kPageSize, 0, 0}),
            fails(Errno::kEINVAL));
}

TEST(Mremap, GrowsInPlaceAndJoinsWhatItReaches) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  EXPECT_EQ(process.resize(0, 2, 3), Outcome::ok(kArena));
  EXPECT_EQ(process.ruler(6), "AAA.BB");
  EXPECT_EQ(process.resize(0, 3, 5), fails(Errno::kENOMEM));
  EXPECT_EQ(process.resize(1, 2, 3), Outcome::ok(page(1)));
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Mremap, GrowsOnlyFromTheEndOfAVma) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process.resize(0, 2, 3), fails(Errno::kENOMEM));
  EXPECT_EQ(process.resize(0, 5, 6), fails(Errno::kEFAULT));
}

TEST(Mremap, MovesWhereItCannotGrow) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map_file(2, 1, kMemfd0);
  EXPECT_EQ(process.resize(0, 2, 4, kMremapMaymove), Outcome::ok(kTop - 4 * kPageSize));
  EXPECT_EQ(process.ruler(4), "..A.");
  EXPECT_EQ(process.at(kTop - kPageSize).pages(), 4U);
}

TEST(Mremap, PlacesLikeMmapWithoutAHint) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(1, 1, kMemfd0);
  // A multiple of 2 MiB of private anonymous memory is aligned.
  EXPECT_EQ(process.resize(0, 1, 512, kMremapMaymove), Outcome::ok(0x7ffff7c00000));
  Process shared;
  (void)shared.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)shared.map_file(1, 1, kMemfd0);
  EXPECT_EQ(shared.resize(0, 1, 512, kMremapMaymove), Outcome::ok(kTop - kHugePageSize));
}

TEST(Mremap, OfOldSizeZeroMapsSharedMemoryOnceMore) {
  Process process;
  (void)process.map(0, 4, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(process.resize(1, 0, 2), fails(Errno::kENOMEM));  // never in place
  EXPECT_EQ(process.resize(1, 0, 2, kMremapMaymove), Outcome::ok(kTop - 2 * kPageSize));
  EXPECT_EQ(process.ruler(4), "AAAA");
  const Vma copy = process.at(kTop - kPageSize);
  EXPECT_EQ(copy.file, process.vma(0).file);
  EXPECT_EQ(copy.pgoff, 1U);
  (void)process.map(4, 1);
  EXPECT_EQ(process.resize(4, 0, 1, kMremapMaymove), fails(Errno::kEINVAL));
}

TEST(Mremap, OfOldSizeZeroOntoItselfIsEfaultAndTheMemoryIsGone) {
  Process process;
  (void)process.map(0, 2, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(process(Mremap{kArena, 0, kPageSize, kMremapMaymove | kMremapFixed, kArena}),
            fails(Errno::kEFAULT));
  EXPECT_EQ(process.ruler(2), ".A");
}

TEST(Mremap, ARefusedChargeIsEnomem) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 3;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 2);
  EXPECT_EQ(process.resize(0, 2, 6), fails(Errno::kENOMEM));
  EXPECT_EQ(process.resize(0, 2, 5), Outcome::ok(kArena));
  EXPECT_EQ(process.resize(0, 5, 9, kMremapMaymove), fails(Errno::kENOMEM));
  EXPECT_EQ(process.move(0, 5, 8), Outcome::ok(page(8)));  // only what it grows by is charged
  EXPECT_EQ(process.move(8, 5, 0, kMremapMaymove | kMremapDontunmap), fails(Errno::kENOMEM));
}

TEST(Mremap, OfSpecialMappingsOnlyKeepsOrShrinksThem) {
  Process process;
  (void)process.map_file(0, 3, kPfnmap0);
  EXPECT_EQ(process.resize(0, 3, 4), fails(Errno::kEFAULT));
  EXPECT_EQ(process.move(0, 3, 8, kMremapMaymove | kMremapDontunmap), fails(Errno::kEINVAL));
  EXPECT_EQ(process.resize(0, 3, 2), Outcome::ok(kArena));
  EXPECT_EQ(process.move(0, 2, 8), Outcome::ok(page(8)));
}

TEST(Mremap, OfHugetlbIsInWholeHugePages) {
  Process process;
  const std::uint64_t flags = kPrivateFixed | kMapNoreserve;
  const auto remap = [&](Address addr, Address from, Address to, std::uint64_t remap_flags = 0,
                         Address new_addr = 0) {
    return process(Mremap{addr, from, to, remap_flags, new_addr});
  };
  (void)process(Mmap{kArena, 2 * kHugePageSize, kRead, flags, kHugetlb0, 0});
  EXPECT_EQ(remap(kArena, kPageSize, 2 * kPageSize), Outcome::ok(kArena));
  EXPECT_EQ(remap(kArena + kPageSize, kPageSize, kPageSize), fails(Errno::kEINVAL));
  EXPECT_EQ(remap(kArena, kPageSize, kPageSize, 0, kPageSize), fails(Errno::kEINVAL));
  EXPECT_EQ(remap(kArena, kPageSize, 2 * kHugePageSize), fails(Errno::kEINVAL));
  EXPECT_EQ(remap(kArena, kHugePageSize + 1, kPageSize), Outcome::ok(kArena));
  EXPECT_EQ(process.vma(0).end, kArena + kHugePageSize);
  EXPECT_EQ(remap(kArena, kHugePageSize, kPageSize, kMremapMaymove | kMremapFixed,
                  kArena + kHugePageSize),
            Outcome::ok(kArena + kHugePageSize));
}

TEST(Mremap, ThatShrinksIsChargedForWhatIsCutOffInSomeKernels) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 3;
  for (const auto rule : {MremapCharge::kNothing, MremapCharge::kWhatIsCutOff}) {
    Process process(with(&KernelProfile::mremap_charge, rule), setup);
    (void)process.map(0, 3);
    const bool refused = rule == MremapCharge::kWhatIsCutOff;
    const auto move = [&process](std::uint64_t pages) {
      return process(
          Mremap{page(0), pages * kPageSize, kPageSize, kMremapMaymove | kMremapFixed, page(8)});
    };
    EXPECT_EQ(move(5), refused ? fails(Errno::kENOMEM) : Outcome::ok(page(8)));
    EXPECT_EQ(process.ruler(9), refused ? "A........" : "........A");
    (void)process.map(0, 3);
    EXPECT_EQ(move(4), Outcome::ok(page(8)));
  }
}

}  // namespace
}  // namespace vmadiff::model
