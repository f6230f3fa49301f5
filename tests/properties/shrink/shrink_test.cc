// tests/properties: the three kinds of step in the shrink tree.
#include "properties/shrink/shrink.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../support.h"

namespace vmadiff::properties {
namespace {

const Landmarks kLandmarks = Landmarks::of(spec::Setup::standard());

std::vector<std::string> texts(rc::Seq<spec::Sequence> candidates) {
  std::vector<std::string> out;
  while (auto candidate = candidates.next()) out.push_back(print_trace(*candidate));
  return out;
}

bool has(const std::vector<std::string>& texts, std::string_view trace) {
  return std::ranges::find(texts, print_trace(sequence_of(trace))) != texts.end();
}

TEST(Shrink, DropsEveryCallAndEveryPair) {
  const auto sequence = sequence_of("brk(0x1)\nbrk(0x2)\nbrk(0x3)\nbrk(0x4)\n");
  const auto candidates = texts(with_calls_dropped(sequence));
  EXPECT_TRUE(has(candidates, ""));
  EXPECT_TRUE(has(candidates, "brk(0x1)\nbrk(0x2)\nbrk(0x4)\n"));
  EXPECT_TRUE(has(candidates, "brk(0x2)\nbrk(0x4)\n"));  // 1 and 3, not adjacent
}

TEST(Shrink, DropsHalvesOfALongSequenceFirst) {
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < 64; ++i) {
    sequence.push_back({.process = 0, .call = spec::Brk{i}, .expected = {}});
  }
  auto candidates = with_calls_dropped(sequence);
  EXPECT_EQ(candidates.next()->size(), 32U);
  std::size_t tried = 1;
  while (candidates.next()) ++tried;
  EXPECT_LT(tried, 2 * sequence.size());
}

TEST(Shrink, LowersALimitSoThatWhatItCountedCanGo) {
  const auto sequence = sequence_of("setrlimit(RLIMIT_AS, 0x13f7da)\n");
  const auto candidates = texts(with_simpler_arguments(sequence, kLandmarks));
  EXPECT_TRUE(has(candidates, "setrlimit(RLIMIT_AS, 0)\n"));
  EXPECT_TRUE(has(candidates, "setrlimit(RLIMIT_AS, 0x13f000)\n"));
  EXPECT_TRUE(
      texts(with_simpler_arguments(sequence_of("setrlimit(RLIMIT_AS, 0)\n"), kLandmarks)).empty());
}

TEST(Shrink, SimplifiesOneArgumentAtATime) {
  const auto sequence = sequence_of(
      "mmap(0x100000000000, 0x8000, PROT_READ|PROT_WRITE|PROT_EXEC, "
      "MAP_SHARED|MAP_FIXED_NOREPLACE|MAP_NORESERVE, memfd:2, 0x3000)\n");
  const auto candidates = texts(with_simpler_arguments(sequence, kLandmarks));
  EXPECT_TRUE(has(candidates,
                  "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE|PROT_EXEC, "
                  "MAP_SHARED|MAP_FIXED_NOREPLACE|MAP_NORESERVE, memfd:2, 0x3000)\n"));
  EXPECT_TRUE(has(candidates,
                  "mmap(0x100000000000, 0x8000, PROT_READ|PROT_WRITE|PROT_EXEC, "
                  "MAP_SHARED|MAP_FIXED_NOREPLACE|MAP_NORESERVE, memfd:0, 0x3000)\n"));
  EXPECT_TRUE(has(candidates,
                  "mmap(0x100000000000, 0x8000, PROT_READ|PROT_WRITE|PROT_EXEC, "
                  "MAP_SHARED|MAP_FIXED|MAP_NORESERVE, memfd:2, 0x3000)\n"));
}

TEST(Shrink, ThePlainestCallsHaveNoSimplerArguments) {
  const auto plainest = sequence_of(
      "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
      "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
      "-1, 0)\n");
  EXPECT_TRUE(texts(with_simpler_arguments(plainest, kLandmarks)).empty());
  EXPECT_TRUE(texts(with_simpler_looks(plainest)).empty());
  EXPECT_TRUE(texts(with_addresses_moved(plainest, kLandmarks)).empty());
}

TEST(Shrink, LooksOfNeighboursChangeTogether) {
  const auto sequence = sequence_of(
      "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, file:1, "
      "0x5000)\n"
      "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, file:1, "
      "0x6000)\n");
  const auto candidates = texts(with_simpler_looks(sequence));
  EXPECT_TRUE(has(candidates,
                  "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, "
                  "file:1, 0)\n"
                  "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, "
                  "file:1, 0x1000)\n"));
  EXPECT_TRUE(has(candidates,
                  "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
                  "MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, file:1, 0x5000)\n"
                  "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, "
                  "MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, file:1, 0x6000)\n"));
}

TEST(Shrink, ShorterMappingsKeepTheirNeighbours) {
  const auto sequence = sequence_of(
      "mmap(0x100000030000, 0x4000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000034000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "munmap(0x100000033000, 0x2000)\n");
  const auto candidates = texts(with_addresses_moved(sequence, kLandmarks));
  // All segments one page long, from the canonical place on.
  EXPECT_TRUE(
      has(candidates,
          "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
          "mmap(0x100000002000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
          "munmap(0x100000001000, 0x2000)\n"));
}

TEST(Shrink, PlacesChosenByTheKernelBecomeFixed) {
  const auto sequence = sequence_of(
      "mmap(NULL, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n"
      "mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n");
  const auto candidates = texts(with_addresses_moved(sequence, kLandmarks));
  EXPECT_TRUE(
      has(candidates,
          "mmap(0x7ffff7ffd000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
          "mmap(0x7ffff7ffc000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"));
}

TEST(Shrink, TheBreakShrinksTowardsItsStart) {
  const auto candidates =
      texts(with_simpler_arguments(sequence_of("brk(0x20028000)\n"), kLandmarks));
  EXPECT_TRUE(has(candidates, "brk(0x20021000)\n"));
}

TEST(Shrink, ABreakInsideAPageBecomesAWholeOne) {
  const auto candidates =
      texts(with_simpler_arguments(sequence_of("brk(0x20020aba)\n"), kLandmarks));
  EXPECT_TRUE(has(candidates, "brk(0x20021000)\n"));
  EXPECT_TRUE(texts(with_simpler_arguments(sequence_of("brk(0x20021000)\n"), kLandmarks)).empty());
}

TEST(Shrink, WildAddressesStayWhereTheyAre) {
  const auto sequence = sequence_of("munmap(0xfffffffffffff000, 0x2000)\nmunmap(0, 0x1000)\n");
  EXPECT_TRUE(texts(with_addresses_moved(sequence, kLandmarks)).empty());
}

TEST(Shrink, AForkIsDroppedWithItsNumber) {
  const auto sequence = sequence_of(
      "fork()\n"
      "[pid 1] fork()\n"
      "fork()\n"
      "[pid 1] munmap(0x1000, 0x1000)\n"
      "[pid 2] munmap(0x2000, 0x1000)\n"
      "[pid 3] munmap(0x3000, 0x1000)\n");
  const auto candidates = texts(with_fewer_processes(sequence));
  EXPECT_EQ(candidates.size(), 6U);
  // The first, with what it would have called and forked.
  EXPECT_TRUE(has(candidates, "fork()\n[pid 1] munmap(0x3000, 0x1000)\n"));
  // The first, its calls and its fork the parent's.
  EXPECT_TRUE(has(candidates,
                  "fork()\n"
                  "fork()\n"
                  "munmap(0x1000, 0x1000)\n"
                  "[pid 1] munmap(0x2000, 0x1000)\n"
                  "[pid 2] munmap(0x3000, 0x1000)\n"));
  // The second, alone.
  EXPECT_TRUE(has(candidates,
                  "fork()\n"
                  "fork()\n"
                  "[pid 1] munmap(0x1000, 0x1000)\n"
                  "[pid 2] munmap(0x3000, 0x1000)\n"));
}

TEST(Shrink, LengthsThatAreOneShrinkTogether) {
  const auto candidates = texts(with_simpler_arguments(
      sequence_of(
          "mmap(0x100000000000, 0x400000000000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
          "-1, 0)\n"
          "munmap(0x100000000000, 0x400000000000)\n"),
      kLandmarks));
  for (const std::string_view length : {"0x1000", "0x4000", "0x10000", "0x200000000000"}) {
    EXPECT_TRUE(has(candidates, "mmap(0x100000000000, " + std::string{length} +
                                    ", PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                                    "munmap(0x100000000000, " +
                                    std::string{length} + ")\n"))
        << length;
  }
}

TEST(Shrink, TheTreeEnds) {
  // Always taking the last candidate is the longest way down that is easily walked.
  spec::Sequence sequence;
  generate(sequence_seed(1, 3), generator_options(), sequence);
  sequence.resize(std::min<std::size_t>(sequence.size(), 6));
  std::size_t steps = 0;
  for (bool further = true; further && steps < 5000; ++steps) {
    auto candidates = simpler(sequence, kLandmarks);
    further = false;
    while (auto candidate = candidates.next()) {
      further = true;
      sequence = std::move(*candidate);
      candidates = rc::Seq<spec::Sequence>{};
    }
  }
  EXPECT_LT(steps, 5000U);
  EXPECT_TRUE(sequence.empty());
}

}  // namespace
}  // namespace vmadiff::properties
