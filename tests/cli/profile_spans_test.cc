// tests/cli: spans of profiles.
#include "cli/profile_spans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "spec/kernel_profile.h"

namespace vmadiff::cli {
namespace {

using Names = std::vector<std::string>;

TEST(ProfileSpans, NameEachProfileInThemOnceInOrder) {
  EXPECT_EQ(read_profile_spans("linux-6.18"), (Names{"linux-6.18"}));
  EXPECT_EQ(read_profile_spans("linux-6.17 to linux-6.18"),
            (Names{"linux-6.17", "linux-6.18.15", "linux-6.18"}));
  EXPECT_EQ(read_profile_spans("linux-6.18,linux-6.12 to linux-6.12.118 , linux-6.12"),
            (Names{"linux-6.12", "linux-6.12.118", "linux-6.18"}));
  const auto all = read_profile_spans("linux-6.1 on").value();
  EXPECT_TRUE(std::ranges::equal(all, spec::profiles(), {}, {}, &spec::KernelProfile::name));
}

TEST(ProfileSpans, WhatIsWrongIsSaid) {
  const auto error = [](const char* text) { return read_profile_spans(text).error(); };
  EXPECT_NE(error("linux-9").find("unknown profile 'linux-9'"), std::string::npos);
  EXPECT_NE(error("linux-6.18 to linux-9").find("unknown profile 'linux-9'"), std::string::npos);
  EXPECT_NE(error("linux-6.18 to linux-6.12").find("comes after"), std::string::npos);
  for (const char* text : {"", "linux-6.12,", "linux-6.12 onwards", "linux-6.12 linux-6.18 on"}) {
    EXPECT_NE(error(text).find("expected 'PROFILE'"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace vmadiff::cli
