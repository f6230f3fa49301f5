// tests of reports/page: whole pages: what is in them, and what cannot get out of its place.
#include "reports/page/page.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "../sample_finding.h"
#include "hostile.h"
#include "reports/json.h"
#include "reports/page/finding.h"
#include "reports/page/markup.h"
#include "stories.h"

namespace vmadiff::tests {
namespace {

constexpr std::size_t kNightMax = 2'000'000;

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

/// The data of each story.
std::vector<nlohmann::json> data_of(std::string_view page) {
  constexpr std::string_view kBegin = "<script type=\"application/json\">";
  std::vector<nlohmann::json> out;
  for (auto at = page.find(kBegin); at != std::string_view::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    out.push_back(nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at)));
  }
  return out;
}

reports::Story story_of(const properties::Finding& finding) {
  return reports::story_of(*reports::read_finding(reports::to_json(finding)), {});
}

/// A story with this text wherever one can come from elsewhere.
reports::Story told_by(const std::string& text) {
  auto finding = left_unmerged();
  finding.claim = text;
  finding.explanation = text;
  finding.fingerprint = text;
  finding.profile = text;
  finding.known = text;
  finding.log = text + "\n" + text;
  finding.machines = {text};
  for (auto& view : finding.views) view.system = text;
  auto story = story_of(finding);
  story.title = text;
  story.comments = {text};
  story.notes = {text};
  story.facts.emplace_back(text, text);
  for (auto& one : story.steps) {
    one.comments = {text};
    one.call += text;
    one.asserted = text;
    for (auto& view : one.views) view.outcome = text;
  }
  for (auto& kind : story.kinds) kind[text] = text;
  for (auto& kind : story.kinds) kind["backing"] = text;
  for (auto& detail : story.details) detail[text] = {{text, text}};
  return story;
}

reports::Night night(std::string date, std::vector<reports::NightFinding> findings) {
  reports::Night out;
  out.date = std::move(date);
  out.seconds = 3700;
  out.machine = "host: Linux 6.18";
  out.version = "0.1.0";
  out.systems = {"model", "host"};
  out.profile = "linux-6.18";
  out.stages = {{.name = "corpus",
                 .what = "model, host",
                 .outcome = "held",
                 .seconds = 60,
                 .calls = 1234567,
                 .sequences = 550,
                 .findings = 0}};
  out.findings = std::move(findings);
  out.coverage = reports::NightCoverage{.behaviours_met = 400,
                                        .behaviours = 500,
                                        .pairs_met = 9000,
                                        .pairs = 10000,
                                        .new_behaviours = {"mmap ENOMEM"},
                                        .new_pairs = {},
                                        .never = {"mremap left, KSM off"}};
  return out;
}

TEST(Page, TextStaysText) {
  const auto clean = reports::stories_page("x", {told_by("x")});
  for (const std::string& text : hostile_texts()) {
    const auto page = reports::stories_page(text, {told_by(text)});
    for (const auto* tag : {"<script", "</script", "<svg", "<img", "<!--", "<p", "<div", "<style"})
      EXPECT_EQ(count(page, tag), count(clean, tag)) << tag << " of " << text;
    for (const auto* part : {" onerror=alert", " onload=alert", "\x1b", "\xff", "\xe2\x80\xae"})
      EXPECT_EQ(page.find(part),
                page.find("img src") == std::string::npos ? std::string::npos : page.find(part))
          << part << " of " << text;
    const auto data = data_of(page);
    ASSERT_EQ(data.size(), 1U) << text;
    EXPECT_TRUE(std::ranges::any_of(data[0]["kinds"],
                                    [](const auto& kind) { return kind.contains("backing"); }));
  }
}

TEST(Page, AttributesStayInTheirQuotes) {
  for (const std::string& text : hostile_texts()) {
    const auto shown = reports::markup(text);
    EXPECT_EQ(shown.find_first_of("<>\"'\x1b"), std::string::npos) << shown;
  }
  EXPECT_EQ(reports::script_json({{"a", "</script>"}}), R"({"a":"\u003c/script>"})");
}

