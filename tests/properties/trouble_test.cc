// tests/properties: systems that die, and tools that fail, at any moment. A death is a finding of
// SystemSurvives or the end of a sequence; a fault of the tool is passed on, whoever meets it.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "impl/implementation.h"
#include "model/model.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

/// The implementation, until something happens to it.
class Troubled final : public spec::System, public spec::AllocationFaults {
 public:
  /// What happens at the n-th start, snapshot, call and look at its structures; 0: never.
  struct Plan {
    std::uint64_t fault_in_start = 0;
    std::uint64_t fault_in_snapshot = 0;
    std::uint64_t death_in_call = 0;
    std::uint64_t broken_in_look = 0;
    bool forgets_an_outcome = false;
  };

  Troubled(const spec::KernelProfile& profile, Plan plan, bool remote)
      : impl_(impl::make_implementation(profile)), plan_(plan), remote_(remote) {}

  [[nodiscard]] std::string_view name() const override { return "troubled"; }
  [[nodiscard]] spec::Observes observes() const override { return impl_->observes(); }
  [[nodiscard]] bool is_remote() const override { return remote_; }
  [[nodiscard]] std::string_view death_note() const override { return "of old age"; }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    dead_ = false;
    if (++starts_ == plan_.fault_in_start) return std::unexpected{spec::ToolFault{"no start"}};
    return impl_->start(setup);
  }
  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    dead_ = dead_ || ++calls_ == plan_.death_in_call;
    return dead_ ? spec::Outcome::died() : impl_->apply(process, call);
  }
  void apply_all(std::span<const spec::Step> sequence,
                 std::vector<spec::Outcome>& outcomes) override {
    System::apply_all(sequence, outcomes);
    if (plan_.forgets_an_outcome) outcomes.pop_back();
  }
  [[nodiscard]] std::optional<std::string> broken_invariant() const override {
    if (++looks_ == plan_.broken_in_look) return "a broken tree";
    return impl_->broken_invariant();
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    if (++snapshots_ == plan_.fault_in_snapshot) {
      return std::unexpected{spec::ToolFault{"no snapshot"}};
    }
    return impl_->snapshot(process, out);
  }
  [[nodiscard]] spec::AllocationFaults* allocation_faults() override { return this; }
  void fail(std::uint64_t number) override { impl_->allocation_faults()->fail(number); }
  bool cancel() override { return impl_->allocation_faults()->cancel(); }

  [[nodiscard]] std::uint64_t starts() const { return starts_; }
  [[nodiscard]] std::uint64_t snapshots() const { return snapshots_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  std::unique_ptr<spec::System> impl_;
  Plan plan_;
  bool remote_;
  bool dead_ = false;
  std::uint64_t starts_ = 0;
  std::uint64_t snapshots_ = 0;
  std::uint64_t calls_ = 0;
  mutable std::uint64_t looks_ = 0;
};

