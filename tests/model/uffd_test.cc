// tests/model: userfaultfd: what can be watched, what becomes of it.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kUnreserved = kSharedFixed | kMapNoreserve;

bool is_watched(Process& process, std::uint64_t index) {
  return (process.vma(index).flags & kVmUffdWp) != 0;
}

/// Processes of which each VMA counts: at most `more` can be added.
Setup with_room_for(std::uint64_t more) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = setup.initial.counters.map_count + more;
  return setup;
}

TEST(UffdRegister, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 4);
  const auto refused = fails(Errno::kEINVAL);
  EXPECT_EQ(process(UffdRegister{kArena, kPageSize, 0}), refused);
  EXPECT_EQ(process(UffdRegister{kArena, kPageSize, kUffdModeWp | 8}), refused);
  EXPECT_EQ(process(UffdRegister{kArena + 1, kPageSize, kUffdModeWp}), refused);
  EXPECT_EQ(process(UffdRegister{kArena, kPageSize + 1, kUffdModeWp}), refused);
  EXPECT_EQ(process(UffdRegister{kArena, 0, kUffdModeWp}), refused);
  EXPECT_EQ(process(UffdRegister{kArena, -kArena, kUffdModeWp}), refused);
  EXPECT_EQ(process(UffdRegister{kArena, 0x7ffffffff000 - kArena + kPageSize, kUffdModeWp}),
            refused);
  EXPECT_EQ(process.watch(8, 4), refused);  // nothing is there
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  EXPECT_EQ(process(UffdRegister{kArena, 0x7ffffffff000 - kArena, kUffdModeWp}), kOk);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me uw ac");
}

TEST(UffdRegister, MayBeginBelowTheLowestMappableAddress) {
  spec::Setup setup = spec::Setup::standard();
  setup.initial.vmas.clear();
  setup.initial.counters = {};
  Process process(kDefaultProfileName, setup);
  ASSERT_TRUE(process(Mmap{0x10000, kPageSize, kRead, kAnonymousFixed, {}, 0}).is_ok());
  EXPECT_EQ(process(UffdRegister{0, 0x20000, kUffdModeWp}), kOk);
}

TEST(UffdRegister, WatchesAnonymousMemoryAndShmemOnly) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(2, 1, kZero0);
  (void)process.map_file(4, 1, kMemfd0);
  (void)process.map_file(6, 1, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.map(8, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map_file(10, 1, kZero0, kReadWrite, kSharedFixed);
  for (std::uint64_t i = 0; i < 12; i += 2) {
    EXPECT_EQ(process.watch(i, 1), kOk) << i;
    EXPECT_TRUE(is_watched(process, i)) << i;
  }
  (void)process.map_file(20, 1, kFile0);
  (void)process.map_file(22, 1, kFileRo0);
  (void)process.map_file(24, 1, kPfnmap0);
  (void)process.map(26, 1, kReadWrite, kMapDroppable | kMapFixed | kMapAnonymous);
  for (std::uint64_t i = 20; i < 28; i += 2) {
    ASSERT_NE(process.vma(i).end, 0U) << i;
    EXPECT_EQ(process.watch(i, 1), fails(Errno::kEINVAL)) << i;
    EXPECT_EQ(process.unwatch(i, 1), fails(Errno::kEINVAL)) << i;
    EXPECT_FALSE(is_watched(process, i)) << i;
  }
}

TEST(UffdRegister, LooksAtTheWholeRangeBeforeItChangesAnything) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map_file(4, 1, kFile0);
  EXPECT_EQ(process.watch(0, 5), fails(Errno::kEINVAL));
  EXPECT_FALSE(is_watched(process, 0));
  (void)process.watch(0, 2);
  EXPECT_EQ(process.unwatch(0, 5), fails(Errno::kEINVAL));
  EXPECT_TRUE(is_watched(process, 0));
}

TEST(UffdRegister, OfWhatCanNeverBeWrittenIsEperm) {
  spec::Setup setup = spec::Setup::standard();
  Vma& sealed = setup.initial.vmas.front();
  sealed.file = kMemfd0;
  sealed.flags &= ~(kVmWrite | kVmMaywrite);
  Process process(kDefaultProfileName, setup);
  EXPECT_EQ(process(UffdRegister{sealed.start, sealed.end - sealed.start, kUffdModeWp}),
            fails(Errno::kEPERM));
}

// AAAA..BB -> ABBB..CD -> (all) AAAA..BB
TEST(UffdRegister, CutsAndJoinsAndPassesOverHoles) {
  Process process;
  (void)process.map(0, 4);
  (void)process.map(6, 2);
  EXPECT_EQ(process.watch(1, 6), kOk);
  EXPECT_EQ(process.ruler(8), "ABBB..CD");
  EXPECT_EQ(process.watch(0, 8), kOk);
  EXPECT_EQ(process.ruler(8), "AAAA..BB");
  EXPECT_TRUE(is_watched(process, 0));
  EXPECT_TRUE(is_watched(process, 7));
  EXPECT_EQ(process.unwatch(2, 5), kOk);
  EXPECT_EQ(process.ruler(8), "AABB..CD");
  EXPECT_EQ(process.unwatch(0, 8), kOk);
  EXPECT_EQ(process.ruler(8), "AAAA..BB");
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
}

