// tests/properties: the table of claims and the words that select from it.
#include "properties/claims/property.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "properties/claims/claim.h"
#include "properties/claims/exemptions.h"

namespace vmadiff::properties {
namespace {

TEST(PropertyTable, NamesAreUniqueClaimsWithASourceEach) {
  std::set<std::string_view> names;
  for (const Property& property : all_properties()) {
    EXPECT_TRUE(names.insert(property.name).second) << property.name;
    EXPECT_TRUE(property.claim.ends_with('.')) << property.name;
    EXPECT_FALSE(property.source.empty()) << property.name;
  }
}

TEST(PropertyTable, EachNameStandsInTheDocumentation) {
  std::ifstream file{VMADIFF_SOURCE_DIR "/docs/properties.md"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  for (const Property& property : all_properties()) {
    EXPECT_TRUE(text.contains(fmt::format("### {}\n", property.name))) << property.name;
  }
  for (const ExemptionRule& rule : exemption_rules()) {
    EXPECT_TRUE(text.contains(fmt::format("`{}`", rule.name))) << rule.name;
  }
}

TEST(PropertyTable, NumbersAndRowsAreInOneOrder) {
  EXPECT_EQ(name(Claim::kSystemSurvives), "SystemSurvives");
  EXPECT_EQ(name(Claim::kNoCompatibleNeighboursLeftUnmerged), "NoCompatibleNeighboursLeftUnmerged");
  EXPECT_EQ(name(Claim::kSystemsAgreeOnLayout), "SystemsAgreeOnLayout");
  EXPECT_EQ(name(Claim::kReviewPredicateIsIndistinguishable), "ReviewPredicateIsIndistinguishable");
}

TEST(PropertySet, SelectsAKind) {
  const auto set = PropertySet::parse("invariants").value();
  EXPECT_TRUE(set.has("VmasAreSortedAndDisjoint"));
  EXPECT_FALSE(set.has("SystemsAgreeOnLayout"));
  EXPECT_TRUE(set.has_any(Kind::kInvariant));
  EXPECT_FALSE(set.has_any(Kind::kRelation));
}

TEST(PropertySet, SelectsNamesAndKindsTogether) {
  const auto set = PropertySet::parse("equivalence,EnablingKsmChangesNoLayout").value();
  EXPECT_TRUE(set.has("SystemsAgreeOnOutcomes"));
  EXPECT_TRUE(set.has("EnablingKsmChangesNoLayout"));
  EXPECT_FALSE(set.has("FailedCallsChangeNothing"));
  const Selection flat{set};
  EXPECT_TRUE(flat.has(Claim::kEnablingKsmChangesNoLayout));
  EXPECT_FALSE(flat.has(Claim::kCountersMatchTheVmas));
}

TEST(PropertySet, RefusesAnUnknownWordAndListsTheRightOnes) {
  const auto set = PropertySet::parse("invariants,NoSuchClaim");
  ASSERT_FALSE(set.has_value());
  EXPECT_NE(set.error().find("'NoSuchClaim'"), std::string::npos) << set.error();
  EXPECT_NE(set.error().find("SystemsAgreeOnLayout"), std::string::npos) << set.error();
  EXPECT_FALSE(PropertySet::parse("").has_value());
}

TEST(ExemptionTable, EveryRuleNamesItsClaimAndReason) {
  std::set<std::string_view> names;
  for (const ExemptionRule& rule : exemption_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.reason.empty()) << rule.name;
    const auto claims = std::string{rule.claim};
    std::string words;
    for (const char c : claims) {
      if (c != ' ') words += c;
    }
    EXPECT_TRUE(PropertySet::parse(words).has_value()) << rule.claim;
  }
}

}  // namespace
}  // namespace vmadiff::properties
