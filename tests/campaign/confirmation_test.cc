// tests/campaign: what a replay on a booted kernel says of a tree's finding.
#include "campaign/confirmation.h"

#include <gtest/gtest.h>

#include <string>

namespace vmadiff::campaign {
namespace {

using Answer = properties::Confirmation::Answer;

constexpr int kHeld = 0;
constexpr int kFound = 1 << 8;  ///< as wait() gives it
constexpr int kLacks = 3 << 8;
const std::string kGuest = "guest:debian-7.3";

properties::Finding layouts_differ() {
  properties::Finding finding;
  finding.claim = "SystemsAgreeOnLayout";
  finding.explanation = "VMA 3: flags differ";
  return finding;
}

properties::Confirmation of(int wait_status, const std::string& output,
                            const std::string& errors = {}) {
  return confirmation_of(layouts_differ(), kGuest, wait_status, output, errors);
}

TEST(Confirmation, TheSameClaimIsOne) {
  const auto said = of(kFound,
                       "FAILED  f.trace  (linux-7.3; model, guest:debian-7.3)\n"
                       "  f.trace:4: SystemsAgreeOnLayout: VMA 3: flags differ\n");
  EXPECT_EQ(said.answer, Answer::kShows);
  EXPECT_EQ(said.system, kGuest);
  EXPECT_EQ(said.note, "");
}

TEST(Confirmation, AnotherClaimIsToldAsWhatItIs) {
  const auto said = of(kFound,
                       "FAILED  f.trace  (linux-7.3; model, guest:debian-7.3)\n"
                       "  f.trace:4: SystemSurvives: guest:debian-7.3 died while it ran mmap\n");
  EXPECT_EQ(said.answer, Answer::kShows);
  EXPECT_EQ(said.note, "as SystemSurvives: guest:debian-7.3 died while it ran mmap");
}

TEST(Confirmation, WhatHoldsThereIsNotShown) {
  const auto said = of(kHeld, "ok      f.trace  (linux-7.3; model, guest:debian-7.3)\n");
  EXPECT_EQ(said.answer, Answer::kDoesNotShow);
  EXPECT_EQ(said.note, "");
  auto hidden = layouts_differ();
  hidden.explanation = "VMA 3: another anon_vma";
  EXPECT_EQ(
      confirmation_of(hidden, kGuest, kHeld, "ok      f.trace  (linux-7.3; guest)\n", "").note,
      "a booted kernel shows no anon_vmas, and no offsets of anonymous pages");
}

// Without the guest the others agree, and that says nothing.
TEST(Confirmation, WhoTookNoPartCannotSay) {
  const auto said = of(kHeld,
                       "ok      f.trace  (linux-7.3; model; without guest:debian-7.3: call 1 maps "
                       "prepared-pfnmap:0, which guest:debian-7.3 does not have)\n");
  EXPECT_EQ(said.answer, Answer::kCannotSay);
  EXPECT_EQ(said.note, "call 1 maps prepared-pfnmap:0, which guest:debian-7.3 does not have");
  const auto skipped =
      of(kHeld, "skipped f.trace  (guest:debian-7.3: call 2 is of KSM, which it does not offer)\n");
  EXPECT_EQ(skipped.answer, Answer::kCannotSay);
  EXPECT_EQ(skipped.note, "call 2 is of KSM, which it does not offer");
}

TEST(Confirmation, AKernelThatDoesNotBootCannotSay) {
  const auto said = of(kLacks, "", "vmadiff: guest:debian-7.3 cannot run here: no QEMU\n");
  EXPECT_EQ(said.answer, Answer::kCannotSay);
  EXPECT_EQ(said.note, "vmadiff: guest:debian-7.3 cannot run here: no QEMU");
  EXPECT_EQ(of(9, "").answer, Answer::kCannotSay);
  EXPECT_EQ(of(9, "").note, "its replay ended with SIGKILL");
}

}  // namespace
}  // namespace vmadiff::campaign
