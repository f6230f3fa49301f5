// tests/properties: states that real sequences lead to, damaged in each way that there is: whoever
// should see it does.
#include "damage.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "impl/implementation.h"
#include "model/model.h"
#include "properties/claims/failed_calls.h"
#include "properties/claims/merge_due.h"
#include "properties/claims/state_invariants.h"
#include "properties/generate/random.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

using spec::Snapshot;

/// Calls of generated sequences, run by the model: visit(call, outcome, before, after).
template <typename Visit>
void each_call(std::string_view profile, std::uint64_t sequences, const Visit& visit) {
  const auto model = model::make_model(spec::profile_named(profile).value());
  const GeneratorOptions options = generator_options();
  spec::Sequence sequence;
  Snapshot before;
  Snapshot after;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    generate(sequence_seed(5, i), options, sequence);
    ASSERT_TRUE(model->start(options.setup));
    for (const spec::Step& step : sequence) {
      if (std::holds_alternative<spec::Fork>(step.call)) break;
      ASSERT_TRUE(model->snapshot(0, before));
      const spec::Outcome outcome = model->apply(0, step.call);
      if (outcome.is_death()) break;
      ASSERT_TRUE(model->snapshot(0, after));
      visit(step.call, outcome, before, after);
    }
  }
}

/// The pool of huge pages is the machine's: what a failed call has taken of it may be gone, and is
/// looked for at the end of the run (NothingStaysReserved).
bool is_of_the_pool(const Damage& damage) {
  return damage.field == Field::kFreeHugePages || damage.field == Field::kReservedHugePages ||
         damage.field == Field::kSurplusHugePages;
}

std::set<std::string_view> names_of_what_a_process_has() {
  std::set<std::string_view> names;
  for (const Damage& damage : damages()) {
    if (!is_of_the_pool(damage)) names.insert(damage.name);
  }
  return names;
}

TEST(Damages, AComparisonSeesEachAndSaysWhereItIs) {
  Random random{1};
  Snapshot damaged;
  each_call("linux-6.18", 40, [&](const auto&, const auto&, const auto&, const Snapshot& state) {
    for (const Damage& damage : damages()) {
      damaged = state;
      damage.make(damaged, random.below(state.vmas.size()));
      const auto there = difference(state, damaged, {});
      const auto back = difference(damaged, state, {});
      ASSERT_TRUE(there && back) << damage.name;
      EXPECT_EQ(name(there->field), name(damage.field)) << damage.name;
      EXPECT_EQ(name(back->field), name(damage.field)) << damage.name;
      EXPECT_NE(explain(*there, state, damaged), explain(*there, state, state)) << damage.name;
    }
  });
}

/// Whether a system that observes no more can see it.
bool is_visible(Field field, const spec::Observes& seen) {
  switch (field) {
    case Field::kFlags:
      return seen.vm_flags;
    case Field::kPolicy:
      return seen.policy;
    case Field::kAnonVma:
    case Field::kAnonVmaLinks:
      return seen.anon_vma;
    case Field::kMapCount:
    case Field::kTotalVm:
    case Field::kDataAndStackVm:
      return seen.counters || seen.counter_sums;
    case Field::kLockedVm:
    case Field::kDataVm:
    case Field::kExecVm:
      return seen.counters;
    case Field::kBrk:
    case Field::kMergeAny:
      return seen.brk_and_merge;
    case Field::kFreeHugePages:
    case Field::kReservedHugePages:
    case Field::kSurplusHugePages:
      return seen.huge_pages;
    default:
      return true;
  }
}

TEST(Damages, WhatIsNotObservedIsNotCompared) {
  const Snapshot state = spec::Setup::standard().initial;
  for (unsigned bits = 0; bits < 256; ++bits) {
    const auto bit = [bits](unsigned number) { return (bits >> number & 1) != 0; };
    const spec::Observes seen{bit(0), bit(1), bit(2), bit(3), bit(4),
                              bit(5), bit(6), false,  false,  bit(7)};
    for (const Damage& damage : damages()) {
      Snapshot damaged = state;
      damage.make(damaged, 0);
      EXPECT_EQ(difference(state, damaged, seen).has_value(), is_visible(damage.field, seen))
          << damage.name << ' ' << bits;
    }
  }
}

