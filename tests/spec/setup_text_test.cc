// tests/spec: set-ups as text.
#include "spec/setup_text.h"

#include <gtest/gtest.h>

namespace vmadiff::spec {
namespace {

TEST(SetupText, TheCanonicalSetupIsEmpty) { EXPECT_EQ(setup_text(spec::Setup::standard()), ""); }

TEST(SetupText, WhatIsWrittenIsReadAgain) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = 9;
  setup.mmap_min_addr = 0;
  setup.placement_min_addr = 0x30000;
  setup.file_noexec = true;
  setup.may_set_memory_merge = false;
  const auto text = setup_text(setup);
  EXPECT_EQ(text,
            "max_map_count=9 mmap_min_addr=0 placement_min_addr=0x30000 file_noexec=1 "
            "may_set_memory_merge=0");
  spec::Setup read = spec::Setup::standard();
  ASSERT_TRUE(read_setup_text("  " + text + "\t", read));
  EXPECT_EQ(setup_text(read), text);
  EXPECT_EQ(read.max_map_count, 9U);
  EXPECT_FALSE(read.may_set_memory_merge);
}

TEST(SetupText, EachValueCanBeSetBack) {
  EXPECT_TRUE(plainer_setups(Setup::standard()).empty());
  spec::Setup setup = spec::Setup::standard();
  ASSERT_TRUE(read_setup_text("max_map_count=9 zero_noexec=1", setup));
  const auto plainer = plainer_setups(setup);
  ASSERT_EQ(plainer.size(), 2U);
  EXPECT_EQ(setup_text(plainer[0]), "zero_noexec=1");
  EXPECT_EQ(setup_text(plainer[1]), "max_map_count=9");
}

TEST(SetupText, WhatIsWrongIsNamed) {
  spec::Setup setup = spec::Setup::standard();
  const auto error_of = [&](std::string_view text) {
    const auto read = read_setup_text(text, setup);
    return read ? std::string{} : read.error();
  };
  EXPECT_TRUE(error_of("max_maps=3").starts_with("'max_maps=3': expected NAME=VALUE with one of"));
  EXPECT_TRUE(error_of("max_map_count").starts_with("'max_map_count': expected NAME=VALUE"));
  EXPECT_EQ(error_of("max_map_count=x"), "'max_map_count=x': expected a number of at most 64 bits");
  EXPECT_EQ(error_of("max_map_count="), "'max_map_count=': expected a number of at most 64 bits");
  EXPECT_EQ(error_of("max_map_count=0x10000000000000000"),
            "'max_map_count=0x10000000000000000': expected a number of at most 64 bits");
}

}  // namespace
}  // namespace vmadiff::spec
