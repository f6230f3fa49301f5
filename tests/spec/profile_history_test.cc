// tests/spec: the history of the profiles says what changed, and nothing else.
#include "spec/profile_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "spec/behaviours.h"

namespace vmadiff::spec {
namespace {

TEST(ProfileHistory, EachStepStandsBehindItsBase) {
  std::set<std::string_view> names;
  for (const ProfileStep& step : profile_history()) {
    EXPECT_EQ(step.base.empty(), names.empty()) << step.name;
    if (!step.base.empty()) EXPECT_TRUE(names.contains(step.base)) << step.name;
    EXPECT_TRUE(names.insert(step.name).second) << step.name;
    EXPECT_FALSE(step.summary.empty()) << step.name;
  }
}

TEST(ProfileHistory, EachChangeChangesOneBehaviourAndSaysSinceWhenAndWhence) {
  for (const ProfileStep& step : profile_history()) {
    if (step.base.empty()) continue;
    EXPECT_FALSE(step.changes.empty()) << step.name;
    auto profile = profile_of_step(step.base);
    std::set<std::string_view> changed;
    for (const ProfileChange& change : step.changes) {
      const auto before = profile;
      change.apply(profile);
      const auto all = behaviours();
      const auto differs = [&](const Behaviour& b) { return b.get(before) != b.get(profile); };
      EXPECT_EQ(std::ranges::count_if(all, differs), 1) << step.name << ": " << change.source;
      const auto at = std::ranges::find_if(all, differs);
      ASSERT_NE(at, all.end());
      EXPECT_TRUE(changed.insert(at->name).second) << step.name << " changes twice: " << at->name;
      EXPECT_FALSE(change.since.empty()) << step.name << ": " << at->name;
      EXPECT_FALSE(change.source.empty()) << step.name << ": " << at->name;
    }
  }
}

TEST(ProfileHistory, TheStepsThatAreProfilesAreTheProfiles) {
  std::size_t count = 0;
  for (const ProfileStep& step : profile_history()) {
    const auto profile = profile_named(step.name);
    EXPECT_EQ(profile.has_value(), step.is_profile) << step.name;
    if (!profile) continue;
    EXPECT_EQ(profiles()[count++].name, step.name);
    const auto of_step = profile_of_step(step.name);
    EXPECT_EQ(profile->summary, step.summary);
    for (const Behaviour& b : behaviours())
      EXPECT_EQ(b.get(*profile), b.get(of_step)) << step.name << ": " << b.name;
  }
  EXPECT_EQ(count, profiles().size());
}

/// The behaviours of a profile, as one word: a change of what is promised is made on purpose.
std::string values_of(std::string_view name) {
  const auto profile = profile_named(name).value();
  std::string values;
  for (const Behaviour& b : behaviours()) values += std::to_string(b.get(profile));
  return values;
}

TEST(ProfileHistory, TheProfilesAreWhatTheyWereMeasuredToBe) {
  EXPECT_EQ(values_of("linux-6.1"), "000000000000000000000001111000000000000010000001000000");
  EXPECT_EQ(values_of("linux-6.12"), "000000000101111100000001111011111111101011100211121110");
  EXPECT_EQ(values_of("linux-6.12.118"), "000000000101111100001001111011111111101011101211121110");
  EXPECT_EQ(values_of("patch-v2"), "111110110201111101000001101111111111111011100110122110");
  EXPECT_EQ(values_of("patch-v2-review"), "211110110201111101000001101111111111111011100110122110");
  EXPECT_EQ(values_of("linux-6.16"), "000110110201111101000001000111111111111001100110122110");
  EXPECT_EQ(values_of("linux-6.17"), "121110121311111111000000001111111111121001110110122110");
  EXPECT_EQ(values_of("linux-6.18.15"), "121111121311111111000000011111111111121001110110122110");
  EXPECT_EQ(values_of("linux-6.18"), "121111121311111112000001111111111111121011111110122110");
  EXPECT_EQ(values_of("linux-6.19"), "121111121311111112100001011111111111121001110110122110");
  EXPECT_EQ(values_of("linux-7.0"), "121111121311111112100011111111111111121111110110122110");
  EXPECT_EQ(values_of("linux-7.1"), "121111121311111112100111111111111111121111111110122110");
  EXPECT_EQ(values_of("linux-7.2"), "121111121111111112100211111111111111111111111211123110");
  EXPECT_EQ(values_of("linux-7.3"), "121111121111111112111211111011111111101111211211123111");
}

}  // namespace
}  // namespace vmadiff::spec
