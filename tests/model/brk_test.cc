// tests/model: brk.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

const Address kHeap = spec::Setup::standard().start_brk;

Mmap fixed(Address addr, Address length) {
  return {addr, length, kReadWrite, kAnonymousFixed, {}, 0};
}
std::size_t vmas_from_heap(Process& process) {
  std::size_t count = 0;
  for (const Vma& vma : process.snapshot().vmas) count += vma.start >= kHeap ? 1 : 0;
  return count;
}

TEST(Brk, ReturnsTheBreakMovedOrNot) {
  Process process;
  EXPECT_EQ(process(Brk{0}), Outcome::ok(kHeap));
  EXPECT_EQ(process(Brk{kHeap - 1}), Outcome::ok(kHeap));
  EXPECT_EQ(process(Brk{kHeap + 5}), Outcome::ok(kHeap + 5));
  EXPECT_EQ(process.at(kHeap).end, kHeap + kPageSize);
  EXPECT_EQ(process(Brk{kHeap + kPageSize}), Outcome::ok(kHeap + kPageSize));
  EXPECT_EQ(process(Brk{~Address{0}}), Outcome::ok(kHeap + kPageSize));
  EXPECT_EQ(process(Brk{0x7ffffffff001}), Outcome::ok(kHeap + kPageSize));
  EXPECT_EQ(process(Brk{kHeap}), Outcome::ok(kHeap));
  EXPECT_EQ(process.at(kHeap).end, 0U);
  EXPECT_EQ(process.snapshot().brk, kHeap);
}

TEST(Brk, NewPagesAreDataAndAccounted) {
  Process process;
  (void)process(Brk{kHeap + kPageSize});
  EXPECT_EQ(vm_flags_text(process.at(kHeap).flags), "rd wr mr mw me ac");
  EXPECT_EQ(process.at(kHeap).pgoff, kHeap >> kPageShift);
}

TEST(Brk, GrowsItsOwnVma) {
  Process process;
  for (unsigned pages = 2; pages <= 6; pages += 2) (void)process(Brk{kHeap + pages * kPageSize});
  EXPECT_EQ(vmas_from_heap(process), 1U);
}

TEST(Brk, UnderKsmGrowsItsOwnVmaOnlySinceThePatch) {
  for (const KernelProfile& profile : profiles()) {
    if (profile.process_ksm == ProcessKsm::kAbsent) continue;
    Process process(profile.name);
    (void)process.merge_any(true);
    for (unsigned pages = 2; pages <= 6; pages += 2) (void)process(Brk{kHeap + pages * kPageSize});
    EXPECT_EQ(vmas_from_heap(process), profile.ksm_brk == KsmBrk::kBeforeMerge ? 1U : 3U)
        << profile.name;
    EXPECT_NE(process.at(kHeap).flags & kVmMergeable, 0U) << profile.name;
  }
}

TEST(Brk, KeepsOnePageFreeBehindIt) {
  Process process;
  (void)process(fixed(kHeap + 4 * kPageSize, kPageSize));
  EXPECT_EQ(process(Brk{kHeap + 4 * kPageSize}), Outcome::ok(kHeap));
  EXPECT_EQ(process(Brk{kHeap + 3 * kPageSize}), Outcome::ok(kHeap + 3 * kPageSize));
}

TEST(Brk, DoesNotMergeWithWhatIsBelowTheHeapsStart) {
  spec::Setup setup = spec::Setup::standard();
  setup.start_brk += 4 * kPageSize;
  setup.initial.brk = setup.start_brk;
  Process process(kDefaultProfileName, setup);
  (void)process(fixed(setup.start_brk - kPageSize, kPageSize));
  (void)process(Brk{setup.start_brk + kPageSize});
  EXPECT_EQ(process.at(setup.start_brk).start, setup.start_brk);
}

TEST(Brk, MergesWithAMappingThatTookTheHeapsPlace) {
  Process process;
  (void)process(Brk{kHeap + 2 * kPageSize});
  (void)process(fixed(kHeap, 2 * kPageSize));
  (void)process(Brk{kHeap + 4 * kPageSize});
  EXPECT_EQ(vmas_from_heap(process), 1U);
}

TEST(Brk, ShrinksOverWhateverIsThereButNotOverNothing) {
  Process process;
  (void)process(Brk{kHeap + 4 * kPageSize});
  (void)process(Munmap{kHeap + 2 * kPageSize, 2 * kPageSize});
  EXPECT_EQ(process(Brk{kHeap + 3 * kPageSize}), Outcome::ok(kHeap + 4 * kPageSize));
  EXPECT_EQ(process(Brk{kHeap + kPageSize}), Outcome::ok(kHeap + kPageSize));
  EXPECT_EQ(process.at(kHeap).end, kHeap + kPageSize);
}

TEST(Brk, ARefusedChargeLeavesTheBreak) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 3;
  Process process(kDefaultProfileName, setup);
  EXPECT_EQ(process(Brk{kHeap + 4 * kPageSize}), Outcome::ok(kHeap));
  EXPECT_EQ(process(Brk{kHeap + 3 * kPageSize}), Outcome::ok(kHeap + 3 * kPageSize));
}

}  // namespace
}  // namespace vmadiff::model
