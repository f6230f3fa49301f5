// tests of reports/page: findings read from JSON, whatever is in it.
#include "reports/page/finding.h"

#include <gtest/gtest.h>

#include "../sample_finding.h"
#include "reports/json.h"
#include "reports/page/page.h"

namespace vmadiff::tests {
namespace {

using nlohmann::ordered_json;

TEST(FindingStory, IsTheFinding) {
  const auto finding = left_unmerged();
  auto read = reports::read_finding(reports::to_json(finding));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->sequence, finding.sequence);
  const auto story = reports::story_of(*std::move(read), {});
  ASSERT_TRUE(story.finding);
  EXPECT_EQ(story.finding->claim, finding.claim);
  EXPECT_EQ(story.finding->explanation, finding.explanation);
  EXPECT_FALSE(story.finding->sentence.empty());
  ASSERT_EQ(story.steps.size(), 3U);
  EXPECT_EQ(story.shown, 2U);
  const auto& views = story.steps[2].views;
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[1].extra, (std::vector<spec::Address>{0x100000002000}));
  EXPECT_TRUE(story.steps[0].views.empty()) << "nobody ran it";
}

TEST(FindingStory, OneStateMarksWhatTheClaimNames) {
  auto finding = ineligible_mergeable();
  finding.explanation = "VMA 3 has VM_MERGEABLE: 100000000000-100000001000 r--p 00000000 pfnmap:0";
  auto read = reports::read_finding(reports::to_json(finding));
  ASSERT_TRUE(read) << read.error();
  const auto story = reports::story_of(*std::move(read), {});
  EXPECT_EQ(story.steps.at(1).views.at(0).differing, (std::vector<std::size_t>{0}));
}

TEST(FindingStory, ADeadSystemHasNoLayout) {
  auto finding = left_unmerged();
  finding.views[1].outcome = spec::Outcome::died();
  auto read = reports::read_finding(reports::to_json(finding));
  ASSERT_TRUE(read) << read.error();
  EXPECT_FALSE(reports::story_of(*std::move(read), {}).steps.at(2).views.at(1).layout);
}

TEST(FindingStory, WhatIsNoFindingIsRefusedByName) {
  const auto refused = [](const ordered_json& json, std::string_view why) {
    const auto read = reports::read_finding(json);
    ASSERT_FALSE(read) << json;
    EXPECT_NE(read.error().find(why), std::string::npos) << read.error();
  };
  refused(ordered_json::array(), "expected an object");
  refused({{"type", "summary"}}, "expected an object with \"type\": \"finding\"");
  auto json = reports::to_json(left_unmerged());
  json["sequence"][1]["call"] = "mmap(nonsense";
  refused(json, "step 2 in 'sequence'");
  json["sequence"][1]["call"] = "brk(0)\nbrk(0)";
  refused(json, "of one line");
  json["sequence"] = ordered_json::array();
  refused(json, "without steps");
  json = reports::to_json(left_unmerged());
  json.erase("views");
  refused(json, "without 'views'");
}

/// Every place in the JSON, in turn, is taken away or something else: a story, or an error; never
/// more.
void spoil(ordered_json& whole, ordered_json& at, std::size_t& tried) {
  const std::vector<ordered_json> others{
      nullptr, -1, 1e300, "0xzz", "</script>", true, ordered_json::array({1, "x"}), {{"start", 7}}};
  for (auto& [key, value] : at.items()) {
    const ordered_json before = value;
    for (const ordered_json& other : others) {
      value = other;
      ++tried;
      if (auto read = reports::read_finding(whole)) {
        const auto page = reports::stories_page("x", {reports::story_of(*std::move(read), {})});
        EXPECT_EQ(page.find("</script></"), std::string::npos);
      }
    }
    value = before;
    if (value.is_structured()) spoil(whole, value, tried);
  }
}

TEST(FindingStory, AnySpoiltJsonIsAStoryOrAnError) {
  auto json = reports::to_json(left_unmerged());
  std::size_t tried = 0;
  spoil(json, json, tried);
  EXPECT_GT(tried, 500U);
}

}  // namespace
}  // namespace vmadiff::tests
