// fuzz_differential: canaries, and a witness for every known violation.
#include "fuzz/fuzz_differential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>

#include "fuzz/known_violations.h"
#include "model/model.h"
#include "support.h"

namespace vmadiff::fuzz {
namespace {

constexpr std::string_view kMappings =
    "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "mprotect(0x100000001000, 0x1000, PROT_READ)\n"
    "munmap(0x100000000000, 0x1000)\n";

/// The model, wrong in one way.
class Wrong : public spec::System {
 public:
  enum class Way { kNone, kOutcome, kFlag, kCounter, kTree, kDeath };
  Wrong(const spec::KernelProfile& profile, Way way)
      : model_(model::make_model(profile)), way_(way) {}

  std::string_view name() const override { return "wrong"; }
  spec::Observes observes() const override { return model_->observes(); }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    calls_ = 0;
    return model_->start(setup);
  }
  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    ++calls_;
    const spec::Outcome outcome = model_->apply(process, call);
    if (way_ == Way::kDeath && calls_ == 3) return spec::Outcome::died();
    const bool lie = way_ == Way::kOutcome && std::holds_alternative<spec::Munmap>(call);
    return lie ? spec::Outcome::fail(spec::Errno::kENOMEM) : outcome;
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    auto done = model_->snapshot(process, out);
    if (way_ == Way::kFlag && calls_ >= 2) out.vmas.back().flags ^= spec::kVmMergeable;
    if (way_ == Way::kCounter && calls_ >= 3) ++out.counters.total_vm;
    return done;
  }
  std::optional<std::string> broken_invariant() const override {
    if (way_ != Way::kTree || calls_ < 2) return std::nullopt;
    return "gap 1 is 0x3";
  }

 private:
  std::unique_ptr<spec::System> model_;
  Way way_;
  std::size_t calls_ = 0;
};

std::string failure_of(Wrong::Way way) {
  const Input input = input_of(kMappings);
  const auto model = model::make_model(input.kernel_profile());
  Wrong wrong{input.kernel_profile(), way};
  return differential_failure(input, *model, wrong, properties_for(input.kernel_profile()))
      .value_or("none");
}

void expect_in(std::string_view what, const std::string& text) {
  EXPECT_NE(text.find(what), std::string::npos) << text;
}

TEST(FuzzDifferentialCanary, sound_system_has_no_failure) {
  EXPECT_EQ(failure_of(Wrong::Way::kNone), "none");
  EXPECT_EQ(run_differential(bytes_of(kMappings)).value_or("none"), "none");
}
TEST(FuzzDifferentialCanary, wrong_outcome_is_caught) {
  const std::string text = failure_of(Wrong::Way::kOutcome);
  expect_in("SystemsAgreeOnOutcomes", text);
  expect_in("# >>> the next call shows it\nmunmap(", text);
}
TEST(FuzzDifferentialCanary, wrong_layout_is_caught_and_the_rest_is_cut) {
  const std::string text = failure_of(Wrong::Way::kFlag);
  expect_in("does not hold", text);
  EXPECT_EQ(text.find("munmap("), std::string::npos) << text;
}
TEST(FuzzDifferentialCanary, wrong_counter_is_caught) {
  expect_in("does not hold", failure_of(Wrong::Way::kCounter));
}
TEST(FuzzDifferentialCanary, broken_data_structure_is_caught_with_its_description) {
  expect_in("gap 1 is 0x3", failure_of(Wrong::Way::kTree));
}
TEST(FuzzDifferentialCanary, death_is_caught) {
  expect_in("SystemSurvives", failure_of(Wrong::Way::kDeath));
}

TEST(FuzzDifferential, failure_is_a_trace_that_reads_back) {
  const std::string text = failure_of(Wrong::Way::kOutcome);
  const auto from = text.find("# profile:");
  ASSERT_NE(from, std::string::npos);
  const auto to = text.find("\n\n", from);
  ASSERT_NE(to, std::string::npos);
  const Input again = input_of(text.substr(from, to + 1 - from));
  EXPECT_EQ(again, input_of(kMappings));
  expect_in("vmadiff replay", text);
}

// --- known violations ---------------------------------------------------------------------------

struct Witness {
  std::string_view claim;
  std::string_view calls;
};
constexpr Witness kWitnesses[] = {
    {"NoCompatibleNeighboursLeftUnmerged",
     "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
     "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
     "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"},
    {"OnlyEligibleVmasAreMergeable",
     "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
     "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, pfnmap:0, 0)\n"},
};

TEST(KnownViolations, each_is_violated_by_a_witness_and_not_stopped_at) {
  for (const KnownViolation& row : known_violations()) {
    SCOPED_TRACE(row.profile);
    SCOPED_TRACE(row.claim);
    const auto profile = spec::profile_named(row.profile);
    ASSERT_TRUE(profile);
    EXPECT_FALSE(properties_for(*profile).has(row.claim));
    EXPECT_FALSE(row.reason.empty());
    const auto* const witness = std::ranges::find(kWitnesses, row.claim, &Witness::claim);
    ASSERT_NE(witness, std::end(kWitnesses));
    const auto bytes =
        bytes_of("# profile: " + std::string{row.profile} + "\n" + std::string{witness->calls});
    EXPECT_EQ(run_differential(bytes).value_or("none"), "none");

    const auto claim = properties::PropertySet::parse(row.claim);
    ASSERT_TRUE(claim);
    const auto model = model::make_model(*profile);
    const auto same = model::make_model(*profile);
    const auto failure = differential_failure(decode(bytes), *model, *same, *claim);
    expect_in(row.claim, failure.value_or("none"));
  }
}

TEST(KnownViolations, released_kernel_has_none) {
  const auto profile = spec::profile_named(spec::kDefaultProfileName);
  for (const properties::Property& property : properties::all_properties()) {
    if (properties::has_runs_of_its_own(property.kind)) continue;
    EXPECT_TRUE(properties_for(*profile).has(property.name)) << property.name;
  }
}

}  // namespace
}  // namespace vmadiff::fuzz
