// tests/model: mremap to another place: what arrives there, what it becomes one with, and what is
// left behind.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(MremapMove, ReplacesWhatIsThereAndLeavesAHole) {
  Process process;
  (void)process.map(0, 4);
  (void)process.map(6, 4, kRead);
  EXPECT_EQ(process.move(1, 2, 7), Outcome::ok(page(7)));
  EXPECT_EQ(process.ruler(10), "A..B..CDDE");
}

TEST(MremapMove, OfMemoryNeverWrittenToTakesTheOffsetOfItsNewPlace) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(8, 1);
  (void)process.move(0, 2, 9);
  EXPECT_EQ(process.ruler(12), "........AAA.");
  (void)process.map_file(0, 1, kZero0, kReadWrite);  // /dev/zero is memory like that
  (void)process.move(0, 1, 4);
  EXPECT_EQ(process.vma(4).pgoff, page(4) >> kPageShift);
}

TEST(MremapMove, OfWrittenMemoryKeepsOffsetAndAnonVma) {
  Process process;
  (void)process.map(0, 2);
  (void)process.write(0);
  const AnonVmaId anon_vma = process.vma(0).anon_vma;
  (void)process.map(8, 1);
  (void)process.move(0, 2, 9);
  EXPECT_EQ(process.ruler(12), "........ABB.");
  EXPECT_EQ(process.vma(9).pgoff, page(0) >> kPageShift);
  EXPECT_EQ(process.vma(9).anon_vma, anon_vma);
  (void)process.move(9, 2, 0);
  (void)process.map(2, 1);
  EXPECT_EQ(process.ruler(12), "AAA.....B...");
}

TEST(MremapMove, GivesItsAnonVmaToAnUnwrittenNeighbourSince616) {
  for (const bool is_old : {true, false}) {
    Process process(is_old ? "linux-6.12" : "linux-6.18");
    (void)process.map_file(0, 2, kMemfd0);
    (void)process.write(1);
    const AnonVmaId anon_vma = process.vma(1).anon_vma;
    (void)process.map_file(7, 1, kMemfd0, kReadWrite, kPrivateFixed);
    (void)process(Mmap{page(7), kPageSize, kReadWrite, kPrivateFixed, kMemfd0, 0});
    EXPECT_EQ(process.move(1, 1, 8), Outcome::ok(page(8)));
    EXPECT_EQ(process.ruler(9), is_old ? "A......BC" : "A......BB");
    EXPECT_EQ(process.vma(8).anon_vma, anon_vma);
  }
}

TEST(MremapMove, MayJoinTheVeryVmaItComesFrom) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process.move(2, 2, 4), Outcome::ok(page(4)));
  EXPECT_EQ(process.ruler(8), "AA..BB..");
  EXPECT_EQ(process.flags(4), "rd wr mr mw me ac");
}

TEST(MremapMove, ShrinksOrGrowsOnTheWay) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(
      process(Mremap{kArena, 4 * kPageSize, kPageSize, kMremapMaymove | kMremapFixed, page(8)}),
      Outcome::ok(page(8)));
  EXPECT_EQ(process.ruler(12), "........A...");
  EXPECT_EQ(
      process(Mremap{page(8), kPageSize, 3 * kPageSize, kMremapMaymove | kMremapFixed, kArena}),
      Outcome::ok(kArena));
  EXPECT_EQ(process.ruler(12), "AAA.........");
}

// --- MREMAP_DONTUNMAP

TEST(MremapDontunmap, LeavesEmptyMemoryWithoutAnAnonVma) {
  Process process;
  (void)process.map(0, 2);
  (void)process.write(0);
  EXPECT_EQ(process.move(0, 2, 8, kDontunmap), Outcome::ok(page(8)));
  EXPECT_EQ(process.ruler(12), "AA......BB..");
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_NE(process.vma(8).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.move(8, 1, 4, kDontunmap), Outcome::ok(page(4)));
  EXPECT_NE(process.vma(8).anon_vma, kNoAnonVma);  // only a part has moved
}

TEST(MremapDontunmap, TakesItsAddressAsAHint) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(8, 1);
  const std::uint64_t flags = kMremapMaymove | kMremapDontunmap;
  EXPECT_EQ(process.move(0, 2, 8, flags), Outcome::ok(0x7ffff7ffd000));
  EXPECT_EQ(process.move(0, 2, 5, flags), Outcome::ok(page(5)));
  EXPECT_EQ(process(Mremap{kArena, kPageSize, kPageSize, flags, 0}), Outcome::ok(0x7ffff7ffc000));
}

TEST(MremapDontunmap, ResetsTheOffsetOfMovedMemoryOnlyIn612) {
  for (const bool is_old : {true, false}) {
    Process process(is_old ? "linux-6.12" : "linux-6.18");
    (void)process.map(0, 2);
    (void)process.write(0, 2);
    (void)process.move(0, 2, 4);
    (void)process.move(4, 2, 8, kDontunmap);
    EXPECT_EQ(process.vma(4).pgoff, page(is_old ? 4 : 0) >> kPageShift);
  }
}