TEST(UffdRegister, KeepsNewMemoryApart) {
  Process process;
  (void)process.map(0, 2);
  (void)process.watch(0, 2);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(4), "AABB");
  EXPECT_EQ(process.watch(2, 2), kOk);
  EXPECT_EQ(process.ruler(4), "AAAA");
}

TEST(UffdRegister, WithoutRoomForACutKeepsWhatWasDone) {
  Process process(kDefaultProfileName, with_room_for(2));
  (void)process.map(0, 2);
  (void)process.map(4, 4);
  EXPECT_EQ(process.watch(0, 6), fails(Errno::kENOMEM));
  EXPECT_TRUE(is_watched(process, 0));
  EXPECT_FALSE(is_watched(process, 4));
  EXPECT_EQ(process.watch(4, 4), kOk);
  EXPECT_EQ(process.unwatch(0, 6), fails(Errno::kENOMEM));
  EXPECT_FALSE(is_watched(process, 0));
  EXPECT_TRUE(is_watched(process, 4));
}

TEST(UffdRegister, OfHugePagesWantsWholeOnes) {
  Process process;
  const auto refused = fails(Errno::kEINVAL);
  (void)process.map_file(0, 2 * kHugePages, kHugetlb0, kReadWrite, kUnreserved);
  EXPECT_EQ(process.watch(1, 2 * kHugePages - 1), refused);
  EXPECT_EQ(process.watch(0, 1), refused);
  // Also where the range begins in the hole before.
  EXPECT_EQ(process(UffdRegister{kArena - kPageSize, kHugePageSize + kPageSize, kUffdModeWp}),
            refused);
  EXPECT_EQ(process(UffdRegister{kArena - kHugePageSize, 2 * kHugePageSize, kUffdModeWp}), kOk);
  EXPECT_EQ(process.vma(0).pages(), kHugePages);
  // An end in the hole behind is none of its business; but one in its middle cannot be cut.
  EXPECT_EQ(process.watch(0, 2 * kHugePages + 1), kOk);
  EXPECT_EQ(process.unwatch(0, 1), refused);
  EXPECT_EQ(process.unwatch(1, 2 * kHugePages - 1), refused);
  EXPECT_EQ(process.unwatch(0, kHugePages), kOk);
  EXPECT_FALSE(is_watched(process, 0));
  EXPECT_TRUE(is_watched(process, kHugePages));
}

TEST(UffdRegister, SeesThatAHugePageWouldBeCutBeforeItChangesAnything) {
  Process process;
  (void)process.map(1, 1);
  (void)process.map_file(kHugePages, kHugePages, kHugetlb0, kReadWrite, kUnreserved);
  EXPECT_EQ(process.watch(1, kHugePages), fails(Errno::kEINVAL));
  EXPECT_FALSE(is_watched(process, 1));
}

TEST(Uffd, IsLostByWhatMoves) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(6, 2);
  (void)process.watch(0, 2);
  EXPECT_EQ(process.move(0, 2, 4), Outcome::ok(page(4)));
  EXPECT_FALSE(is_watched(process, 4));
  EXPECT_EQ(process.ruler(8), "....AABB");  // alike now, but not joined
  EXPECT_EQ(process.flags(4), process.flags(6));
}

TEST(Uffd, IsLostByAllThatTheMovedMemoryIsJoinedWith) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  (void)process.watch(0, 6);
  EXPECT_EQ(process.move(4, 2, 2), Outcome::ok(page(2)));
  EXPECT_EQ(process.ruler(6), "AAAA..");
  EXPECT_FALSE(is_watched(process, 0));
}

TEST(Uffd, KeepsWhatMovesApartWhereItIsNeverMerged) {
  for (const auto rule : {UffdMove::kMerges, UffdMove::kNeverMerges}) {
    const bool merges = rule == UffdMove::kMerges;
    Process process(with(&KernelProfile::uffd_move, rule));
    (void)process.map(0, 2);
    (void)process.map(4, 2);
    (void)process.map(6, 4);
    (void)process.watch(4, 2);
    (void)process.watch(0, 2);
    EXPECT_EQ(process.move(4, 2, 2), Outcome::ok(page(2)));
    EXPECT_EQ(process.ruler(6), merges ? "AAAA.." : "AABB..");
    EXPECT_EQ(is_watched(process, 0), !merges);
    EXPECT_FALSE(is_watched(process, 2));
    // What is not watched is joined as ever.
    EXPECT_EQ(process.move(8, 2, 4), Outcome::ok(page(4)));
    EXPECT_EQ(process.ruler(8), merges ? "AAAAAAAA" : "AABBBBBB");
  }
}

