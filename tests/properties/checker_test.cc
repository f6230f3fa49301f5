// tests/properties: the checker's own behaviour: what it counts, what it skips, how it blames.
#include "properties/checker.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "impl/implementation.h"
#include "model/model.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

using spec::Outcome;

/// A model in another process, as far as anyone can tell. It may be told to fail as a tool.
class FarModel final : public spec::System {
 public:
  explicit FarModel(const spec::KernelProfile& profile) : model_(model::make_model(profile)) {}
  [[nodiscard]] std::string_view name() const override { return "far"; }
  [[nodiscard]] spec::Observes observes() const override {
    return {.anon_vma = false, .counters = false};
  }
  [[nodiscard]] bool is_remote() const override { return true; }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    if (!fault.empty()) return std::unexpected(spec::ToolFault{fault});
    ++starts;
    return model_->start(setup);
  }
  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    ++applied;
    return model_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    ++snapshots;
    return model_->snapshot(process, out);
  }

  int starts = 0;
  int applied = 0;
  int snapshots = 0;
  std::string fault;

 private:
  std::unique_ptr<spec::System> model_;
};

/// A system whose tree is broken from the third call on.
class BrokenTree final : public spec::System {
 public:
  explicit BrokenTree(const spec::KernelProfile& profile) : model_(model::make_model(profile)) {}
  [[nodiscard]] std::string_view name() const override { return "broken"; }
  [[nodiscard]] spec::Observes observes() const override { return model_->observes(); }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    calls_ = 0;
    return model_->start(setup);
  }
  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    ++calls_;
    return model_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return model_->snapshot(process, out);
  }
  [[nodiscard]] std::optional<std::string> broken_invariant() const override {
    if (calls_ < 3) return std::nullopt;
    return "a pivot is out of order";
  }

 private:
  std::unique_ptr<spec::System> model_;
  int calls_ = 0;
};

const spec::Sequence& five_calls() {
  static const spec::Sequence sequence = sequence_of(
      "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mprotect(0x100000000000, 0x1000, PROT_NONE)\n"
      "touch(0x100000001000, 0x1000, READ)\n"
      "brk(0x20021000)\n"
      "munmap(0x100000000000, 0x2000)\n");
  return sequence;
}

TEST(Checker, CountsSequencesAndCalls) {
  const auto options = checker_options("linux-6.18", "all");
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  EXPECT_FALSE(checker.check(five_calls(), Observation::kEveryStep).value());
  EXPECT_FALSE(checker.check({}, Observation::kEveryStep).value());
  EXPECT_EQ(checker.tally().sequences, 2U);
  EXPECT_EQ(checker.tally().operations, 5U);
  EXPECT_EQ(checker.tally().remote_operations, 0U);
}

TEST(Checker, LooksAtARemoteSystemOnceOrAfterEveryStep) {
  const auto options = checker_options("linux-6.18", "equivalence");
  const auto model = model::make_model(options.profile);
  FarModel far{options.profile};
  Checker checker{{model.get(), &far}, options};
  EXPECT_FALSE(checker.check(five_calls(), Observation::kAtEnd).value());
  EXPECT_EQ(far.snapshots, 1);
  EXPECT_EQ(far.applied, 5);
  EXPECT_FALSE(checker.check(five_calls(), Observation::kEveryStep).value());
  EXPECT_EQ(far.snapshots, 1 + 1 + 5);
  EXPECT_EQ(checker.tally().remote_operations, 10U);
}

TEST(Checker, RunsOnARemoteSystemAlone) {
  const auto options = checker_options("linux-6.18", "all");
  FarModel far{options.profile};
  Checker checker{{&far}, options};
  EXPECT_FALSE(checker.check(five_calls(), Observation::kAtEnd).value());
  EXPECT_FALSE(checker.check(five_calls(), Observation::kEveryStep).value());
}

TEST(Checker, SparesRemoteSystemsTheirReservedMemory) {
  const auto options = checker_options("linux-6.18", "equivalence");
  const auto model = model::make_model(options.profile);
  FarModel far{options.profile};
  Checker checker{{model.get(), &far}, options};
  const auto sequence = sequence_of("munmap(0x20000000, 0x1000)\n");
  EXPECT_FALSE(checker.check(sequence, Observation::kAtEnd).value());
  EXPECT_FALSE(checker.check(sequence, Observation::kEveryStep).value());
  EXPECT_EQ(far.starts, 0);
  EXPECT_EQ(checker.tally().skipped_on_remote, 2U);
  EXPECT_EQ(checker.tally().remote_operations, 0U);
}

