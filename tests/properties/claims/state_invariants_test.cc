// tests/properties: the invariants of one state, each with a state that keeps it and one that
// breaks it.
#include "properties/claims/state_invariants.h"

#include <gtest/gtest.h>

#include "../support.h"
#include "properties/claims/property.h"

namespace vmadiff::properties {
namespace {

using spec::Snapshot;
using spec::Vma;

constexpr spec::VmFlags kMayAll = spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;
constexpr spec::VmFlags kData = spec::kVmRead | spec::kVmWrite | kMayAll;

Vma vma_of(std::uint64_t first, std::uint64_t last, spec::VmFlags flags = kData) {
  return {page(first), page(last), flags, page(first) >> spec::kPageShift, {}, 0, 0};
}

Snapshot of(std::vector<Vma> vmas) {
  Snapshot s{.vmas = std::move(vmas), .counters = {}, .huge_pages = {}};
  s.counters = counters_of(s);
  return s;
}

std::optional<Breach> breach(
    const Snapshot& s, const spec::Observes& seen = {},
    const spec::KernelProfile& profile = spec::profile_named("linux-6.18").value()) {
  ExemptionCounts exemptions;
  return broken_state_invariant(s, seen, spec::Setup::standard(), profile,
                                Selection{PropertySet::all()}, {}, exemptions);
}

TEST(VmasAreSortedAndDisjoint, NamesTheVmaThatIsNotBehindTheOneBefore) {
  EXPECT_FALSE(unsorted_vma(of({vma_of(0, 2), vma_of(2, 3)})));
  EXPECT_EQ(unsorted_vma(of({vma_of(0, 2), vma_of(1, 3)})), 1U);
  EXPECT_EQ(unsorted_vma(of({vma_of(0, 1), vma_of(4, 5), vma_of(2, 3)})), 2U);
}

TEST(VmasLieInTheAddressSpace, RefusesEmptyUnalignedAndOutside) {
  const auto setup = spec::Setup::standard();
  EXPECT_FALSE(misplaced_vma(of({vma_of(0, 1)}), setup));
  EXPECT_EQ(misplaced_vma(of({vma_of(0, 1), vma_of(3, 3)}), setup), 1U);
  Vma odd = vma_of(0, 1);
  odd.end += 1;
  EXPECT_EQ(misplaced_vma(of({odd}), setup), 0U);
  Vma low = vma_of(0, 1);
  low.start = 0;
  EXPECT_EQ(misplaced_vma(of({low}), setup), 0U);
  Vma high = vma_of(0, 1);
  high.end = setup.task_size + spec::kPageSize;
  EXPECT_EQ(misplaced_vma(of({high}), setup), 0U);
}

TEST(CountersMatchTheVmas, EachPageIsInAtMostOneOfExecStackAndData) {
  const auto sum = counters_of(
      of({vma_of(0, 1, kData), vma_of(1, 3, spec::kVmRead | spec::kVmExec | kMayAll),
          vma_of(3, 7, kData | spec::kVmGrowsdown), vma_of(7, 15, kData | spec::kVmShared),
          vma_of(15, 31, kMayAll), vma_of(31, 63, kData | spec::kVmExec)}));
  EXPECT_EQ(sum.map_count, 6U);
  EXPECT_EQ(sum.total_vm, 63U);
  EXPECT_EQ(sum.exec_vm, 2U);
  EXPECT_EQ(sum.stack_vm, 4U);
  EXPECT_EQ(sum.data_vm, 1U + 32U);
  EXPECT_EQ(sum.locked_vm, 0U);
}

TEST(CountersMatchTheVmas, EveryCounterIsCompared) {
  for (const auto member :
       {&spec::Counters::map_count, &spec::Counters::total_vm, &spec::Counters::locked_vm,
        &spec::Counters::data_vm, &spec::Counters::stack_vm, &spec::Counters::exec_vm}) {
    Snapshot s = of({vma_of(0, 1)});
    ++(s.counters.*member);
    ASSERT_TRUE(breach(s));
    EXPECT_EQ(breach(s)->claim, Claim::kCountersMatchTheVmas);
  }
}

TEST(CountersMatchTheVmas, WhatIsNotObservedIsNotAsked) {
  Snapshot s = of({vma_of(0, 1)});
  ++s.counters.locked_vm;
  EXPECT_FALSE(breach(s, {.counters = false}));
  ++s.counters.total_vm;
  EXPECT_TRUE(breach(s, {.counters = false}));
  EXPECT_FALSE(breach(s, {.counters = false, .counter_sums = false}));
}

TEST(OnlyEligibleVmasAreMergeable, EachExcludingFlagCounts) {
  EXPECT_FALSE(breach(of({vma_of(0, 1, kData | spec::kVmMergeable)})));
  for (const spec::VmFlags excluding :
       {spec::kVmShared, spec::kVmMayshare, spec::kVmPfnmap, spec::kVmIo, spec::kVmDontexpand,
        spec::kVmMixedmap, spec::kVmHugetlb, spec::kVmDroppable}) {
    EXPECT_FALSE(breach(of({vma_of(0, 1, kData | excluding)})));
    const auto b = breach(of({vma_of(0, 1), vma_of(2, 3, kData | excluding | spec::kVmMergeable)}));
    ASSERT_TRUE(b) << excluding;
    EXPECT_EQ(b->claim, Claim::kOnlyEligibleVmasAreMergeable);
    EXPECT_EQ(b->index, 1U);
  }
}

TEST(OnlyPrivateVmasHaveAnAnonVma, SharedOnesWithOneAreNamed) {
  Vma shared = vma_of(0, 1, kData | spec::kVmShared | spec::kVmMayshare);
  EXPECT_FALSE(breach(of({shared})));
  shared.anon_vma = 1;
  EXPECT_EQ(breach(of({shared}))->claim, Claim::kOnlyPrivateVmasHaveAnAnonVma);
  EXPECT_FALSE(breach(of({shared}), {.anon_vma = false}));
  EXPECT_FALSE(breach(of({shared}), {}, spec::profile_named("patch-v2").value()));
}

TEST(StateInvariants, EveryBreachIsExplained) {
  Snapshot s = of({vma_of(0, 2), vma_of(1, 3)});
  EXPECT_NE(explain(*breach(s), s).find("100000001000-100000003000"), std::string::npos);
  s = of({vma_of(0, 1, kData | spec::kVmHugetlb | spec::kVmMergeable)});
  EXPECT_NE(explain(*breach(s), s).find("ht"), std::string::npos);
}

}  // namespace
}  // namespace vmadiff::properties
