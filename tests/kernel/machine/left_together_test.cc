// What sequences have left is asked about together, and blamed on the one that left it.
#include "kernel/machine/left_together.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace vmadiff::kernel {
namespace {

/// A machine whose sequences leave pages, and what was asked of it: a sequence by its number, `w`
/// where it waits, `|` where it was settled, `!` before one that is run again.
struct PretendedBlock {
  std::map<std::size_t, std::int64_t> leaks;
  std::map<std::size_t, std::int64_t> once = {};  ///< not where it is run again
  std::map<std::size_t, bool> dies = {};
  std::map<std::size_t, bool> known_to_leak = {};
  std::map<std::size_t, Left> answers = {};
  std::string asked = {};
  std::int64_t pages = 0;

  [[nodiscard]] bool leaves_nothing(std::size_t i) const { return !known_to_leak.contains(i); }
  std::expected<bool, spec::ToolFault> run(std::size_t i, bool waits) {
    asked += std::to_string(i);
    pages += leaks[i] + once[i];
    answers[i] = {};
    if (dies[i]) return false;
    if (!waits) answers[i] = settle().value();
    if (waits) asked += 'w';
    return waits;
  }
  std::expected<Left, spec::ToolFault> settle() {
    asked += '|';
    return Left{.committed = std::exchange(pages, 0), .huge_pages = {}};
  }
  std::expected<Left, spec::ToolFault> run_again(std::size_t i) {
    asked += '!' + std::to_string(i);
    pages += leaks[i];
    return settle();
  }
  Left& left(std::size_t i) { return answers[i]; }
  std::string said() {
    std::string out;
    for (const auto& [i, left] : answers)
      out += left.committed ? std::to_string(*left.committed) + ' ' : "? ";
    return out;
  }
};

TEST(LeftTogetherTest, OneQuestionDoesForAllThatLeaveNothing) {
  PretendedBlock block{.leaks = {}};
  LeftTogether together;
  ASSERT_TRUE(together.run(block, 4));
  EXPECT_EQ(block.asked, "0w1w2w3w|");
  EXPECT_EQ(block.said(), "0 0 0 0 ");
}

TEST(LeftTogetherTest, WhatIsLeftIsThatOfWhoLeavesItAgain) {
  PretendedBlock block{.leaks = {{1, 3}, {2, -1}}};
  LeftTogether together;
  ASSERT_TRUE(together.run(block, 4));
  EXPECT_EQ(block.asked, "0w1w2w3w|!0|!1|!2|!3|");
  EXPECT_EQ(block.said(), "0 3 -1 0 ");
}

TEST(LeftTogetherTest, WhatNobodyLeavesAgainIsNotKeptBack) {
  PretendedBlock block{.leaks = {}, .once = {{0, 5}}};
  LeftTogether together;
  ASSERT_TRUE(together.run(block, 3));
  EXPECT_EQ(block.said(), "0 0 5 ");
}

TEST(LeftTogetherTest, WhoIsKnownToLeaveSomethingIsAskedAboutAlone) {
  PretendedBlock block{.leaks = {{1, 2}}, .known_to_leak = {{1, true}, {3, true}}};
  LeftTogether together;
  ASSERT_TRUE(together.run(block, 5));
  EXPECT_EQ(block.asked, "1|3|0w2w4w|");
  EXPECT_EQ(block.said(), "0 2 0 0 0 ");
}

TEST(LeftTogetherTest, WhoDiesEndsTheGroup) {
  PretendedBlock block{.leaks = {{0, 4}}, .dies = {{1, true}}};
  LeftTogether together;
  ASSERT_TRUE(together.run(block, 3));
  EXPECT_EQ(block.asked, "0w1|!0|2w|");
  EXPECT_EQ(block.said(), "4 ? 0 ");
}

TEST(LeftTogetherTest, AKernelThatLosesMemoryIsAskedOneByOneForLongerAndLonger) {
  LeftTogether together;
  const auto asked = [&](std::map<std::size_t, std::int64_t> leaks, std::size_t count) {
    PretendedBlock block{.leaks = std::move(leaks)};
    EXPECT_TRUE(together.run(block, count));
    return block.asked;
  };
  EXPECT_EQ(asked({{0, 1}}, 2), "0w1w|!0|!1|");
  EXPECT_EQ(asked({{1, 1}}, 4), "0|1|2w3w|") << "as many as were run again";
  EXPECT_EQ(asked({{0, 1}}, 2), "0w1w|!0|!1|") << "and when it is seen again";
  EXPECT_EQ(asked({{0, 1}}, 2), "0|1|");
  EXPECT_EQ(asked({{0, 1}}, 2), "0w1w|!0|!1|");
  EXPECT_EQ(asked({}, 6), "0|1|2|3|4w5w|") << "twice as many";
  EXPECT_EQ(asked({{1, 1}}, 2), "0w1w|!0|!1|");
  EXPECT_EQ(asked({}, 5), "0|1|2|3|4w|");
}

}  // namespace
}  // namespace vmadiff::kernel