TEST(Damages, TheInvariantsOfAStateSeeTheirs) {
  const spec::KernelProfile profile = spec::profile_named("linux-6.18").value();
  const spec::Setup setup = spec::Setup::standard();
  const Selection selection{PropertySet::parse("invariants").value()};
  const std::set<std::string_view> of_counters{
      "map_count", "total_vm", "locked_vm", "data_vm for stack_vm", "stack_vm", "exec_vm"};
  ExemptionCounts exemptions;
  std::set<std::string> reasons;
  each_call("linux-6.18", 40, [&](const auto&, const auto&, const auto&, const Snapshot& state) {
    for (const Damage& damage : damages()) {
      Snapshot damaged = state;
      damage.make(damaged, 0);
      const auto breach =
          broken_state_invariant(damaged, {}, setup, profile, selection, {}, exemptions);
      if (!of_counters.contains(damage.name)) continue;
      // What had drifted by just one page before is true now: not one of these, without the past.
      ASSERT_TRUE(breach || counters_of(damaged) == damaged.counters) << damage.name;
      if (!breach) continue;
      EXPECT_EQ(breach->claim, Claim::kCountersMatchTheVmas);
      reasons.insert(reason(*breach, damaged));
      EXPECT_FALSE(explain(*breach, damaged).empty());
    }
  });
  EXPECT_EQ(reasons, (std::set<std::string>{"map_count", "total_vm", "locked_vm", "data_vm",
                                            "stack_vm", "exec_vm"}));
}

TEST(Damages, WhereOnlySumsAreSeenOnlyTheseAreClaimed) {
  const spec::KernelProfile profile = spec::profile_named("linux-6.18").value();
  const spec::Setup setup = spec::Setup::standard();
  const Selection selection{PropertySet::parse("CountersMatchTheVmas").value()};
  const spec::Observes sums{.counters = false};
  const std::set<std::string_view> seen{"a VMA more",  "the last VMA lost", "another start",
                                        "another end", "map_count",         "total_vm",
                                        "stack_vm"};
  ExemptionCounts exemptions;
  for (const Damage& damage : damages()) {
    Snapshot damaged = setup.initial;
    damage.make(damaged, 0);
    const auto breach =
        broken_state_invariant(damaged, sums, setup, profile, selection, {}, exemptions);
    EXPECT_EQ(breach.has_value(), seen.contains(damage.name)) << damage.name;
  }
}

TEST(Damages, AFailedCallThatDoesThemIsSeenOrExcusedByName) {
  const spec::KernelProfile profile = spec::profile_named("linux-6.18").value();
  Random random{2};
  std::set<std::string_view> seen;
  each_call("linux-6.18", 2000,
            [&](const auto& call, const auto& outcome, const Snapshot& before, const Snapshot&) {
              const bool is_brk = std::holds_alternative<spec::Brk>(call);
              if (!is_brk && !outcome.is_error()) return;
              for (const Damage& damage : damages()) {
                if (is_of_the_pool(damage)) continue;
                Snapshot damaged = before;
                damage.make(damaged, random.below(before.vmas.size()));
                ExemptionCounts counts;
                // A brk fails where it answers with another break than was asked for.
                const spec::Observes observes{.anon_pgoff = random.percent(50)};
                const auto said =
                    change_by_failed_call(call, is_brk ? spec::Outcome::ok(1) : outcome, before,
                                          damaged, observes, profile, counts);
                if (!said && damage.field == Field::kPgoff && !observes.anon_pgoff) continue;
                if (said) {
                  seen.insert(damage.name);
                  continue;
                }
                std::map<std::string, std::uint64_t, std::less<>> excuses;
                counts.add_to(excuses);
                EXPECT_EQ(excuses.size(), 1U) << damage.name;
              }
            });
  EXPECT_EQ(seen, names_of_what_a_process_has());
}

