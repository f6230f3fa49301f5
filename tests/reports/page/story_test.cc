// tests of reports/page: what a story keeps of what systems gave.
#include "reports/page/story.h"

#include <gtest/gtest.h>

#include "reports/page/axis.h"
#include "reports/page/story_data.h"
#include "stories.h"

namespace vmadiff::tests {
namespace {

using reports::Story;
using reports::StoryMaker;

constexpr spec::Address kPage = spec::kPageSize;

Story of(std::vector<reports::SeenStep> steps) {
  StoryMaker maker;
  for (auto& one : steps) maker.add(std::move(one));
  return maker.take();
}

/// One VMA on two systems; two that differ in a boundary on the third.
Story split_on_the_host() {
  return of({step({seen("model", {anonymous(kArena, kArena + 4 * kPage)}),
                   seen("impl", {anonymous(kArena, kArena + 4 * kPage)}),
                   seen("host",
                        {anonymous(kArena, kArena + 2 * kPage),
                         anonymous(kArena + 2 * kPage, kArena + 4 * kPage)},
                        spec::kFromOutside)})});
}

TEST(Story, SystemsThatAgreeAreOneView) {
  const Story story = split_on_the_host();
  const auto& views = story.steps.at(0).views;
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].systems, (std::vector<std::string>{"model", "impl"}));
  EXPECT_EQ(views[1].systems, (std::vector<std::string>{"host"}));
  EXPECT_EQ(story.first_difference(), 0U);
}

TEST(Story, WhatOneSystemCannotSeeIsNoDifference) {
  auto with_anon_vma = anonymous(kArena, kArena + kPage);
  with_anon_vma.anon_vma = 7;
  with_anon_vma.anon_vma_links = 1;
  const Story story =
      of({step({seen("model", {with_anon_vma}),
                seen("host", {anonymous(kArena, kArena + kPage)}, spec::kFromOutside)})});
  EXPECT_EQ(story.steps.at(0).views.size(), 1U);
}

TEST(Story, AKernelShowsOffsetsInBytes) {
  auto mapped = anonymous(kArena, kArena + kPage);
  mapped.file = {spec::FileClass::kPfnmap, 0};
  mapped.pgoff = (std::uint64_t{1} << 52) + 3;
  auto shown = mapped;
  shown.pgoff = 3;
  const auto views = [&](const spec::Observes& observes) {
    return of({step({seen("model", {mapped}), seen("host", {shown}, observes)})})
        .steps.at(0)
        .views.size();
  };
  EXPECT_EQ(views(spec::kFromOutside), 1U);
  EXPECT_EQ(views({}), 2U) << "who sees all sees these";
}

TEST(Story, AnonVmasAgreeUpToTheirNumbers) {
  const auto numbered = [](std::uint32_t first, std::uint32_t second) {
    std::vector<spec::Vma> vmas{anonymous(kArena, kArena + kPage),
                                anonymous(kArena + 2 * kPage, kArena + 3 * kPage)};
    vmas[0].anon_vma = first;
    vmas[1].anon_vma = second;
    return vmas;
  };
  EXPECT_EQ(of({step({seen("model", numbered(1, 2)), seen("impl", numbered(9, 4))})})
                .steps.at(0)
                .views.size(),
            1U);
  EXPECT_EQ(of({step({seen("model", numbered(1, 2)), seen("impl", numbered(9, 9))})})
                .steps.at(0)
                .views.size(),
            2U)
      << "one anon_vma is not two";
}

TEST(Story, APolicyOnOneSideAloneIsADifference) {
  auto bound = anonymous(kArena, kArena + kPage);
  bound.policy.mode = 2;
  bound.policy.nodes = 1;
  const auto plain = anonymous(kArena, kArena + kPage);
  EXPECT_EQ(of({step({seen("model", {bound}), seen("impl", {plain})})}).steps.at(0).views.size(),
            2U);
}

