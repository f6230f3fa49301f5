// A campaign keeps nothing of the sequences that it is done with: eight times the calls take no
// more memory. Linked with counted_allocations.cc, so what is asked is bytes, not what the system
// gives.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../impl/counted_allocations.h"
#include "campaign/campaign.h"
#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

/// The most that is held at a time by a campaign of so many calls, bytes.
std::uint64_t peak_of_campaign(std::string_view properties, bool coverage,
                               std::uint64_t operations) {
  return peak_of([&] {
    CampaignOptions options;
    options.systems = {"model", "impl"};
    options.profile = spec::profile_named(spec::kDefaultProfileName).value();
    options.properties = properties::PropertySet::parse(properties).value();
    options.setup = systems::setup_for(options.systems).value();
    options.seed = 3;
    options.budget.operations = operations;
    options.coverage = coverage;
    options.generator.setup = options.setup;
    // A long opening takes what it takes, as often as it comes.
    options.generator.openings = false;
    systems::keep_within(systems::offer_of(options.systems), options.generator);
    process::Progress progress;
    const auto result =
        run_campaign(options, progress, {.on_finding = [](const auto&) {}, .on_tick = [] {}});
    EXPECT_FALSE(result.fault);
    EXPECT_GE(result.summary.tally.operations, operations);
  });
}

TEST(CampaignMemory, DoesNotGrowWithTheNumberOfCalls) {
  for (const bool coverage : {false, true}) {
    for (const std::string_view properties : {"equivalence", "all"}) {
      SCOPED_TRACE(std::string{properties} + (coverage ? ", coverage" : ""));
      const auto few = peak_of_campaign(properties, coverage, 20'000);
      const auto many = peak_of_campaign(properties, coverage, 160'000);
      EXPECT_GT(few, std::uint64_t{1} << 16) << "it is counted";
      // A sequence larger than all before may come late; four bytes a call would be seen.
      EXPECT_LT(many, few + few / 2) << few << " bytes, then " << many;
    }
  }
}

}  // namespace
}  // namespace vmadiff::campaign