TEST(Page, NeedsNothingElse) {
  const auto page = reports::night_page(
      std::vector{night("2026-11-27", {{story_of(left_unmerged()), true, {}}})});
  for (const auto* part : {"http://", "https://", "src=", "url(", "@import", "<link", "fetch(",
                           "XMLHttpRequest", "innerHTML", "eval("}) {
    const auto at = page.find(part);
    // The name of SVG's namespace is a name, not a place.
    if (at != std::string::npos) EXPECT_EQ(page.find("http://www.w3.org/2000/svg"), at) << part;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Page, WithoutAScriptItShowsTheLastLayout) {
  const auto page = reports::stories_page("x", {story_of(left_unmerged())});
  EXPECT_NE(page.find("<rect "), std::string::npos);
  EXPECT_NE(page.find("<line class=\"extra\""), std::string::npos);
  EXPECT_NE(page.find("<caption>expected (model): 1 VMA</caption>"), std::string::npos);
  EXPECT_NE(page.find("<caption>actual (host): 2 VMAs</caption>"), std::string::npos);
  EXPECT_NE(page.find("100000002000-100000004000"), std::string::npos);
}

TEST(Page, FindingsComeFirstAndNewOnesBeforeKnownOnes) {
  const auto page = reports::campaign_page(
      night("2026-11-27", {{story_of(ineligible_mergeable()), false, "2026-11-20"},
                           {story_of(left_unmerged()), true, {}}}));
  const auto at = [&](std::string_view part) { return page.find(part); };
  EXPECT_LT(at("SystemsAgreeOnLayout"), at("OnlyEligibleVmasAreMergeable"));
  EXPECT_LT(at("id=\"findings\""), at("id=\"stages\""));
  EXPECT_LT(at("id=\"stages\""), at("id=\"coverage\""));
  EXPECT_NE(at("first seen 2026-11-20"), std::string::npos);
  EXPECT_NE(at("1 new finding, 1 known"), std::string::npos);
  EXPECT_NE(at("1,234,567"), std::string::npos);
  EXPECT_NE(at("mmap ENOMEM"), std::string::npos);
}

TEST(Page, ANightWithoutFindingsSaysSo) {
  const auto page = reports::night_page(std::vector{night("2026-11-27", {})});
  EXPECT_NE(page.find("every property held"), std::string::npos);
  EXPECT_NE(page.find("no findings"), std::string::npos);
}

TEST(Page, TrendsGoOverAllNights) {
  std::vector<reports::Night> nights;
  for (int i = 1; i <= 9; ++i) {
    nights.push_back(night(fmt::format("2026-11-0{}", i), {}));
    nights.back().new_findings_counted = static_cast<std::uint64_t>(i);
  }
  const auto page = reports::night_page(nights);
  EXPECT_NE(page.find("Over 9 nights"), std::string::npos);
  EXPECT_EQ(count(page, "<circle "), 6U * 9U) << "six trends";
  EXPECT_NE(page.find("<title>2026-11-03: 3</title>"), std::string::npos);
}

/// A finding with many calls, each with many VMAs.
reports::Story large_story(std::size_t steps) {
  reports::Story head;
  head.title = "SystemsAgreeOnLayout";
  head.finding = reports::StoryFinding{.claim = "SystemsAgreeOnLayout",
                                       .sentence = {},
                                       .explanation = "large",
                                       .fingerprint = {},
                                       .known = {},
                                       .run_seed = {},
                                       .log = {}};
  reports::StoryMaker maker{std::move(head)};
  for (std::size_t i = 0; i < steps; ++i) {
    std::vector<spec::Vma> vmas;
    for (spec::Address k = 0; k < 60; ++k) {
      const spec::Address start = kArena + (i * 100 + 2 * k) * spec::kPageSize;
      vmas.push_back(anonymous(start, start + spec::kPageSize));
    }
    maker.add(step({seen("model", vmas)}));
  }
  return maker.take();
}

TEST(Page, ANightIsBelowTwoMegabytes) {
  std::vector<reports::NightFinding> findings(14, {large_story(140), true, {}});
  findings.push_back({story_of(left_unmerged()), true, {}});
  auto one = night("2026-11-27", std::move(findings));
  one.findings[3].story.finding->log.assign(3'000'000, 'x');
  const auto page = reports::night_page(std::vector{one});
  EXPECT_LT(page.size(), kNightMax);
  EXPECT_GE(data_of(page).size(), 1U);
  EXPECT_NE(page.find("No pictures here, for the size of the page"), std::string::npos);
  EXPECT_EQ(count(page, "<span class=\"title\">"), 15U) << "each is named";
}

TEST(Page, SeveralTracesHaveAnIndex) {
  const auto page = reports::stories_page("2 traces", {large_story(2), story_of(left_unmerged())});
  EXPECT_NE(page.find("<table class=\"index\">"), std::string::npos);
  EXPECT_NE(page.find("<a href=\"#s2\">"), std::string::npos);
  EXPECT_NE(page.find("id=\"s2\""), std::string::npos);
  EXPECT_NE(page.find("systems differ at call 3"), std::string::npos);
  EXPECT_EQ(data_of(page).size(), 2U);
}

}  // namespace
}  // namespace vmadiff::tests
