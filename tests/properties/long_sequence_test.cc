// tests/properties: sequences that are too long to be looked at after every call.
#include <gtest/gtest.h>

#include "model/model.h"
#include "properties/claims/own_breaches.h"
#include "support.h"
#include "wrong_system.h"

namespace vmadiff::properties {
namespace {

/// A comb of mappings, and some calls more.
spec::Sequence comb(std::size_t teeth, std::string_view more) {
  spec::Sequence sequence;
  for (std::size_t i = 0; i < teeth; ++i) {
    sequence.push_back(
        {.process = 0,
         .call = spec::Mmap{.addr = page(2 * i),
                            .length = spec::kPageSize,
                            .prot = spec::kProtRead,
                            .flags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
                            .file = {}},
         .expected = {}});
  }
  for (const spec::Step& step : sequence_of(more)) sequence.push_back(step);
  return sequence;
}

constexpr std::size_t kTeeth = 8000;

struct Run {
  std::optional<Finding> found;
  Tally tally;
};

Run run(Fault fault, std::string_view claim, const spec::Sequence& sequence) {
  const auto options = checker_options("linux-6.18", claim);
  const auto model = model::make_model(options.profile);
  const auto wrong = make_wrong(options.profile, fault);
  Checker checker{{model.get(), wrong.get()}, options};
  auto found = checker.check(sequence, Observation::kEveryStep).value();
  return {std::move(found), checker.tally()};
}

TEST(LongSequence, AShortOneIsLookedAtAfterEveryCall) {
  const auto [found, tally] = run(Fault::kNone, "all", comb(1500, ""));
  EXPECT_FALSE(found);
  EXPECT_EQ(tally.looks_left_out, 0U);
  EXPECT_EQ(tally.relations_left_out, 0U);
  EXPECT_TRUE(notes_of(tally).empty());
}

TEST(LongSequence, ALongOneNotAndItIsSaid) {
  const auto [found, tally] = run(Fault::kNone, "all", comb(kTeeth, "fork()\n[pid 1] brk(0)\n"));
  EXPECT_FALSE(found) << found->explanation;
  EXPECT_GT(tally.looks_left_out, kTeeth / 4);
  EXPECT_LT(tally.looks_left_out, kTeeth);
  EXPECT_EQ(tally.relations_left_out, 1U);
  EXPECT_EQ(notes_of(tally).size(), 2U);
}

TEST(LongSequence, ResultsAreComparedAtEveryCall) {
  const auto sequence = comb(kTeeth,
                             "mmap(0x100000000000, 0x1000, PROT_READ, "
                             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)\nbrk(0)\n");
  const auto [found, tally] = run(Fault::kReportsAnotherErrno, "SystemsAgreeOnOutcomes", sequence);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, kTeeth);
}

TEST(LongSequence, WhatStaysIsSeenAtTheEnd) {
  // A miscount that stands in every state, first and last.
  const auto [found, tally] = run(Fault::kMiscountsTotalVm, "SystemsAgreeOnLayout", comb(3, ""));
  EXPECT_TRUE(found);
  const auto [later, its_tally] =
      run(Fault::kLosesAPageOffset, "SystemsAgreeOnLayout",
          comb(kTeeth,
               "mmap(0x30000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, memfd:0, 0x3000)\n"));
  EXPECT_TRUE(later);
}

TEST(OwnBreaches, AreOfTheBehaviourNotOfTheName) {
  Finding finding;
  finding.claim = "NoCompatibleNeighboursLeftUnmerged";
  finding.fingerprint = "NoCompatibleNeighboursLeftUnmerged/mmap/mg";
  const auto of = [&finding](std::string_view profile) {
    return own_breach(finding, spec::profile_named(profile).value());
  };
  EXPECT_NE(of("linux-6.12"), "");
  EXPECT_EQ(of("linux-6.18"), "");
  EXPECT_EQ(of("patch-v2"), "");
  EXPECT_EQ(of("linux-6.1"), "") << "it has no such flag to set";
  // The same claim, of memory without the flag, is another matter on every kernel.
  finding.fingerprint = "NoCompatibleNeighboursLeftUnmerged/mmap/";
  EXPECT_EQ(of("linux-6.12"), "");
  finding.claim = "OnlyEligibleVmasAreMergeable";
  EXPECT_NE(of("patch-v2"), "");
  EXPECT_NE(of("patch-v2-review"), "");
  EXPECT_EQ(of("linux-6.18"), "");
}

}  // namespace
}  // namespace vmadiff::properties