TEST(MremapDontunmap, MayJoinWhatItLeavesButNotIn612) {
  for (const bool is_old : {true, false}) {
    Process process(is_old ? "linux-6.12" : "linux-6.18");
    (void)process.map(0, 2);
    (void)process.move(0, 2, 2, kDontunmap);
    EXPECT_EQ(process.ruler(4), is_old ? "AABB" : "AAAA");
  }
}

TEST(MremapDontunmap, LosesTheAccountOfTheWholeVmaIn616) {
  Process process("patch-v2");
  (void)process.map(0, 3);
  (void)process.write(0);
  (void)process.move(0, 1, 8, kDontunmap);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me");
  EXPECT_EQ(process.flags(8), "rd wr mr mw me ac");
}

// --- several VMAs

TEST(MremapOfSeveralVmas, IsEfaultBefore617) {
  Process process("linux-6.12");
  (void)process.map(0, 1);
  (void)process.map(1, 1, kRead);
  (void)process.map(8, 2);
  EXPECT_EQ(process.move(0, 2, 8), fails(Errno::kEFAULT));
  EXPECT_EQ(process.ruler(10), "AB........");  // the destination is gone all the same
}

TEST(MremapOfSeveralVmas, MovesThemWithTheHolesBetween) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(1, 1, kRead);
  (void)process.map(3, 2);
  (void)process.map(8, 5, kProtNone);
  EXPECT_EQ(process.move(0, 4, 8), Outcome::ok(page(8)));
  EXPECT_EQ(process.ruler(13), "....A...BCDEF");
}

TEST(MremapOfSeveralVmas, NeedsAVmaAtTheStartOnly) {
  Process process;
  (void)process.map(1, 1);
  EXPECT_EQ(process.move(0, 3, 8), fails(Errno::kEFAULT));
  EXPECT_EQ(process.move(1, 3, 8), Outcome::ok(page(8)));
  EXPECT_EQ(process.move(4, 3, 8), fails(Errno::kEFAULT));
}

TEST(MremapOfSeveralVmas, StopsAtTheFirstErrorAndWhatCameBeforeHasMoved) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(1, 1, kRead);
  (void)process.seal(1, 1);
  EXPECT_EQ(process.move(0, 2, 8), fails(Errno::kEPERM));
  EXPECT_EQ(process.ruler(10), ".A......B.");
}

TEST(MremapOfSeveralVmas, IsNotForFilesThatPlaceTheirMappingsThemselves) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(1, 1, kZero0);
  EXPECT_EQ(process.move(0, 2, 8), fails(Errno::kEFAULT));
  EXPECT_EQ(process.ruler(10), ".A......B.");
  EXPECT_EQ(process.move(1, 2, 4), fails(Errno::kEFAULT));  // even if only a hole follows
  EXPECT_EQ(process.move(1, 1, 4), Outcome::ok(page(4)));
}

/// Memory that was written to, moved back to page 0 with memory at page 2 that was not; in a child
/// of fork, too.
Process with_written_moved_home(MovedAnonVma rule, bool in_child) {
  Process process(with(&KernelProfile::moved_anon_vma, rule));
  (void)process.map(0, 2);
  (void)process.write(0, 2);
  if (in_child) {
    (void)process(Fork{});
    process.become(1);
  }
  (void)process.move(0, 2, 8);
  (void)process.map(2, 2);
  (void)process.move(8, 2, 0);
  return process;
}

TEST(MremapMove, PassesItsAnonVmaOnOrForgetsIt) {
  for (const auto rule : {MovedAnonVma::kForgotten, MovedAnonVma::kPassedOn}) {
    Process process = with_written_moved_home(rule, false);
    EXPECT_EQ(process.ruler(4), "AAAA");
    EXPECT_EQ(process.vma(0).anon_vma != kNoAnonVma, rule == MovedAnonVma::kPassedOn);
    EXPECT_EQ(process.vma(0).anon_vma_links, rule == MovedAnonVma::kPassedOn ? 1U : 0U);
  }
}

TEST(MremapMove, OfWhatCameThroughForkStaysApartWhereTheAnonVmaIsPassedOn) {
  EXPECT_EQ(with_written_moved_home(MovedAnonVma::kPassedOn, true).ruler(4), "AABB");
  Process process = with_written_moved_home(MovedAnonVma::kForgotten, true);
  EXPECT_EQ(process.ruler(4), "AAAA");
  EXPECT_EQ(process.vma(0).anon_vma, kNoAnonVma);
}

// A neighbour above that has the same anon_vma keeps it for the whole.
TEST(MremapMove, ForgetsNoAnonVmaThatANeighbourHasToo) {
  Process process(with(&KernelProfile::moved_anon_vma, MovedAnonVma::kForgotten));
  (void)process.map(0, 3);
  (void)process.write(0, 3);
  (void)process.move(1, 1, 8);
  (void)process.map(0, 1);
  (void)process.move(8, 1, 1);
  EXPECT_EQ(process.ruler(3), "AAA");
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
}

}  // namespace
}  // namespace vmadiff::model
