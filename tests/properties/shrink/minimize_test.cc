// tests/properties: what findings become. The two that the profiles exist for must come out as
// small as a person would write them.
#include "properties/shrink/minimize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../support.h"
#include "../wrong_system.h"
#include "impl/implementation.h"
#include "model/model.h"
#include "spec/setup_text.h"

namespace vmadiff::properties {
namespace {

struct Case {
  std::string_view profile;
  std::string_view claim;
  std::vector<std::string> traces;  ///< each as good as the others
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.profile << ' ' << one.claim; }

const std::string kKsm = "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n";
const std::string kTwoNeighbours =
    "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
const std::string kTwoNeighboursDownwards =
    "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
/// Behind the heap, that is: in_the_arena moves it.
const std::string kBehindTheHeap =
    "brk(0x20022000)\n"
    "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
const std::string kTwoStepsOfTheHeap = "brk(0x20021000)\nbrk(0x20022000)\n";

/// Sequences that lie below the arena as if they began there: addresses only ever become lower.
spec::Sequence in_the_arena(spec::Sequence sequence) {
  spec::Address lowest = kArena;
  for (const spec::Step& step : sequence) {
    const auto* mmap = std::get_if<spec::Mmap>(&step.call);
    if (mmap != nullptr && (mmap->flags & spec::kMapFixed) != 0) {
      lowest = std::min(lowest, mmap->addr);
    }
  }
  if (lowest >= kArena) return sequence;
  for (spec::Step& step : sequence) {
    std::visit(
        [&](auto& call) {
          if constexpr (requires { call.addr, call.length; }) call.addr += kArena - lowest;
        },
        step.call);
  }
  return sequence;
}

class Minimize : public testing::TestWithParam<Case> {};

TEST_P(Minimize, GivesTheSequenceThatAPersonWouldWrite) {
  const auto options = checker_options(GetParam().profile, GetParam().claim);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  std::set<std::string> wanted;
  for (const auto& trace : GetParam().traces) wanted.insert(print_trace(sequence_of(trace)));
  spec::Sequence sequence;
  auto options_of_sequences = generator_options();
  // A meeting can have more than one smallest sequence that is not listed.
  options_of_sequences.meetings = false;
  constexpr int kFindings = 10;
  int findings = 0;
  for (std::uint64_t i = 0; i < 2000 && findings < kFindings; ++i) {
    generate(sequence_seed(2, i), options_of_sequences, sequence);
    auto found = checker.check(sequence, Observation::kEveryStep);
    ASSERT_TRUE(found);
    if (!*found) continue;
    ++findings;
    (*found)->run_seed = 11;
    (*found)->sequence_seed = 22;
    const auto before = checker.tally().operations;
    const Finding minimal = minimize(checker, **found, {});
    EXPECT_TRUE(wanted.contains(print_trace(in_the_arena(minimal.sequence))))
        << print_trace(minimal.sequence);
    EXPECT_EQ(minimal.run_seed, 11U);
    EXPECT_EQ(minimal.sequence_seed, 22U);
    EXPECT_TRUE(minimal.reproducible);
    // What is tried on the way is not part of the campaign.
    EXPECT_EQ(checker.tally().operations, before);
  }
  EXPECT_EQ(findings, kFindings);
}

INSTANTIATE_TEST_SUITE_P(
    Findings, Minimize,
    testing::Values(Case{"linux-6.12",
                         "NoCompatibleNeighboursLeftUnmerged",
                         {kKsm + kTwoNeighbours, kKsm + kTwoNeighboursDownwards,
                          kKsm + kTwoStepsOfTheHeap, kKsm + kBehindTheHeap}},
                    Case{"patch-v2",
                         "OnlyEligibleVmasAreMergeable",
                         {kKsm + "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
                                 "MAP_PRIVATE|MAP_FIXED, pfnmap:0, 0)\n",
                          kKsm + "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
                                 "MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, hugetlb:0, 0)\n",
                          kKsm + "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
                                 "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE|MAP_HUGETLB, "
                                 "-1, 0)\n",
                          kKsm + "mmap(NULL, 0x1000, PROT_READ|PROT_WRITE, "
                                 "MAP_PRIVATE|MAP_NORESERVE, hugetlb:0, 0)\n"}},
                    Case{"linux-6.12",
                         "EnablingKsmChangesNoLayout",
                         {kTwoNeighbours, kTwoNeighboursDownwards, kTwoStepsOfTheHeap,
                          kBehindTheHeap}}),
    [](const auto& param) {
      std::string name{param.param.profile};
      std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
      return name + std::string{param.param.claim};
    });

Finding finding_of(Checker& checker) { return first_finding(checker, 500).value(); }

TEST(MinimizeBudgets, EndTheSearchWithWhatWasReached) {
  const auto options = checker_options("linux-6.12", "NoCompatibleNeighboursLeftUnmerged");
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  const Finding found = finding_of(checker);
  const Finding untouched = minimize(checker, found, {.runs_max = 1, .interrupted = {}});
  EXPECT_EQ(untouched.sequence, found.sequence);
  EXPECT_TRUE(untouched.reproducible);
  int asked = 0;
  const Finding stopped =
      minimize(checker, found, {.runs_max = 20000, .interrupted = [&] { return ++asked > 3; }});
  EXPECT_LE(stopped.shrinks, 3U);
}

TEST(MinimizeBudgets, AFindingThatDoesNotShowAgainIsSaidToBeSo) {
  auto options = checker_options("linux-6.18", "invariants");
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  Finding imagined;
  imagined.claim = "NoCompatibleNeighboursLeftUnmerged";
  imagined.setup = options.setup;
  imagined.sequence = sequence_of("brk(0x20021000)\n");
  const Finding result = minimize(checker, imagined, {});
  EXPECT_FALSE(result.reproducible);
  EXPECT_EQ(result.sequence, imagined.sequence);
}

// What is left of the set-up is what matters.
TEST(Minimize, ASetUpThatIsNotNeededGoes) {
  auto options = checker_options("linux-6.18", "SystemsAgreeOnOutcomes");
  const auto model = model::make_model(options.profile);
  const auto other = make_wrong(options.profile, Fault::kReportsAnotherErrno);
  options.setup.max_map_count = 8;
  options.setup.stack_guard_gap = 2;
  options.setup.zero_noexec = true;
  Checker checker{{model.get(), other.get()}, options};
  std::string calls;
  for (const std::string_view at : {"0", "2", "4", "6"}) {
    calls += "mmap(0x10000000" + std::string{at} +
             "000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
  }
  const auto found =
      checker.check(sequence_of(calls + "mmap(0x100000000000, 0x1000, PROT_READ, "
                                        "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)\n"),
                    Observation::kEveryStep);
  ASSERT_TRUE(found && *found);
  const auto small = minimize(checker, **found, {.runs_max = 20000, .interrupted = {}});
  EXPECT_EQ(small.sequence.size(), 2U) << print_trace(small.sequence);
  EXPECT_EQ(spec::setup_text(small.setup), "");
}

}  // namespace
}  // namespace vmadiff::properties
