// tests of explain: the conditions of a merge, one by one, say of two neighbours what the claims
// say of them at once; and of each place where a merge was tried they say why it came out as it
// did.
#include "explain/criteria.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "explain/boundary.h"
#include "explain/story.h"
#include "properties/claims/merge_due.h"
#include "properties/generate/generator.h"
#include "spec/kernel_profile.h"
#include "spec/trace_text.h"
#include "systems/systems.h"

namespace vmadiff::explain {
namespace {

using Fate = Boundary::Fate;

constexpr std::array kProfiles{"linux-6.1", "linux-6.12", "linux-6.18", "linux-7.3"};

/// Runs generated sequences on the model, and shows each step of each.
void for_each_step(std::uint64_t seed, std::uint64_t sequences, const auto& look) {
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    properties::generate(properties::sequence_seed(seed, i), options, sequence);
    const auto profile = spec::profile_named(kProfiles.at(i % kProfiles.size())).value();
    const auto model = systems::make_like(systems::kModel, profile);
    ASSERT_TRUE(model->start(options.setup));
    std::map<spec::ProcessId, properties::Past> past;
    for (const spec::Step& step : sequence) {
      spec::Snapshot before;
      spec::Snapshot after;
      ASSERT_TRUE(model->snapshot(step.process, before));
      const auto outcome = model->apply(step.process, step.call);
      ASSERT_TRUE(model->snapshot(step.process, after));
      look(Moment{step.call, outcome, before, after, options.setup, profile, past[step.process]});
      note(past[step.process], step.call, outcome);
    }
  }
}

TEST(Criteria, HoldTogetherWhereTheClaimsFindTwoNeighboursCompatible) {
  std::size_t compatible = 0;
  std::size_t pairs = 0;
  for_each_step(3, 400, [&](const Moment& moment) {
    const auto& vmas = moment.after.vmas;
    for (std::size_t i = 1; i < vmas.size(); ++i) {
      if (vmas[i - 1].end != vmas[i].start) continue;
      for (const bool low_is_range : {false, true}) {
        const auto& range = low_is_range ? vmas[i - 1] : vmas[i];
        const auto& neighbour = low_is_range ? vmas[i] : vmas[i - 1];
        const auto rule = moment.profile.anon_vma_merge;
        const bool is_one = properties::are_compatible(vmas[i - 1], vmas[i]) &&
                            properties::can_join_anon_vmas(neighbour, range, rule);
        ASSERT_EQ(all_hold(answers_for({neighbour, range}, rule)), is_one)
            << text(vmas[i - 1]) << '\n'
            << text(vmas[i]);
        compatible += is_one ? 1 : 0;
        ++pairs;
      }
    }
  });
  EXPECT_GT(compatible, 1000U);
  EXPECT_GT(pairs, 10 * compatible);
}

TEST(Boundaries, SayWhyTheyCameOutAsTheyDid) {
  std::size_t joined = 0;
  std::size_t against = 0;
  std::size_t apart = 0;
  std::size_t excused = 0;
  for_each_step(4, 1500, [&](const Moment& moment) {
    for (const Boundary& boundary : boundaries_of(moment)) {
      const bool all = all_hold(boundary.answers);
      const auto where = text(moment.call) + ": " + boundary.neighbour;
      switch (boundary.fate) {
        case Fate::kNothingThere:
          EXPECT_TRUE(boundary.answers.empty()) << where;
          break;
        case Fate::kJoined:
          ++joined;
          against += all ? 0 : 1;
          EXPECT_EQ(boundary.note.empty(), all) << where;
          break;
        case Fate::kCut:
        case Fate::kApart:
          ++apart;
          excused += all ? 1 : 0;
          EXPECT_EQ(boundary.note.empty(), !all) << where;
          EXPECT_EQ(boundary.note.find("not explained"), std::string::npos)
              << moment.profile.name << ": " << where << ": " << boundary.note;
      }
    }
  });
  EXPECT_GT(joined, 1000U);
  EXPECT_GT(apart, 1000U);
  // What the states before and after do not show is rare.
  EXPECT_LT(against, joined / 50) << joined;
  EXPECT_LT(excused, apart / 20) << apart;
}

}  // namespace
}  // namespace vmadiff::explain
