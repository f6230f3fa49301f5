// tests/properties: one quick run over everything: every profile, every claim, model and
// implementation together, with a fixed seed. What must be found is found, and nothing else.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "impl/implementation.h"
#include "model/model.h"
#include "properties/claims/own_breaches.h"
#include "properties/generate/setups.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

constexpr std::uint64_t kSequences = 400;

std::unique_ptr<spec::System> make_like(std::string_view system,
                                        const spec::KernelProfile& profile) {
  return system == "model" ? model::make_model(profile) : impl::make_implementation(profile);
}

/// The claims that fail on the first sequences of a campaign, with the first words of why where the
/// profile breaks them by its nature.
std::set<std::string> failing_claims(std::string_view profile, Tally& tally) {
  CheckerOptions options = checker_options(profile, "all");
  options.make_like = make_like;
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  std::set<std::string> claims;
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < kSequences; ++i) {
    generate(sequence_seed(7, i), generator_options(), sequence);
    const auto found = checker.check(sequence, Observation::kEveryStep);
    EXPECT_TRUE(found.has_value());
    if (!found || !*found) continue;
    const auto why = own_breach(**found, options.profile);
    claims.insert((*found)->claim + (why.empty() ? "" : ": ") + std::string(why.substr(0, 20)));
  }
  tally = checker.tally();
  return claims;
}

using Claims = std::set<std::string>;

TEST(Smoke, NothingFailsUnderLinux618) {
  Tally tally;
  EXPECT_EQ(failing_claims("linux-6.18", tally), Claims{});
  EXPECT_EQ(tally.sequences, kSequences);
  EXPECT_GT(tally.operations, kSequences);
  EXPECT_GT(tally.exemptions["LegacyMmapHookUnderKsm"], 0U);
}

/// As long as a test may be, on machines of all kinds: what is rare, and what every claim makes an
/// exception of, is met here or not at all.
TEST(Smoke, NothingFailsInALongRun) {
  constexpr std::uint64_t kLong = 8000;
  CheckerOptions options = checker_options("linux-6.18", "all,faults");
  options.make_like = make_like;
  const spec::Setup standard = options.setup;
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  GeneratorOptions generator = generator_options();
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < kLong; ++i) {
    const std::uint64_t seed = sequence_seed(9, i);
    generator.setup = varied_setup(seed, standard, SetupVariation::kAll).value_or(standard);
    generate(seed, generator, sequence);
    checker.begin_in(generator.setup);
    const auto found = checker.check(sequence, Observation::kEveryStep).value();
    ASSERT_FALSE(found) << found->claim << ": " << found->explanation << '\n'
                        << print_trace(found->sequence);
  }
}

TEST(Smoke, Linux612LeavesNeighboursApartUnderKsm) {
  Tally tally;
  EXPECT_EQ(failing_claims("linux-6.12", tally),
            (Claims{"NoCompatibleNeighboursLeftUnmerged: VM_MERGEABLE is set ",
                    "EnablingKsmChangesNoLayout: VM_MERGEABLE is set "}));
}

TEST(Smoke, ThePatchAsPostedMarksIneligibleVmas) {
  for (const std::string_view profile : {"patch-v2", "patch-v2-review"}) {
    Tally tally;
    Claims claims = failing_claims(profile, tally);
    EXPECT_EQ(claims.erase("OnlyEligibleVmasAreMergeable: the late flag is com"), 1U) << profile;
    EXPECT_EQ(claims, Claims{}) << profile;
  }
}

}  // namespace
}  // namespace vmadiff::properties
