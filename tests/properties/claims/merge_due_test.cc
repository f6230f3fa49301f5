// tests/properties: where a merge is due. Each case draws pages, a letter for each VMA; `*` is the
// range of the call. Snapshots are written by hand, so that the rule is tested without a system.
#include "properties/claims/merge_due.h"

#include <gtest/gtest.h>

#include "../support.h"

namespace vmadiff::properties {
namespace {

using spec::Outcome;
using spec::Snapshot;
using spec::Vma;

constexpr spec::VmFlags kMay = spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;
constexpr spec::VmFlags kReadWrite = spec::kVmRead | spec::kVmWrite | kMay;
constexpr spec::VmFlags kReadOnly = spec::kVmRead | kMay;

Vma vma(std::uint64_t first, std::uint64_t last, spec::VmFlags flags = kReadWrite,
        spec::AnonVmaId anon_vma = 0) {
  return {page(first),
          page(last),
          flags,
          page(first) >> spec::kPageShift,
          {},
          anon_vma,
          anon_vma != 0 ? 1U : 0U};
}

class MergeDue : public testing::Test {
 protected:
  std::optional<std::size_t> unmerged(const spec::Syscall& call, const std::vector<Vma>& before,
                                      const std::vector<Vma>& after,
                                      Outcome outcome = Outcome::ok()) {
    Snapshot b{.vmas = before,
               .counters = {},
               .brk = brk_before_,
               .merge_any = merge_any_,
               .huge_pages = {}};
    Snapshot a{.vmas = after,
               .counters = {},
               .brk = brk_after_,
               .merge_any = merge_any_,
               .huge_pages = {}};
    return unmerged_neighbour(call, outcome, b, a, setup_, profile_, {}, counts_);
  }
  std::optional<std::size_t> after_mmap(std::uint64_t first, std::uint64_t last,
                                        const std::vector<Vma>& after, spec::FileId file = {}) {
    const spec::Mmap call{
        .addr = page(first),
        .length = page(last) - page(first),
        .prot = spec::kProtRead | spec::kProtWrite,
        .flags = spec::kMapPrivate | spec::kMapFixed | (file.is_none() ? spec::kMapAnonymous : 0),
        .file = file,
        .offset = 0};
    return unmerged(call, {}, after, Outcome::ok(page(first)));
  }
  std::uint64_t counted(std::string_view exemption) {
    std::map<std::string, std::uint64_t, std::less<>> counts;
    counts_.add_to(counts);
    const auto it = counts.find(exemption);
    return it == counts.end() ? 0 : it->second;
  }