TEST(Uffd, StaysOnWhatAMoveLeaves) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map(0, 4);
    (void)process.watch(0, 4);
    EXPECT_EQ(process.move(1, 2, 8), Outcome::ok(page(8)));
    EXPECT_EQ(process.ruler(10), "A..B....CC") << profile.name;
    EXPECT_TRUE(is_watched(process, 0) && is_watched(process, 3)) << profile.name;
    EXPECT_EQ(process.move(0, 1, 20, kMremapMaymove | kMremapFixed | kMremapDontunmap),
              Outcome::ok(page(20)));
    EXPECT_TRUE(is_watched(process, 0)) << profile.name;
    EXPECT_FALSE(is_watched(process, 20)) << profile.name;
  }
}

TEST(Uffd, StaysOnWhatChangesItsSizeInPlace) {
  Process process;
  (void)process.map(0, 2);
  (void)process.watch(0, 2);
  EXPECT_EQ(process.resize(0, 2, 4), Outcome::ok(page(0)));
  EXPECT_EQ(process.resize(0, 4, 3), Outcome::ok(page(0)));
  EXPECT_EQ(process.ruler(4), "AAA.");
  EXPECT_TRUE(is_watched(process, 2));
}

TEST(Uffd, IsNoneOfSeveralThatMoveTogether) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2);
  (void)process.watch(0, 2);
  EXPECT_EQ(process.move(0, 5, 16), fails(Errno::kEFAULT));
  EXPECT_EQ(process.move(0, 3, 16), fails(Errno::kEFAULT));  // a hole behind it counts as another
  EXPECT_EQ(process.ruler(20), "AA.BB...............");
  (void)process.unwatch(0, 2);
  (void)process.watch(3, 2);
  EXPECT_EQ(process.move(0, 5, 16), fails(Errno::kEFAULT));  // when its turn comes
  EXPECT_EQ(process.ruler(20), "...AA...........BB..");
  EXPECT_TRUE(is_watched(process, 3));
}

TEST(Uffd, IsNotInheritedAndEndsWithExec) {
  Process process;
  (void)process.map(0, 2);
  (void)process.watch(0, 1);
  ASSERT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  EXPECT_EQ(process.ruler(2), "AB");
  EXPECT_FALSE(is_watched(process, 0));
  EXPECT_EQ(process.watch(0, 2), kOk);
  EXPECT_EQ(process.ruler(2), "AA");
  process.become(0);
  EXPECT_TRUE(is_watched(process, 0));
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process.ruler(2), "..");
}

TEST(Uffd, WhereNothingIsMappedNorAboveIsEnomemInSomeKernels) {
  for (const auto rule : {UffdUnmapped::kNomem, UffdUnmapped::kInval}) {
    Process process(with(&KernelProfile::uffd_unmapped, rule));
    const auto refused = fails(rule == UffdUnmapped::kNomem ? Errno::kENOMEM : Errno::kEINVAL);
    EXPECT_EQ(process.watch(0, 1), refused);
    EXPECT_EQ(process.unwatch(0, 1), refused);
    (void)process.map(4, 1);
    EXPECT_EQ(process.watch(0, 1), fails(Errno::kEINVAL));
    EXPECT_EQ(process.unwatch(0, 1), fails(Errno::kEINVAL));
  }
}

TEST(Uffd, MergesByTheOffsetOfTheVmaInSomeKernels) {
  for (const auto rule : {UffdOffset::kOfVma, UffdOffset::kOfRange}) {
    Process process(with(&KernelProfile::uffd_offset, rule));
    const bool by_vma = rule == UffdOffset::kOfVma;
    (void)process.map(0, 6);
    (void)process.watch(4, 2);
    (void)process.watch(2, 2);
    EXPECT_EQ(process.ruler(6), by_vma ? "AABBCC" : "AABBBB");
    (void)process.watch(0, 2);  // from a VMA's start on it is right
    EXPECT_EQ(process.ruler(6), by_vma ? "AAAABB" : "AAAAAA");
    (void)process.map(8, 6);
    (void)process.watch(8, 6);
    (void)process.unwatch(12, 2);
    (void)process.unwatch(10, 2);
    EXPECT_EQ(process.ruler(14).substr(8), by_vma ? "CCDDEE" : "BBCCCC");
  }
}

// Pages 0 to 4 of a file with page 2 behind them, as it comes behind the first two.
TEST(Uffd, MergesByChanceAtTheWrongPlaceOfTheFile) {
  Process process(with(&KernelProfile::uffd_offset, UffdOffset::kOfVma));
  (void)process(Mmap{page(0), 4 * kPageSize, kReadWrite, kPrivateFixed, kMemfd0, 0});
  (void)process(Mmap{page(4), kPageSize, kReadWrite, kPrivateFixed, kMemfd0, 2 * kPageSize});
  (void)process.watch(4, 1);
  (void)process.watch(2, 2);
  EXPECT_EQ(process.ruler(5), "AABBB");
  EXPECT_EQ(process.vma(2).pgoff, 0U);
}

}  // namespace
}  // namespace vmadiff::model
