// tests/properties: relations of a system that is far away, which is looked at where its runs end:
// what is seen so, what is run for it, and that nothing but its states on the way is lost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../support.h"
#include "../wrong_system.h"
#include "model/model.h"

namespace vmadiff::properties {
namespace {

using spec::Outcome;

/// The model, far away. It counts what it is asked for.
class Afar final : public spec::System {
 public:
  explicit Afar(const spec::KernelProfile& profile) : model_(model::make_model(profile)) {}
  [[nodiscard]] std::string_view name() const override { return "afar"; }
  [[nodiscard]] spec::Observes observes() const override { return spec::kFromOutside; }
  [[nodiscard]] bool is_remote() const override { return true; }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    ++starts;
    runs_asked_about += asked_ ? 1 : 0;
    since_look_ = 0;
    is_dead_ = false;
    return model_->start(setup);
  }
  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    ++since_look_;
    is_dead_ = is_dead_ || ++calls == death_in_call;
    return is_dead_ ? Outcome::died() : model_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    ++looks;
    if (is_dead_) return std::unexpected(spec::ToolFault{"it is dead: nothing to look at"});
    auto seen = model_->snapshot(process, out);
    if (is_shy && since_look_ > 1 && out.merge_any) ++out.brk;
    since_look_ = 0;
    return seen;
  }
  void ask_what_is_left(bool asked) override { asked_ = asked; }

  int starts = 0;
  int looks = 0;
  int runs_asked_about = 0;
  int calls = 0;
  int death_in_call = 0;  ///< once, in the so manieth call of all; 0: never
  bool is_shy = false;    ///< with KSM on it is another one if nobody looks at each call

 private:
  std::unique_ptr<spec::System> model_;
  int since_look_ = 0;
  bool is_dead_ = false;
  bool asked_ = true;
};

constexpr std::string_view kTwoNeighbours =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

std::optional<Finding> found_by(spec::System& system, std::string_view claims,
                                std::string_view trace, std::string_view profile = "linux-6.12") {
  Checker checker{{&system}, checker_options(profile, claims)};
  return checker.check(sequence_of(trace), Observation::kAtEnd).value();
}

TEST(RelationsAfar, ADifferenceIsBlamedOnItsCallAsNearby) {
  const std::string trace =
      std::string{kTwoNeighbours} + "munmap(0x180000000000, 0x1000)\nbrk(0)\n";
  struct Case {
    std::string_view claim;
    Fault fault;
    std::string_view last_call;
  };
  for (const auto& [claim, fault, last_call] :
       {Case{"EnablingKsmChangesNoLayout", Fault::kNone, ""},
        Case{"SplittingACallEqualsTheWhole", Fault::kForgetsToMergeMprotectOfOnePage,
             "mprotect(0x100000000000, 0x2000, PROT_NONE)\n"},
        Case{"RenumberingAddressesMovesTheLayout", Fault::kMarksHighVmas, ""}}) {
    const auto calls = trace + std::string{last_call};
    const auto profile = *spec::profile_named("linux-6.12");
    const auto near = found_by(*make_wrong(profile, fault, false), claim, calls);
    const auto afar = found_by(*make_wrong(profile, fault, true), claim, calls);
    ASSERT_TRUE(near) << claim;
    ASSERT_TRUE(afar) << claim;
    EXPECT_EQ(afar->step, near->step) << claim;
    EXPECT_EQ(afar->explanation, near->explanation) << claim;
    EXPECT_EQ(afar->fingerprint, near->fingerprint) << claim;
  }
}

// This is what looking at ends costs. docs/performance.md says what that is worth.
TEST(RelationsAfar, WhatIsGoneAtTheEndIsSeenNearbyOnly) {
  const std::string healed =
      std::string{kTwoNeighbours} + "mprotect(0x100000000000, 0x2000, PROT_NONE)\n";
  const auto profile = *spec::profile_named("linux-6.12");
  for (const bool is_remote : {false, true}) {
    const auto found = found_by(*make_wrong(profile, Fault::kNone, is_remote),
                                "EnablingKsmChangesNoLayout", healed);
    EXPECT_EQ(found.has_value(), !is_remote);
  }
}

TEST(RelationsAfar, WhatAnotherProcessHasAtTheEndIsSeen) {
  // The child's neighbours are apart under KSM, and nobody looks at it after its last call.
  const std::string trace =
      "fork() = 1\n[pid 1] brk(0x20021000)\n[pid 1] brk(0x20022000)\nbrk(0)\n";
  Afar afar{*spec::profile_named("linux-6.12")};
  const auto found = found_by(afar, "EnablingKsmChangesNoLayout", trace);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 2U);
}

TEST(RelationsAfar, WhatDoesNotShowStepByStepIsSaidAllTheSame) {
  Afar afar{*spec::profile_named("linux-7.3")};
  afar.is_shy = true;
  const auto found = found_by(afar, "EnablingKsmChangesNoLayout", kTwoNeighbours, "linux-7.3");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1U);
  EXPECT_TRUE(found->explanation.starts_with("at the end, ")) << found->explanation;
  ASSERT_EQ(found->views.size(), 2U);
  EXPECT_EQ(found->views[0].system, "afar, KSM off");
  EXPECT_NE(found->views[0].snapshot.brk, found->views[1].snapshot.brk);
}

