// tests of kernel/build: what is wished of a configuration, and what a tree made of it.
#include "kernel/build/configuration.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::kernel {
namespace {

TEST(Wishes, AreReadAndWrittenAsAConfigurationHasThem) {
  const auto wishes = wishes_in(
      "# a comment\n\nCONFIG_KSM=y\r\n# CONFIG_SWAP is not set\nCONFIG_LOCALVERSION=\"-x y\"\n"
      "CONFIG_NUMA=n");
  ASSERT_TRUE(wishes) << wishes.error();
  EXPECT_EQ(*wishes,
            (std::vector<Wish>{
                {"KSM", "y"}, {"SWAP", "n"}, {"LOCALVERSION", "\"-x y\""}, {"NUMA", "n"}}));
  EXPECT_EQ(line_of(wishes->at(0)), "CONFIG_KSM=y");
  EXPECT_EQ(line_of(wishes->at(1)), "# CONFIG_SWAP is not set");
  EXPECT_EQ(line_of(wishes->at(2)), "CONFIG_LOCALVERSION=\"-x y\"");
}

TEST(Wishes, AWrongLineIsToldWithItsNumberAndWhatWouldBeRight) {
  for (const std::string_view wrong : {"KSM=y", "CONFIG_KSM", "CONFIG_=y",
                                       "CONFIG_KSM=", "CONFIG_K M=y", "# CONFIG_K M is not set"}) {
    const auto wishes = wishes_in("CONFIG_SWAP=y\n" + std::string{wrong} + "\n");
    ASSERT_FALSE(wishes) << wrong;
    EXPECT_EQ(wishes.error(),
              "line 2: expected CONFIG_NAME=y, or another value, or # CONFIG_NAME is not set");
  }
}

TEST(Wishes, WhatAConfigurationHasNotIsSeen) {
  const std::vector<Wish> wishes{{"KSM", "y"}, {"SWAP", "n"}, {"NUMA", "n"}, {"NR_CPUS", "64"}};
  EXPECT_EQ(not_granted(wishes, "CONFIG_KSM=y\n# CONFIG_SWAP is not set\nCONFIG_NR_CPUS=64\n"),
            std::vector<Wish>{});
  EXPECT_EQ(not_granted(wishes, "CONFIG_SWAP=y\nCONFIG_KSM=m\nCONFIG_NUMA=y\nCONFIG_NR_CPUS=641\n"),
            wishes);
  EXPECT_EQ(not_granted(wishes, "").size(), 2U) << "what is off may not be spoken of";
}

TEST(Wishes, OneOfTwoNamesIsEnough) {
  EXPECT_TRUE(is_had_otherwise({"PROC_SYSCTL", "y"}, "CONFIG_SYSCTL=y\n"));
  EXPECT_TRUE(is_had_otherwise({"SYSCTL", "y"}, "CONFIG_PROC_SYSCTL=y\n"));
  EXPECT_FALSE(is_had_otherwise({"SYSCTL", "y"}, "# CONFIG_PROC_SYSCTL is not set\n"));
  EXPECT_FALSE(is_had_otherwise({"KSM", "y"}, "CONFIG_SYSCTL=y\n"));
}

TEST(Wishes, OursNameEachSymbolOnce) {
  for (const Flavour flavour : {Flavour{}, {.debug = true}, {.kasan = true}, {true, true}}) {
    std::set<std::string> symbols;
    for (const Wish& wish : wishes_of(flavour)) {
      EXPECT_TRUE(symbols.insert(wish.symbol).second) << wish.symbol;
    }
    EXPECT_TRUE(symbols.contains("KSM"));
    EXPECT_EQ(symbols.contains("PROVE_LOCKING"), flavour.debug);
    EXPECT_EQ(symbols.contains("KASAN"), flavour.kasan);
  }
  EXPECT_EQ(wishes_of({true, true}).front().value, "\"-vmadiff-debug-kasan\"");
}

}  // namespace
}  // namespace vmadiff::kernel