TEST(Damages, ASplitWhereAMergeWasDueIsSeenOrExcusedByName) {
  for (const spec::KernelProfile& profile : spec::profiles()) {
    const spec::Setup setup = spec::Setup::standard();
    std::uint64_t seen = 0;
    std::uint64_t excused = 0;
    each_call(
        profile.name, 150,
        [&](const auto& call, const auto& outcome, const Snapshot& before, const Snapshot& after) {
          if (!outcome.is_ok()) return;
          const auto due = merge_due(call, outcome, before, after, setup);
          if (!due) return;
          Snapshot damaged = after;
          const spec::Address at = due->last == setup.task_size ? due->first : due->last;
          for (std::size_t i = 0; i < after.vmas.size(); ++i) {
            const spec::Vma& vma = after.vmas[i];
            if (vma.start >= at || at >= vma.end) continue;
            spec::Vma high = vma;
            high.start = at;
            high.pgoff += (high.start - vma.start) >> spec::kPageShift;
            damaged.vmas[i].end = at;
            damaged.vmas.insert(std::next(damaged.vmas.begin(), static_cast<std::ptrdiff_t>(i) + 1),
                                high);
            break;
          }
          if (damaged.vmas.size() == after.vmas.size()) return;
          ExemptionCounts counts;
          const auto index = unmerged_neighbour(call, outcome, before, damaged, setup, profile,
                                                {.locks_future = true}, counts);
          std::map<std::string, std::uint64_t, std::less<>> excuses;
          counts.add_to(excuses);
          seen += index ? 1 : 0;
          excused += excuses.size();
          if (index) EXPECT_EQ(damaged.vmas[*index].start, at);
        });
    EXPECT_GT(seen, 20U) << profile.name;
    EXPECT_GT(excused, 0U) << profile.name;
  }
}

/// The implementation, which shows a damaged state once an allocation of it has failed.
class Damaged final : public spec::System, public spec::AllocationFaults {
 public:
  Damaged(const spec::KernelProfile& profile, const Damage& damage)
      : impl_(impl::make_implementation(profile)), damage_(damage) {}

  [[nodiscard]] std::string_view name() const override { return "damaged"; }
  [[nodiscard]] spec::Observes observes() const override { return impl_->observes(); }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    has_failed_ = false;
    return impl_->start(setup);
  }
  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    return impl_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process, Snapshot& out) override {
    auto seen = impl_->snapshot(process, out);
    if (has_failed_) damage_.make(out, random_.below(out.vmas.size()));
    return seen;
  }
  [[nodiscard]] spec::AllocationFaults* allocation_faults() override { return this; }
  void fail(std::uint64_t number) override {
    has_failed_ = false;
    impl_->allocation_faults()->fail(number);
  }
  bool cancel() override {
    has_failed_ = impl_->allocation_faults()->cancel();
    return has_failed_;
  }

 private:
  std::unique_ptr<spec::System> impl_;
  const Damage& damage_;
  Random random_{3};
  bool has_failed_ = false;
};

TEST(Damages, AFailedAllocationThatDoesThemIsSeen) {
  constexpr std::uint64_t kSequences = 100;
  for (const std::string_view profile : {"linux-6.18", "linux-6.12"}) {
    const auto options = checker_options(profile, "FailedAllocationsAreSurvived");
    const auto model = model::make_model(options.profile);
    for (const Damage& damage : damages()) {
      if (is_of_the_pool(damage)) continue;
      Damaged damaged{options.profile, damage};
      std::uint64_t seen = 0;
      spec::Sequence sequence;
      Checker checker{{model.get(), &damaged}, options};
      for (std::uint64_t i = 0; i < kSequences; ++i) {
        generate(sequence_seed(4, i), generator_options(), sequence);
        seen += checker.check(sequence, Observation::kEveryStep).value() ? 1 : 0;
      }
      EXPECT_GT(seen, kSequences / 4) << damage.name;
    }
  }
}

}  // namespace
}  // namespace vmadiff::properties