TEST(Story, BoundariesThatShouldNotBeThereAreMarked) {
  const Story story = split_on_the_host();
  const auto& actual = story.steps.at(0).views.at(1);
  EXPECT_EQ(actual.extra, (std::vector<spec::Address>{kArena + 2 * kPage}));
  EXPECT_TRUE(actual.missing.empty());
  EXPECT_EQ(actual.differing, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(story.steps.at(0).views.at(0).differing, (std::vector<std::size_t>{0}));
}

TEST(Story, BoundariesThatAreMissingAreMarked) {
  const Story story = of({step({seen("model", {anonymous(kArena, kArena + kPage),
                                               anonymous(kArena + kPage, kArena + 2 * kPage)}),
                                seen("impl", {anonymous(kArena, kArena + 2 * kPage)})})});
  const auto& actual = story.steps.at(0).views.at(1);
  EXPECT_EQ(actual.missing, (std::vector<spec::Address>{kArena + kPage}));
  EXPECT_TRUE(actual.extra.empty());
}

TEST(Story, WhatWasMappedBeforeIsNotShown) {
  auto own = anonymous(0x20000000, 0x20010000);
  own.file = {spec::FileClass::kOther, 1};
  const Story story = of({step({seen("model", {own, anonymous(kArena, kArena + kPage)})})});
  ASSERT_EQ(story.bars.size(), 1U);
  EXPECT_EQ(story.bars[0].start, kArena);
}

TEST(Story, AVmaThatStaysIsKeptOnce) {
  std::vector<reports::SeenStep> steps;
  for (spec::Address i = 1; i <= 50; ++i) {
    std::vector<spec::Vma> vmas;
    for (spec::Address k = 0; k < i; ++k)
      vmas.push_back(anonymous(kArena + 2 * k * kPage, kArena + (2 * k + 1) * kPage));
    steps.push_back(step({seen("model", vmas)}));
  }
  const Story story = of(std::move(steps));
  EXPECT_EQ(story.bars.size(), 50U);
  EXPECT_EQ(story.layouts.size(), 50U);
  EXPECT_EQ(story.layouts.back().size(), 50U);
  EXPECT_EQ(story.kinds.size(), 1U);
}

TEST(Story, ASystemThatDiedShowsNothing) {
  const Story story =
      of({step({seen("model", {anonymous(kArena, kArena + kPage)}), {"host", "died", {}}})});
  const auto& views = story.steps.at(0).views;
  ASSERT_EQ(views.size(), 2U);
  EXPECT_FALSE(views[1].layout);
  EXPECT_TRUE(views[1].extra.empty());
}

TEST(Story, AResultThatIsNotAsStatedIsADifference) {
  auto stated = step({seen("model", {})});
  stated.asserted = "-1 ENOMEM";
  EXPECT_EQ(of({step({seen("model", {})}), stated}).first_difference(), 1U);
  stated.asserted = "0";
  EXPECT_FALSE(of({stated}).first_difference());
}

/// `count` pages with holes between them, elsewhere in each step.
std::vector<spec::Vma> pages_of_step(std::size_t i, spec::Address count) {
  std::vector<spec::Vma> vmas;
  for (spec::Address k = 0; k < count; ++k) {
    const spec::Address start = kArena + (i * 2000 + 2 * k) * kPage;
    vmas.push_back(anonymous(start, start + kPage));
  }
  return vmas;
}

constexpr reports::StoryBounds kSmall{.steps = 50, .places = 400};

TEST(Story, OfVeryManyCallsTheLastAreKept) {
  StoryMaker maker{{}, kSmall};
  constexpr std::size_t kSteps = 1000;
  for (std::size_t i = 0; i < kSteps; ++i) maker.add(step({seen("model", pages_of_step(i, 1))}));
  const Story story = maker.take();
  EXPECT_EQ(story.left_out + story.steps.size(), kSteps);
  EXPECT_GE(story.steps.size(), 50U);
  EXPECT_LE(story.steps.size(), 100U);
  EXPECT_EQ(story.notes.size(), 1U);
  EXPECT_EQ(story.bars.at(story.layouts.at(*story.steps.back().views.at(0).layout).at(0)).start,
            kArena + (kSteps - 1) * 2000 * kPage);
}

TEST(Story, OfVeryManyVmasTheLastLayoutsAreKept) {
  StoryMaker maker{{}, kSmall};
  constexpr std::size_t kSteps = 49;
  for (std::size_t i = 0; i < kSteps; ++i) maker.add(step({seen("model", pages_of_step(i, 90))}));
  const Story story = maker.take();
  ASSERT_EQ(story.steps.size(), kSteps);
  EXPECT_EQ(story.notes.size(), 1U);
  EXPECT_FALSE(story.steps.front().views.at(0).layout);
  ASSERT_TRUE(story.steps.back().views.at(0).layout);
  const auto& last = story.layouts.at(*story.steps.back().views[0].layout);
  ASSERT_EQ(last.size(), 90U);
  EXPECT_EQ(story.bars.at(last[89]).start, kArena + ((kSteps - 1) * 2000 + 178) * kPage);
  std::size_t places = 0;
  for (const auto& layout : story.layouts) places += layout.size();
  EXPECT_GE(places, 270U);
  EXPECT_LE(places, 800U);
  EXPECT_EQ(story.bars.size(), places) << "what nobody shows any more is gone";
}

TEST(Story, OneLayoutThatIsTooLargeIsKeptAllTheSame) {
  StoryMaker maker{{}, kSmall};
  for (std::size_t i = 0; i < 3; ++i) maker.add(step({seen("model", pages_of_step(i, 900))}));
  const Story story = maker.take();
  EXPECT_TRUE(story.steps.back().views.at(0).layout);
}

TEST(Axis, AGapOfTerabytesIsSmallAndAPageIsSeen) {
  const spec::Address far = kArena + (spec::Address{20} << 40);
  const Story story = of({step({seen("model", {anonymous(kArena, kArena + kPage),
                                               anonymous(far, far + (spec::Address{1} << 40))})})});
  const auto axis = axis_of(story);
  ASSERT_EQ(axis.boundaries.size(), 4U);
  EXPECT_EQ(axis.gaps, (std::vector<std::size_t>{1}));
  EXPECT_EQ(axis.positions.front(), 0U);
  EXPECT_EQ(axis.positions.back(), reports::kAxisLength);
  const auto width = [&](std::size_t i) { return axis.positions[i + 1] - axis.positions[i]; };
  EXPECT_LT(width(1), width(0)) << "the gap";
  EXPECT_GT(width(0), reports::kAxisLength / 20) << "one page";
  EXPECT_GT(width(2), width(0)) << "a terabyte";
}

TEST(Axis, AHoleOfAFewPagesKeepsItsSize) {
  const Story story =
      of({step({seen("model", {anonymous(kArena, kArena + kPage),
                               anonymous(kArena + 5 * kPage, kArena + 6 * kPage)})})});
  const auto axis = axis_of(story);
  EXPECT_TRUE(axis.gaps.empty());
  EXPECT_GT(axis.positions[2] - axis.positions[1], axis.positions[1]);
}

TEST(StoryData, BarsAreByBoundaries) {
  const Story story = split_on_the_host();
  const auto axis = axis_of(story);
  const auto data = story_data(story, axis);
  EXPECT_EQ(data["axis"]["at"],
            (nlohmann::ordered_json{"100000000000", "100000002000", "100000004000"}));
  const auto& views = data["steps"][0]["views"];
  EXPECT_EQ(data["layouts"][views[1]["layout"].get<std::size_t>()].size(), 2U);
  EXPECT_EQ(views[1]["extra"], (nlohmann::ordered_json::array({1})));
  EXPECT_EQ(data["kinds"][0]["permissions"], "rw-p");
}

TEST(Boundaries, AreThoseOfWhichTheTextSpeaks) {
  const std::vector<reports::Bar> layout{{.start = 0x20020000, .end = 0x20021000},
                                         {.start = 0x20021000, .end = 0x20022000},
                                         {.start = 0x20022000, .end = 0x20023000}};
  EXPECT_EQ(reports::boundaries_named_in("apart: 20020000-20021000 rw-p | 20021000-20022000 rw-p",
                                         layout),
            (std::vector<spec::Address>{0x20021000}));
  EXPECT_TRUE(reports::boundaries_named_in("VMA 3: 20021000-20022000 rw-p", layout).empty());
}

}  // namespace
}  // namespace vmadiff::tests