  spec::Setup setup_ = spec::Setup::standard();
  spec::KernelProfile profile_ = spec::profile_named("linux-6.18").value();
  ExemptionCounts counts_;
  spec::Address brk_before_ = 0;
  spec::Address brk_after_ = 0;
  bool merge_any_ = false;
};

// aa**    ->  aabb
TEST_F(MergeDue, MmapAtTheEndOfAnEqualVmaMerges) {
  EXPECT_EQ(after_mmap(2, 4, {vma(0, 2), vma(2, 4)}), 1U);
  EXPECT_FALSE(after_mmap(2, 4, {vma(0, 4)}));
}

// A private file's pages of their own have moved: what goes on in the file only stays apart.
TEST_F(MergeDue, OwnOffsetsMustGoOnToo) {
  constexpr spec::FileId kFile{spec::FileClass::kMemfd, 0};
  const auto of_file = [&](std::uint64_t first, std::uint64_t last, std::uint64_t own) {
    Vma out = vma(first, last);
    out.file = kFile;
    out.own_pgoff = own;
    return out;
  };
  EXPECT_EQ(after_mmap(2, 4, {of_file(0, 2, 100), of_file(2, 4, 102)}, kFile), 1U);
  EXPECT_EQ(after_mmap(2, 4, {of_file(0, 2, 0), of_file(2, 4, 0)}, kFile), 1U);
  EXPECT_FALSE(after_mmap(2, 4, {of_file(0, 2, 100), of_file(2, 4, 103)}, kFile));
  EXPECT_FALSE(after_mmap(2, 4, {of_file(0, 2, 100), of_file(2, 4, 0)}, kFile));
}

// **bb    ->  aabb
TEST_F(MergeDue, MmapBeforeAnEqualVmaMerges) {
  EXPECT_EQ(after_mmap(0, 2, {vma(0, 2), vma(2, 4)}), 1U);
}

// aa bb cc**  ->  the boundary of a and b is not the call's
TEST_F(MergeDue, BoundariesThatTheCallDidNotTouchAreLeftAlone) {
  EXPECT_FALSE(after_mmap(6, 8, {vma(0, 2), vma(2, 4), vma(6, 8)}));
}

TEST_F(MergeDue, IncompatibleNeighboursStayApart) {
  EXPECT_FALSE(after_mmap(2, 4, {vma(0, 2, kReadOnly), vma(2, 4)}));
  const auto special = kReadWrite | spec::kVmDontexpand;
  EXPECT_FALSE(after_mmap(2, 4, {vma(0, 2, special), vma(2, 4, special)}));
  Vma moved = vma(0, 2);
  moved.pgoff += 5;
  EXPECT_FALSE(after_mmap(2, 4, {moved, vma(2, 4)}));
  Vma of_a_file = vma(0, 2);
  of_a_file.file = {spec::FileClass::kMemfd, 0};
  EXPECT_FALSE(after_mmap(2, 4, {of_a_file, vma(2, 4)}));
}

TEST_F(MergeDue, SoftDirtyKeepsNothingApart) {
  EXPECT_EQ(after_mmap(2, 4, {vma(0, 2, kReadWrite | spec::kVmSoftdirty), vma(2, 4)}), 1U);
}

TEST_F(MergeDue, AFailedCallOwesNothing) {
  const spec::Mprotect call{page(0), 2 * spec::kPageSize, spec::kProtRead};
  EXPECT_FALSE(unmerged(call, {vma(0, 2), vma(2, 4)}, {vma(0, 2, kReadOnly), vma(2, 4, kReadOnly)},
                        Outcome::fail(spec::Errno::kENOMEM)));
}

// aabbcc, mprotect of b to a's and c's: both ends and nothing else
TEST_F(MergeDue, MprotectMergesAtBothEnds) {
  const spec::Mprotect call{page(2), 2 * spec::kPageSize, spec::kProtRead};
  const std::vector<Vma> before{vma(0, 2, kReadOnly), vma(2, 4), vma(4, 6, kReadOnly)};
  EXPECT_EQ(
      unmerged(call, before, {vma(0, 2, kReadOnly), vma(2, 4, kReadOnly), vma(4, 6, kReadOnly)}),
      1U);
  EXPECT_EQ(unmerged(call, before, {vma(0, 4, kReadOnly), vma(4, 6, kReadOnly)}), 1U);
  EXPECT_FALSE(unmerged(call, before, {vma(0, 6, kReadOnly)}));
}

// aabb, mprotect of both: the boundary inside the range
TEST_F(MergeDue, MprotectMergesInsideItsRange) {
  const spec::Mprotect call{page(0), 4 * spec::kPageSize, spec::kProtRead};
  EXPECT_EQ(
      unmerged(call, {vma(0, 2), vma(2, 4, kMay)}, {vma(0, 2, kReadOnly), vma(2, 4, kReadOnly)}),
      1U);
}

// What prctl made equal is not merged by a call that changes neither side.
TEST_F(MergeDue, ACallThatChangesNothingIsExemptAndCounted) {
  const spec::Mprotect call{page(0), 4 * spec::kPageSize, spec::kProtRead | spec::kProtWrite};
  EXPECT_FALSE(unmerged(call, {vma(0, 2), vma(2, 4)}, {vma(0, 2), vma(2, 4)}));
  EXPECT_EQ(counted("NothingChanged"), 1U);
}

TEST_F(MergeDue, DifferentAnonVmasStayApart) {
  EXPECT_FALSE(after_mmap(2, 4, {vma(0, 2, kReadWrite, 1), vma(2, 4, kReadWrite, 2)}));
  EXPECT_EQ(after_mmap(2, 4, {vma(0, 2, kReadWrite, 1), vma(2, 4, kReadWrite, 1)}), 1U);
}

// Measured on both kernels: the faulted range joins an unfaulted neighbour since 6.16 only.
TEST_F(MergeDue, AFaultedRangeJoinsAnUnfaultedNeighbourSince616) {
  const spec::Mprotect call{page(2), 2 * spec::kPageSize, spec::kProtRead};
  const std::vector<Vma> before{vma(0, 2, kReadOnly), vma(2, 4, kReadWrite, 1)};
  const std::vector<Vma> after{vma(0, 2, kReadOnly), vma(2, 4, kReadOnly, 1)};
  EXPECT_EQ(unmerged(call, before, after), 1U);
  profile_ = spec::profile_named("linux-6.12").value();
  EXPECT_FALSE(unmerged(call, before, after));
}

// The other way round, both kernels merge.
TEST_F(MergeDue, AnUnfaultedRangeJoinsAFaultedNeighbourAlways) {
  const spec::Mprotect call{page(2), 2 * spec::kPageSize, spec::kProtRead};
  const std::vector<Vma> before{vma(0, 2, kReadOnly, 1), vma(2, 4)};
  const std::vector<Vma> after{vma(0, 2, kReadOnly, 1), vma(2, 4, kReadOnly)};
  EXPECT_EQ(unmerged(call, before, after), 1U);
  profile_ = spec::profile_named("linux-6.12").value();
  EXPECT_EQ(unmerged(call, before, after), 1U);
}

TEST_F(MergeDue, AChainThatCameThroughForkIsNotJoined) {
  Vma forked = vma(0, 2, kReadWrite, 1);
  forked.anon_vma_links = 2;
  EXPECT_FALSE(after_mmap(2, 4, {forked, vma(2, 4)}));
}

/// MREMAP_DONTUNMAP of the first page to right behind itself.
spec::Mremap copy_behind() {
  return {.addr = page(0),
          .length = spec::kPageSize,
          .new_length = spec::kPageSize,
          .flags = spec::kMremapMaymove | spec::kMremapFixed | spec::kMremapDontunmap,
          .new_addr = page(1)};
}

TEST_F(MergeDue, WhatAMoveTakesFromItsSourceKeptThemApart) {
  const Outcome moved = Outcome::ok(page(1));
  const std::vector<Vma> after{vma(0, 1), vma(1, 2)};
  EXPECT_EQ(unmerged(copy_behind(), {vma(0, 1)}, after, moved), 1U);

  EXPECT_FALSE(unmerged(copy_behind(), {vma(0, 1, kReadWrite | spec::kVmLocked)}, after, moved));
  EXPECT_EQ(counted("TheLockIsTakenBack"), 1U);
  EXPECT_FALSE(unmerged(copy_behind(), {vma(0, 1, kReadWrite, 7)}, after, moved));
  EXPECT_EQ(counted("TheSourceLosesItsAnonVma"), 1U);
  EXPECT_FALSE(unmerged(copy_behind(), {vma(0, 1, kReadWrite | spec::kVmUffdWp)}, after, moved));
  EXPECT_EQ(counted("UserfaultfdLosesWhatMoves"), 1U);
  // What else was locked, had an anon_vma or was registered does not count.
  for (const Vma& other : {vma(5, 6, kReadWrite | spec::kVmLocked), vma(5, 6, kReadWrite, 7),
                           vma(5, 6, kReadWrite | spec::kVmUffdWp)}) {
    EXPECT_EQ(unmerged(copy_behind(), {vma(0, 1), other}, after, moved), 1U);
  }
  profile_ = spec::profile_named("linux-6.12").value();
  EXPECT_FALSE(unmerged(copy_behind(), {vma(0, 1)}, after, moved));
  EXPECT_EQ(counted("DontunmapKeepsItsSource"), 1U);
}

TEST_F(MergeDue, ACopyOfRegisteredSharedMemoryHasLostItsRegistration) {
  spec::Mremap copy = copy_behind();
  copy.flags &= ~spec::kMremapDontunmap;
  copy.length = 0;
  const Outcome moved = Outcome::ok(page(1));
  const std::vector<Vma> after{vma(0, 1), vma(1, 2)};
  EXPECT_FALSE(unmerged(copy, {vma(0, 1, kReadWrite | spec::kVmUffdWp)}, after, moved));
  EXPECT_EQ(counted("UserfaultfdLosesWhatMoves"), 1U);
  EXPECT_EQ(unmerged(copy, {vma(0, 1), vma(5, 6, kReadWrite | spec::kVmUffdWp)}, after, moved), 1U);
}

TEST_F(MergeDue, PopulationComesAfterTheMerge) {
  const spec::Mlock call{page(0), spec::kPageSize};
  constexpr spec::VmFlags kLocked = kReadWrite | spec::kVmLocked;
  const std::vector<Vma> after{vma(0, 1, kLocked, 1), vma(1, 2, kLocked, 1)};
  EXPECT_FALSE(unmerged(call, {vma(0, 1), vma(1, 2, kLocked, 1)}, after));
  EXPECT_EQ(counted("PopulationComesAfter"), 1U);
  EXPECT_EQ(unmerged(call, {vma(0, 1, kReadWrite, 1), vma(1, 2, kLocked, 1)}, after), 1U);
}

TEST_F(MergeDue, DroppableMemoryThatWasToBeLockedIsExempt) {
  constexpr spec::VmFlags kDroppable = kReadWrite | spec::kVmDroppable;
  spec::Mmap call{.addr = page(1),
                  .length = spec::kPageSize,
                  .prot = spec::kProtRead | spec::kProtWrite,
                  .flags = spec::kMapDroppable | spec::kMapAnonymous | spec::kMapFixed,
                  .file = {},
                  .offset = 0};
  const std::vector<Vma> after{vma(0, 1, kDroppable), vma(1, 2, kDroppable)};
  EXPECT_EQ(unmerged(call, {after[0]}, after, Outcome::ok(page(1))), 1U);
  call.flags |= spec::kMapLocked;
  EXPECT_FALSE(unmerged(call, {after[0]}, after, Outcome::ok(page(1))));
  EXPECT_EQ(counted("TheLockIsTakenBack"), 1U);
}

// Measured on 6.18: what grows has the anon_vma without being a VMA that came through fork.
TEST_F(MergeDue, GrowthInPlaceAsksNoChain) {
  const spec::Mremap call{
      .addr = page(0), .length = page(1) - page(0), .new_length = page(3) - page(0)};
  Vma was = vma(0, 1, kReadWrite, 1);
  was.anon_vma_links = 2;
  Vma grown = was;
  grown.end = page(3);
  EXPECT_EQ(unmerged(call, {was, vma(3, 4)}, {grown, vma(3, 4)}, Outcome::ok(page(0))), 1U);
  profile_ = spec::profile_named("linux-6.12").value();
  EXPECT_FALSE(unmerged(call, {was, vma(3, 4)}, {grown, vma(3, 4)}, Outcome::ok(page(0))));
}

TEST_F(MergeDue, TheBreakMergesDownwardsOnly) {
  const auto start = setup_.start_brk;
  const auto heap = [&](std::uint64_t first, std::uint64_t last) {
    Vma v = vma(0, 1);
    v.start = start + first * spec::kPageSize;
    v.end = start + last * spec::kPageSize;
    v.pgoff = v.start >> spec::kPageShift;
    return v;
  };
  brk_before_ = start + 2 * spec::kPageSize;
  brk_after_ = start + 4 * spec::kPageSize;
  const auto grown = Outcome::ok(brk_after_);
  EXPECT_EQ(unmerged(spec::Brk{brk_after_}, {heap(0, 2)}, {heap(0, 2), heap(2, 4)}, grown), 1U);
  EXPECT_FALSE(unmerged(spec::Brk{brk_after_}, {heap(0, 2)}, {heap(0, 4), heap(4, 5)}, grown));
  // The first growth looks no further down than start_brk.
  brk_before_ = start;
  brk_after_ = start + 2 * spec::kPageSize;
  Vma below = heap(0, 1);
  below.start -= spec::kPageSize;
  below.end -= spec::kPageSize;
  --below.pgoff;
  EXPECT_FALSE(unmerged(spec::Brk{brk_after_}, {below}, {below, heap(0, 2)}, grown));
}

TEST_F(MergeDue, MunmapAndPrctlOweNothing) {
  const std::vector<Vma> apart{vma(0, 2), vma(2, 4)};
  EXPECT_FALSE(unmerged(spec::Munmap{page(4), spec::kPageSize}, apart, apart));
  EXPECT_FALSE(unmerged(spec::Prctl{.arg2 = 1}, apart, apart));
}

TEST_F(MergeDue, ALegacyHookUnderKsmIsExemptWhereTheOthersAreEarly) {
  merge_any_ = true;
  Vma a = vma(0, 2, kReadWrite | spec::kVmMergeable);
  Vma b = vma(2, 4, kReadWrite | spec::kVmMergeable);
  a.file = b.file = {spec::FileClass::kZero, 0};
  a.pgoff = 0;
  b.pgoff = 2;
  EXPECT_FALSE(after_mmap(2, 4, {a, b}, a.file));
  EXPECT_EQ(counted("LegacyMmapHookUnderKsm"), 1U);
  // Without VM_MERGEABLE, with a hook that is not legacy, or where no kernel is early: no excuse.
  profile_ = spec::profile_named("linux-6.12").value();
  EXPECT_EQ(after_mmap(2, 4, {a, b}, a.file), 1U);
  profile_ = spec::profile_named("linux-6.18").value();
  a.file = b.file = {spec::FileClass::kMemfd, 0};
  EXPECT_EQ(after_mmap(2, 4, {a, b}, a.file), 1U);
  a.file = b.file = {spec::FileClass::kZero, 0};
  a.flags = b.flags = kReadWrite;
  EXPECT_EQ(after_mmap(2, 4, {a, b}, a.file), 1U);
}

TEST_F(MergeDue, AUserfaultfdThatAsksByTheOffsetOfTheWholeMissesTheNeighbourAbove) {
  constexpr spec::VmFlags kWatched = kReadWrite | spec::kVmUffdWp;
  const std::vector<Vma> before{vma(0, 4), vma(4, 6, kWatched)};
  const std::vector<Vma> behind{vma(0, 2), vma(2, 4, kWatched), vma(4, 6, kWatched)};
  const std::vector<Vma> whole{vma(0, 4, kWatched), vma(4, 6, kWatched)};
  const auto watched = [](std::uint64_t first) {
    return spec::UffdRegister{page(first), page(4) - page(first), spec::kUffdModeWp};
  };
  EXPECT_EQ(unmerged(watched(2), before, behind), 2U);
  profile_.uffd_offset = spec::UffdOffset::kOfVma;
  EXPECT_FALSE(unmerged(watched(2), before, behind));
  EXPECT_EQ(counted("UserfaultfdAsksByTheWrongOffset"), 1U);
  EXPECT_EQ(unmerged(watched(0), before, whole), 1U);
}

}  // namespace
}  // namespace vmadiff::properties