constexpr std::string_view kTrace =
    "mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "mmap(0x100000003000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "touch(0x100000000000, 0x1000, WRITE)\n"
    "mprotect(0x100000001000, 0x2000, PROT_READ)\n"
    "fork()\n"
    "munmap(0x100000001000, 0x1000)\n";

std::unique_ptr<spec::System> make_like(std::string_view, const spec::KernelProfile& profile) {
  return model::make_model(profile);
}

enum class Company { kAlone, kBehindTheModel, kBeforeTheModel };

struct Ended {
  std::expected<std::optional<Finding>, spec::ToolFault> result;
  std::uint64_t starts;
  std::uint64_t snapshots;
  std::uint64_t calls;
  std::uint64_t looks;
};

Ended run(Troubled::Plan plan, bool remote, Observation observation, std::string_view properties,
          Company company) {
  auto options = checker_options("patch-v2", properties);
  options.make_like = make_like;
  Coverage coverage;
  options.coverage = &coverage;
  const auto model = model::make_model(options.profile);
  Troubled troubled{options.profile, plan, remote};
  std::vector<spec::System*> systems{&troubled};
  if (company == Company::kBehindTheModel) systems.insert(systems.begin(), model.get());
  if (company == Company::kBeforeTheModel) systems.push_back(model.get());
  Checker checker{systems, options};
  auto result = checker.check(sequence_of(kTrace), observation);
  return {std::move(result), troubled.starts(), troubled.snapshots(), troubled.calls(),
          troubled.looks()};
}

class Trouble : public testing::TestWithParam<std::tuple<bool, Observation, std::string, Company>> {
 protected:
  static Ended troubled(Troubled::Plan plan) {
    const auto& [remote, observation, properties, company] = GetParam();
    return run(plan, remote, observation, properties, company);
  }
};

TEST_P(Trouble, AFaultInAnyStartIsPassedOn) {
  const Ended fine = troubled({});
  ASSERT_TRUE(fine.result);
  EXPECT_FALSE(*fine.result) << (*fine.result)->explanation;
  for (std::uint64_t n = 1; n <= fine.starts; ++n) {
    const Ended broken = troubled({.fault_in_start = n});
    ASSERT_FALSE(broken.result) << n;
    EXPECT_EQ(broken.result.error().message, "no start");
  }
}

TEST_P(Trouble, AFaultInAnySnapshotIsPassedOn) {
  const Ended fine = troubled({});
  for (std::uint64_t n = 1; n <= fine.snapshots; ++n) {
    const Ended broken = troubled({.fault_in_snapshot = n});
    ASSERT_FALSE(broken.result) << n;
    EXPECT_EQ(broken.result.error().message, "no snapshot");
  }
}

TEST_P(Trouble, ADeathIsAFindingOrAnEndAndNeverAFaultOfTheTool) {
  const Ended fine = troubled({});
  for (std::uint64_t n = 1; n <= fine.calls; ++n) {
    const Ended dying = troubled({.death_in_call = n});
    ASSERT_TRUE(dying.result) << n;
    if (!*dying.result) continue;
    const std::string& said = (*dying.result)->explanation;
    EXPECT_TRUE(said.contains("dies") || said.contains("died")) << n << ' ' << said;
  }
}

TEST_P(Trouble, AStructureThatIsBrokenIsAFinding) {
  const Ended fine = troubled({});
  for (std::uint64_t n = 1; n <= fine.looks; ++n) {
    const Ended broken = troubled({.broken_in_look = n});
    ASSERT_TRUE(broken.result && *broken.result) << n;
    EXPECT_TRUE((*broken.result)->explanation.contains("a broken tree"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, Trouble,
    testing::Combine(
        testing::Bool(), testing::Values(Observation::kAtEnd, Observation::kEveryStep),
        testing::Values("equivalence,invariants", "EnablingKsmChangesNoLayout",
                        "MprotectThereAndBackIsIdentity", "RenumberingAddressesMovesTheLayout",
                        "SplittingACallEqualsTheWhole", "ReviewPredicateIsIndistinguishable",
                        "relations", "SystemsAgreeOnLayout"),
        testing::Values(Company::kAlone, Company::kBehindTheModel, Company::kBeforeTheModel)));

INSTANTIATE_TEST_SUITE_P(WhereAllocationsFail, Trouble,
                         testing::Values(std::tuple{false, Observation::kEveryStep,
                                                    std::string{"faults"},
                                                    Company::kBehindTheModel}));

TEST(Troubles, AnOutcomeTooFewIsAFaultOfTheTool) {
  const Ended ended = run({.forgets_an_outcome = true}, true, Observation::kAtEnd, "equivalence",
                          Company::kBehindTheModel);
  ASSERT_FALSE(ended.result);
  EXPECT_EQ(ended.result.error().message, "troubled gave 5 outcomes for 6 calls");
}

// The last call of all is one of the run that a relation makes of the sequence.
TEST(Troubles, ADeathOfTheSecondRunAloneIsFound) {
  for (const std::string_view claim :
       {"EnablingKsmChangesNoLayout", "RenumberingAddressesMovesTheLayout",
        "SplittingACallEqualsTheWhole"}) {
    const Ended fine = run({}, true, Observation::kAtEnd, claim, Company::kAlone);
    const Ended dying =
        run({.death_in_call = fine.calls}, true, Observation::kAtEnd, claim, Company::kAlone);
    ASSERT_TRUE(dying.result && *dying.result) << claim;
    EXPECT_EQ((*dying.result)->claim, claim);
    EXPECT_NE((*dying.result)->explanation.find("dies with"), std::string::npos);
  }
}

TEST(Troubles, ADeathIsFoundWhereItIsAskedFor) {
  for (const bool remote : {false, true}) {
    for (const auto observation : {Observation::kAtEnd, Observation::kEveryStep}) {
      const Ended dying =
          run({.death_in_call = 3}, remote, observation, "all", Company::kBehindTheModel);
      ASSERT_TRUE(dying.result && *dying.result);
      EXPECT_EQ((*dying.result)->claim, "SystemSurvives");
      EXPECT_NE((*dying.result)->explanation.find("of old age"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace vmadiff::properties