TEST(Checker, PassesAFaultOfTheToolOn) {
  const auto options = checker_options("linux-6.18", "all");
  const auto model = model::make_model(options.profile);
  FarModel far{options.profile};
  far.fault = "the agent did not start";
  Checker checker{{model.get(), &far}, options};
  const auto found = checker.check(five_calls(), Observation::kAtEnd);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().message, "the agent did not start");
}

TEST(Checker, BlamesTheCallThatBrokeTheTree) {
  const auto options = checker_options("linux-6.18", "all");
  BrokenTree broken{options.profile};
  Checker checker{{&broken}, options};
  const auto found = checker.check(five_calls(), Observation::kEveryStep).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->claim, "DataStructuresAreWellFormed");
  EXPECT_EQ(found->step, 2U);
  EXPECT_EQ(found->sequence.size(), 3U);
  EXPECT_EQ(found->explanation, "broken: a pivot is out of order");
}

TEST(Checker, AFindingCarriesAllThatAReportNeeds) {
  const auto options = checker_options("linux-6.12", "equivalence");
  const auto before = model::make_model(options.profile);
  const auto after = impl::make_implementation(spec::profile_named("linux-6.18").value());
  Checker checker{{before.get(), after.get()}, options};
  const auto found = checker
                         .check(sequence_of("prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
                                            "brk(0x20021000)\n"
                                            "brk(0x20022000)\n"
                                            "brk(0x20023000)\n"),
                                Observation::kEveryStep)
                         .value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->claim, "SystemsAgreeOnLayout");
  EXPECT_EQ(found->fingerprint, "SystemsAgreeOnLayout/brk/end");
  EXPECT_EQ(found->profile, "linux-6.12");
  EXPECT_EQ(found->step, 2U);
  EXPECT_EQ(found->sequence.size(), 3U);
  ASSERT_EQ(found->views.size(), 2U);
  EXPECT_EQ(found->views[0].system, "model");
  EXPECT_EQ(found->views[1].system, "impl");
  EXPECT_EQ(found->views[0].snapshot.vmas.size(), found->views[1].snapshot.vmas.size() + 1);
  EXPECT_EQ(found->views[0].outcome, Outcome::ok(0x20022000));
}

TEST(Checker, RelationsRunWithEveryNthSequence) {
  auto options = checker_options("linux-6.12", "EnablingKsmChangesNoLayout");
  options.relation_every = 3;
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  const auto sequence = sequence_of("brk(0x20021000)\nbrk(0x20022000)\n");
  EXPECT_TRUE(checker.check(sequence, Observation::kEveryStep).value());
  EXPECT_FALSE(checker.check(sequence, Observation::kEveryStep).value());
  EXPECT_FALSE(checker.check(sequence, Observation::kEveryStep).value());
  EXPECT_TRUE(checker.check(sequence, Observation::kEveryStep).value());
  // A second look runs all of them, and is not counted.
  EXPECT_TRUE(checker.recheck(sequence, Observation::kEveryStep).value());
  EXPECT_EQ(checker.tally().sequences, 4U);
}

TEST(Tally, AddsUp) {
  Tally a{.sequences = 1, .operations = 2, .exemptions = {{"X", 3}}};
  const Tally b{.sequences = 10,
                .operations = 20,
                .remote_operations = 5,
                .skipped_on_remote = 1,
                .exemptions = {{"X", 4}, {"Y", 1}}};
  a.add(b);
  EXPECT_EQ(a.sequences, 11U);
  EXPECT_EQ(a.operations, 22U);
  EXPECT_EQ(a.remote_operations, 5U);
  EXPECT_EQ(a.skipped_on_remote, 1U);
  EXPECT_EQ(a.exemptions["X"], 7U);
  EXPECT_EQ(a.exemptions["Y"], 1U);
}

}  // namespace
}  // namespace vmadiff::properties
