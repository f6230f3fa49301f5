// tests of spec: profiles as text.
#include "spec/profile_text.h"

#include <gtest/gtest.h>

#include "spec/behaviours.h"

namespace vmadiff::spec {
namespace {

TEST(ProfileText, EveryProfileWithEveryValueIsReadAsItIsWritten) {
  for (const KernelProfile& profile : profiles()) {
    EXPECT_EQ(profile_text(profile), profile.name);
    for (const Behaviour& behaviour : behaviours()) {
      for (std::size_t value = 0; value < behaviour.count; ++value) {
        const auto text = profile_text(behaviour.changed(profile, value));
        const auto read = read_profile_text(text);
        ASSERT_TRUE(read) << text << ": " << read.error();
        EXPECT_EQ(behaviour.get(*read), value) << text;
        EXPECT_EQ(profile_text(*read), text);
      }
    }
  }
}

TEST(ProfileText, WordsMayStandBetweenCommas) {
  const auto read = read_profile_text(" linux-6.18,dontunmap_source=cut-out,\tmseal=absent ");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(profile_text(*read), "linux-6.18 dontunmap_source=cut-out mseal=absent");
  EXPECT_EQ(profile_text(*read_profile_text("linux-6.18 mseal=present")), "linux-6.18")
      << "what the profile has anyhow is no difference";
}

TEST(ProfileText, WhatIsWrongIsSaidWithWhatWouldBeRight) {
  const auto error = [](std::string_view text) {
    const auto read = read_profile_text(text);
    return read ? std::string{"none"} : read.error();
  };
  EXPECT_EQ(error("linux-9"),
            "unknown profile 'linux-9': expected linux-6.1, linux-6.12, linux-6.12.118, patch-v2, "
            "patch-v2-review, linux-6.16, linux-6.17, linux-6.18.15, linux-6.18, linux-6.19, "
            "linux-7.0, linux-7.1, "
            "linux-7.2, linux-7.3");
  EXPECT_TRUE(error("").starts_with("unknown profile ''")) << error("");
  EXPECT_TRUE(error("mseal=absent").starts_with("unknown profile 'mseal=absent'"));
  EXPECT_TRUE(error("linux-6.18 seal=absent")
                  .starts_with("'seal=absent': expected BEHAVIOUR=VALUE with one of ksm_early, "));
  EXPECT_TRUE(error("linux-6.18 mseal").starts_with("'mseal': expected BEHAVIOUR=VALUE"));
  EXPECT_EQ(error("linux-6.18 mseal=maybe"),
            "'mseal=maybe': expected mseal= with one of absent, present");
  EXPECT_EQ(error("linux-6.18 mseal="), "'mseal=': expected mseal= with one of absent, present");
  EXPECT_EQ(error("linux-6.18 mseal=absent mseal=present"),
            "'mseal=present': that behaviour is set twice");
}

}  // namespace
}  // namespace vmadiff::spec
