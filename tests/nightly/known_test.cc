// tests of nightly: what is new, what is known, what has gone and came again.
#include "nightly/known.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../cli/command_run.h"

namespace vmadiff::nightly {
namespace {

class KnownTest : public ::testing::Test {
 protected:
  Found found(std::uint64_t calls) const {
    return {.key = "impl: mremap/total_vm under linux-6.18",
            .name = "0123456789abcdef",
            .claim = "SystemsAgreeOnLayout",
            .explanation = "it differs",
            .stage = "random",
            .calls = calls,
            .files = {{".trace", scratch_.file("found.trace", std::string(calls, 'x'))}}};
  }
  [[nodiscard]] KnownFindings load() const { return KnownFindings::load(places_).value(); }
  [[nodiscard]] const Known& only(const KnownFindings& known) const {
    EXPECT_EQ(known.all().size(), 1U);
    return known.all().front();
  }
  [[nodiscard]] std::string trace() const {
    return tests::content(places_.findings() / "0123456789abcdef.trace");
  }

  tests::Scratch scratch_;
  Places places_{scratch_.path() / "state"};
};

TEST_F(KnownTest, IsNewInTheNightThatFoundItHoweverOftenItIsFiled) {
  auto known = load();
  ASSERT_TRUE(known.file(found(3), "1"));
  ASSERT_TRUE(load().file(found(3), "1"));
  EXPECT_TRUE(only(load()).is_new_in("1"));
  ASSERT_TRUE(load().file(found(3), "2"));
  EXPECT_FALSE(only(load()).is_new_in("2"));
  EXPECT_EQ(only(load()).last_night, "2");
}

TEST_F(KnownTest, KeepsTheShorterTrace) {
  ASSERT_TRUE(load().file(found(3), "1"));
  ASSERT_TRUE(load().file(found(5), "1"));
  EXPECT_EQ(trace(), "xxx");
  ASSERT_TRUE(load().file(found(2), "1"));
  EXPECT_EQ(trace(), "xx");
  EXPECT_EQ(only(load()).calls, 2U);
}

TEST_F(KnownTest, OneThatHadGoneIsNewAgain) {
  ASSERT_TRUE(load().file(found(3), "1"));
  ASSERT_TRUE(load().note_gone(found(3).key, "2"));
  ASSERT_TRUE(load().note_gone(found(3).key, "3"));
  EXPECT_EQ(only(load()).gone_since, "2") << "that is said once";
  ASSERT_TRUE(load().file(found(3), "4"));
  EXPECT_TRUE(only(load()).is_new_in("4"));
  EXPECT_TRUE(only(load()).again);
  EXPECT_EQ(only(load()).gone_since, "");
}

TEST_F(KnownTest, WhatThisNightHasSeenIsNotGoneWhateverAReplaySays) {
  ASSERT_TRUE(load().file(found(3), "1"));
  ASSERT_TRUE(load().note_gone(found(3).key, "1"));
  EXPECT_EQ(only(load()).gone_since, "");
}

TEST_F(KnownTest, WhatAProfileBreaksByItsNatureIsNeverNew) {
  auto one = found(3);
  one.by_nature = true;
  ASSERT_TRUE(load().file(one, "1"));
  EXPECT_FALSE(only(load()).is_new_in("1"));
}

TEST_F(KnownTest, WhatCannotBeCopiedIsNotKnown) {
  auto one = found(3);
  one.files = {{".trace", scratch_.path() / "nowhere"}};
  EXPECT_FALSE(load().file(one, "1"));
  EXPECT_TRUE(load().all().empty());
}

}  // namespace
}  // namespace vmadiff::nightly