TEST(RelationsAfar, OnlyEndsAreLookedAtAndNothingIsRunTwice) {
  Afar afar{*spec::profile_named("linux-7.3")};
  const std::string trace = std::string{kTwoNeighbours} + "munmap(0x100000000000, 0x2000)\n";
  EXPECT_FALSE(found_by(afar, "relations,NothingStaysCommitted", trace, "linux-7.3"));
  // The sequence itself; with KSM on; split; moved. Without KSM, whole, and not moved it is itself.
  EXPECT_EQ(afar.starts, 4);
  EXPECT_EQ(afar.looks, 4);
  EXPECT_EQ(afar.runs_asked_about, 1) << "of the runs of relations nobody asks what is left";
}

TEST(RelationsAfar, StatesAreLookedAtWhereTheySayWhetherACallCanBeSplit) {
  const auto options = checker_options("linux-7.3", "SplittingACallEqualsTheWhole");
  const auto room_for_it_once = (options.setup.initial.counters.total_vm + 3) << spec::kPageShift;
  for (const auto& [exemption, reason] :
       {std::pair{"PopulationComesBetween", std::string{"mlock(0x100000000000, 0x2000)\n"}},
        std::pair{"RoomIsAskedForTwice",
                  fmt::format("setrlimit(RLIMIT_AS, {:#x})\n", room_for_it_once)}}) {
    const std::string trace = std::string{kTwoNeighbours} + reason +
                              "mprotect(0x100000000000, 0x2000, PROT_READ|PROT_WRITE)\n"
                              "munmap(0x100000000000, 0x2000)\n";
    Afar afar{options.profile};
    Checker checker{{&afar}, options};
    EXPECT_FALSE(checker.check(sequence_of(trace), Observation::kAtEnd).value());
    EXPECT_EQ(checker.tally().exemptions.count(exemption), 1U) << exemption;
    // The sequence; to before mprotect; split.
    EXPECT_EQ(afar.starts, 3);
    EXPECT_EQ(afar.looks, 3);
  }
}

TEST(RelationsAfar, ADeathInAnyRunIsNoFaultOfTheTool) {
  const std::string trace = std::string{kTwoNeighbours} +
                            "mlock(0x100000000000, 0x2000)\n"
                            "mprotect(0x100000000000, 0x2000, PROT_READ|PROT_WRITE)\n"
                            "munmap(0x100000000000, 0x2000)\n";
  Afar fine{*spec::profile_named("linux-7.3")};
  EXPECT_FALSE(found_by(fine, "relations", trace, "linux-7.3"));
  for (int call = 1; call <= fine.calls; ++call) {
    Afar dying{*spec::profile_named("linux-7.3")};
    dying.death_in_call = call;
    Checker checker{{&dying}, checker_options("linux-7.3", "relations")};
    const auto found = checker.check(sequence_of(trace), Observation::kAtEnd);
    ASSERT_TRUE(found) << call << ": " << found.error().message;
    EXPECT_TRUE(!*found || (*found)->explanation.contains("dies with")) << call;
  }
}

TEST(RelationsAfar, ACallOfAProcessThatIsNotThereHasNoState) {
  const std::string trace =
      std::string{kTwoNeighbours} + "[pid 5] munmap(0x100000000000, 0x2000)\n";
  Afar fine{*spec::profile_named("linux-7.3")};
  EXPECT_FALSE(found_by(fine, "EnablingKsmChangesNoLayout", trace, "linux-7.3"));
  Afar dying{*spec::profile_named("linux-7.3")};
  dying.death_in_call = fine.calls;
  const auto found = found_by(dying, "EnablingKsmChangesNoLayout", trace, "linux-7.3");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 2U);
  EXPECT_TRUE(found->views[0].snapshot.vmas.empty());
}

TEST(RelationsAfar, NoCallIsSplitWhereThatTakesAVmaTooMany) {
  auto options = checker_options("linux-7.3", "SplittingACallEqualsTheWhole");
  options.setup.max_map_count = options.setup.initial.vmas.size() + 1;
  Afar afar{options.profile};
  Checker checker{{&afar}, options};
  const auto found = checker
                         .check(sequence_of("mmap(0x100000000000, 0x4000, PROT_READ, "
                                            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                                            "mprotect(0x100000000000, 0x4000, PROT_NONE)\n"),
                                Observation::kAtEnd)
                         .value();
  EXPECT_FALSE(found) << found->explanation;
}

// What keeps calls from being split is the same, whether all states are seen or those that the
// calls before make doubtful: of all sequences the same calls are excused, and none is split that
// cannot be.
TEST(RelationsAfar, CallsAreSplitAsNearby) {
  for (const std::string_view profile : {"linux-6.12", "linux-7.3"}) {
    auto options = checker_options(profile, "SplittingACallEqualsTheWhole");
    // A small machine, so that limits are met.
    options.setup.max_map_count = 40;
    const auto near = model::make_model(options.profile);
    Afar afar{options.profile};
    Checker nearby{{near.get()}, options};
    Checker remote{{&afar}, options};
    auto generator = generator_options();
    generator.setup = options.setup;
    spec::Sequence sequence;
    constexpr int kSequences = 1500;
    for (int i = 0; i < kSequences; ++i) {
      generate(sequence_seed(7, static_cast<std::uint64_t>(i)), generator, sequence);
      const auto found = remote.check(sequence, Observation::kAtEnd).value();
      ASSERT_FALSE(found) << found->explanation;
      ASSERT_FALSE(nearby.check(sequence, Observation::kAtEnd).value());
      ASSERT_EQ(remote.tally().exemptions, nearby.tally().exemptions) << i;
    }
    EXPECT_GE(nearby.tally().exemptions.size(), 4U) << profile;
  }
}

}  // namespace
}  // namespace vmadiff::properties
