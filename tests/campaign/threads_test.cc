// tests/campaign: campaigns of several threads. ThreadSanitizer runs these (preset gcc); what they
// assert is that the number of threads changes nothing.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

struct Run {
  reports::RunSummary summary;
  std::vector<std::string> findings;  ///< fingerprints, in the order in which they came
};

CampaignOptions options_for(std::vector<std::string> systems, std::string_view profile,
                            std::uint64_t operations, std::size_t jobs) {
  CampaignOptions options;
  options.systems = std::move(systems);
  options.profile = spec::profile_named(profile).value();
  options.setup = systems::setup_for(options.systems).value();
  options.seed = 11;
  options.jobs = jobs;
  options.budget.operations = operations;
  options.generator.setup = options.setup;
  systems::keep_within(systems::offer_of(options.systems), options.generator);
  return options;
}

Run run(const CampaignOptions& options) {
  Run done;
  process::Progress progress;
  auto result = run_campaign(options, progress,
                             {.on_finding =
                                  [&done](const properties::Finding& finding) {
                                    done.findings.push_back(finding.fingerprint);
                                  },
                              .on_tick = [] {}});
  EXPECT_FALSE(result.fault) << result.fault->message;
  EXPECT_EQ(progress.findings, done.findings.size());
  done.summary = std::move(result.summary);
  return done;
}

TEST(Threads, ChangeNothingWhereAllHolds) {
  const auto alone = run(options_for({"model", "impl"}, "linux-6.18", 10000, 1));
  const auto four = run(options_for({"model", "impl"}, "linux-6.18", 10000, 4));
  EXPECT_EQ(alone.findings, std::vector<std::string>{});
  EXPECT_EQ(four.findings, alone.findings);
  EXPECT_EQ(four.summary.tally.operations, alone.summary.tally.operations);
  EXPECT_EQ(four.summary.tally.sequences, alone.summary.tally.sequences);
}

TEST(Threads, ChangeNothingWhereClaimsAreBroken) {
  const auto alone = run(options_for({"model", "impl"}, "patch-v2", 10000, 1));
  const auto four = run(options_for({"model", "impl"}, "patch-v2", 10000, 4));
  EXPECT_FALSE(alone.findings.empty());
  EXPECT_EQ(four.findings, alone.findings);
  for (const auto& [claim, count] : alone.summary.claims) {
    EXPECT_EQ(four.summary.claims.at(claim).findings, count.findings) << claim;
    EXPECT_EQ(four.summary.claims.at(claim).sequences, count.sequences) << claim;
  }
}

TEST(Threads, ShareWhatTheyHaveMet) {
  auto options = options_for({"model", "impl"}, "linux-6.18", 10000, 3);
  options.coverage = true;
  InFlight in_flight;
  options.in_flight = &in_flight;
  const auto done = run(options);
  EXPECT_EQ(done.findings, std::vector<std::string>{});
  ASSERT_TRUE(done.summary.coverage);
}

TEST(Threads, HaveAnAgentEach) {
  if (const auto reason = systems::why_not("host")) GTEST_SKIP() << *reason;
  if (const auto reason = systems::why_unmodelled("host")) GTEST_SKIP() << *reason;
  auto options = options_for({"host"}, "linux-6.18", 600, 3);
  options.properties = properties::PropertySet::parse("SystemSurvives").value();
  EXPECT_EQ(run(options).findings, std::vector<std::string>{});
}

}  // namespace
}  // namespace vmadiff::campaign
