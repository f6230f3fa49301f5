// tests of cli: sequences that can show a thing again are told from others by the kinds of calls.
#include "compare/call_pattern.h"

#include <gtest/gtest.h>

#include <string>

#include "campaign/attribution.h"
#include "compare/difference_cause.h"
#include "spec/profile_text.h"
#include "spec/trace_text.h"

namespace vmadiff::compare {
namespace {

constexpr std::string_view kMap =
    "mmap(0x100000000000, 0x4000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

spec::Sequence sequence_of(const std::string& text) {
  auto parsed = spec::parse_trace(text);
  EXPECT_TRUE(parsed.errors.empty()) << text;
  return std::move(parsed.trace.sequence);
}

compare::CallPattern pattern(const std::string& text) {
  return compare::pattern_of(sequence_of(text));
}

std::size_t left_of(const compare::CallPattern& pattern, const std::string& text) {
  auto sequence = sequence_of(text);
  compare::leave_out(pattern, sequence);
  return sequence.size();
}

TEST(CallPattern, AddressesLengthsAndProtectionsDoNotCount) {
  const auto seal = pattern(std::string{kMap} + "mseal(0x100000000000, 0x1000, 0)\n");
  EXPECT_TRUE(is_in(seal, sequence_of("mmap(0x100000008000, 0x1000, PROT_NONE, "
                                      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\nmunlockall()\n"
                                      "mseal(0x100000008000, 0x2000, 0)\n")));
  EXPECT_FALSE(is_in(seal, sequence_of(std::string{kMap} + "munlockall()\n")));
  EXPECT_FALSE(is_in(seal, sequence_of("mseal(0x100000000000, 0x1000, 0)\n" + std::string{kMap})))
      << "the order counts";
}

TEST(CallPattern, FlagsAreTheLeastAndChoicesAreEqual) {
  const auto move = pattern("mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE)\n");
  EXPECT_TRUE(is_in(move, sequence_of("mremap(0x100000000000, 0x1000, 0x1000, "
                                      "MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008000)\n")));
  EXPECT_FALSE(is_in(move, sequence_of("mremap(0x100000000000, 0x1000, 0x1000, 0)\n")));
  const auto cold = pattern("madvise(0x100000000000, 0x1000, MADV_COLD)\n");
  EXPECT_FALSE(is_in(cold, sequence_of("madvise(0x100000000000, 0x1000, MADV_PAGEOUT)\n")));
}

TEST(CallPattern, FilesWithPagesAreOneKind) {
  const auto file = [](const std::string& name) {
    return "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, " + name + ", 0)\n";
  };
  EXPECT_TRUE(is_in(pattern(file("memfd:0")), sequence_of(file("file:1"))));
  EXPECT_TRUE(is_in(pattern(file("file-ro:0")), sequence_of(file("memfd:1"))));
  EXPECT_FALSE(is_in(pattern(file("memfd:0")), sequence_of(file("zero:0"))));
  EXPECT_FALSE(is_in(pattern(file("memfd:0")), sequence_of(std::string{kMap})));
}

TEST(CallPattern, WhatTheKernelPlacesIsNotWhatIsPlacedByTheCaller) {
  const auto placed = pattern("mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n");
  EXPECT_FALSE(is_in(placed, sequence_of(std::string{kMap})));
  EXPECT_TRUE(
      is_in(pattern(std::string{kMap}),
            sequence_of("mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n")));
}

TEST(CallPattern, TheLastCallThatIsNotPlainIsLeftOut) {
  const auto zero = pattern(
      "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
      "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n");
  constexpr auto* kZero =
      "mmap(0x100000008000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n";
  EXPECT_EQ(left_of(zero, kZero), 1U) << "before KSM is on it stays";
  EXPECT_EQ(left_of(zero, std::string{"prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"} + kZero + kZero),
            1U);
  EXPECT_EQ(left_of(zero, std::string{"prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)\n"} + kZero), 2U);
  EXPECT_EQ(left_out_text(zero), "mmap(MAP_PRIVATE|zero) behind prctl(PR_SET_MEMORY_MERGE)");
}

TEST(CallPattern, WhatIsPlainIsNeverLeftOut) {
  const auto plain = pattern(std::string{kMap} + "touch(0x100000000000, 0x1000, WRITE)\n" +
                             "mprotect(0x100000000000, 0x1000, PROT_NONE)\n"
                             "munmap(0x100000000000, 0x1000)\n");
  EXPECT_EQ(left_of(plain, std::string{kMap} + std::string{kMap}), 2U);
  EXPECT_EQ(left_out_text(plain), "");
}

TEST(KnownCause, IsTheBehaviourWithWhichTheModelDoesTheSame) {
  const auto profile = *spec::profile_named("linux-6.18");
  const auto setup = spec::Setup::standard();
  constexpr spec::Observes kSeen{.anon_pgoff = false, .anon_vma = false};
  const auto sequence = sequence_of(
      std::string{kMap} +
      "mmap(0x100000004000, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mremap(0x100000000000, 0x5000, 0x5000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000010000)\n");
  const auto old = spec::read_profile_text("linux-6.18 mremap_move=one-vma").value();
  const auto kernel = compare::modelled({old, setup}, sequence);
  const auto cause = campaign::known_cause(profile, setup, sequence, kernel, kSeen);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "mremap_move=one-vma");
  EXPECT_EQ(cause->text,
            "A known behaviour: the kernel does as with mremap_move=one-vma (so do linux-6.1, "
            "linux-6.12, linux-6.12.118, patch-v2, patch-v2-review, linux-6.16; the profile has "
            "several-vmas).");
  auto odd = kernel;
  odd.outcomes.back() = spec::Outcome::fail(spec::Errno::kEIO);
  EXPECT_FALSE(campaign::known_cause(profile, setup, sequence, odd, kSeen));
}

}  // namespace
}  // namespace vmadiff::compare
