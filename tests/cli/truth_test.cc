// tests of cli: a finding says what is so: on whom it was looked for, in which set-up, as short as
// it is known, and that its file shows it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

/// The files of a directory that end so.
std::map<std::string, std::string> files(const fs::path& directory, std::string_view suffix) {
  auto all = contents(directory);
  std::erase_if(all, [suffix](const auto& file) { return !file.first.ends_with(suffix); });
  return all;
}

// Without the limit the third mapping is none too many.
constexpr std::string_view kLimited =
    "# setup: max_map_count=4\n"
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000002000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000004000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

TEST(Truth, ASetUpIsNoFindingOnARealKernel) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const auto trace = scratch.file("limited.trace", kLimited);
  const auto out = (scratch.path() / "small.trace").string();
  const auto made = run_vmadiff({"minimize", trace, "-o", out, "--systems", "model,impl,host"});
  EXPECT_EQ(made.status, 2) << made.out << made.err;
  EXPECT_TRUE(contains(made.err, "shows no finding on model, impl")) << made.err;
  EXPECT_TRUE(contains(made.err, "without host: ")) << made.err;
  EXPECT_FALSE(fs::exists(out));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"minimize", trace, "-o", out, "--systems", "host"},
        {"layout", trace, "--system", "host"},
        {"export", "c", trace, "-o", out, "--system", "host"}}) {
    const auto refused = run_vmadiff(words);
    EXPECT_EQ(refused.status, 3) << refused.out << refused.err;
    EXPECT_TRUE(contains(refused.err, "cannot run on host: ")) << refused.err;
    EXPECT_TRUE(contains(refused.err, "name a system that can, model or impl")) << refused.err;
  }
  const auto skipped = run_vmadiff({"replay", trace, "--systems", "host"});
  EXPECT_TRUE(contains(skipped.out, "skipped ")) << skipped.out;
}

TEST(Truth, TheSetUpOfAProgramIsSaid) {
  const Scratch scratch;
  const auto out = (scratch.path() / "x.c").string();
  const auto made = run_vmadiff({"export", "c", scratch.file("x.trace", kLimited), "-o", out});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(contains(made.err, "max_map_count=4")) << made.err;
  EXPECT_TRUE(contains(content(out), "It needs a machine with max_map_count=4")) << content(out);
}

// Under linux-6.12 these two mappings stay apart with KSM on, whatever the limits of the machine.
constexpr std::string_view kApart =
    "# profile: linux-6.12\n"
    "# setup: max_map_count=9 stack_guard_gap=2 zero_noexec=1\n"
    "fork()\n"
    "fork()\n"
    "[pid 2] prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
    "[pid 2] mmap(0x100000000000, 0x400000000000, PROT_NONE, "
    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n"
    "[pid 2] mmap(0x500000000000, 0x200000000000, PROT_NONE, "
    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n";

TEST(Truth, WhatIsNotNeededIsNotInTheTrace) {
  const Scratch scratch;
  const auto out = (scratch.path() / "small.trace").string();
  const auto made =
      run_vmadiff({"minimize", scratch.file("big.trace", kApart), "-o", out, "--systems", "impl",
                   "--properties", "NoCompatibleNeighboursLeftUnmerged"});
  ASSERT_EQ(made.status, 0) << made.err;
  const auto small = content(out);
  EXPECT_FALSE(contains(small, "fork")) << small;
  EXPECT_FALSE(contains(small, "[pid")) << small;
  EXPECT_FALSE(contains(small, "# setup:")) << small;
  EXPECT_FALSE(contains(small, "0x400000000000")) << small;
  EXPECT_TRUE(contains(made.out, ": 3 calls, from 5")) << made.out;
}

TEST(Truth, TheProfilesOwnBreachesEndNoHunt) {
  const Scratch scratch;
  const auto found = run_vmadiff({"check", "--systems", "model,impl", "--profile", "linux-6.12",
                                  "--max-findings", "1", "--ops", "20000", "--seed", "29"},
                                 {.directory = scratch.path()});
  EXPECT_EQ(found.status, 1) << found.err;
  EXPECT_TRUE(contains(found.out, "FINDING: NoCompatibleNeighboursLeftUnmerged")) << found.out;
  EXPECT_TRUE(contains(
      found.out, "known:   the profile linux-6.12 breaks this claim by its nature: VM_MERGEABLE"))
      << found.out;
  const auto at = found.out.find("\noperations           ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_GE(std::stoul(found.out.substr(at + 22)), 20000U) << "it went on";
}

TEST(Truth, EveryFindingIsReplayedFromItsFile) {
  const Scratch scratch;
  const std::vector<std::string> words{"check",  "--systems", "model,impl", "--profile", "patch-v2",
                                       "--seed", "1",         "--ops",      "3000",      "--json"};
  const auto found = run_vmadiff(words, {.directory = scratch.path()});
  EXPECT_EQ(found.status, 1) << found.err;
  std::size_t findings = 0;
  for (const auto& [name, text] : files(scratch.path() / "findings", ".json")) {
    const auto object = nlohmann::json::parse(text);
    EXPECT_EQ(object.at("replayed"), true) << name << text;
    for (const auto& step : object.at("sequence")) EXPECT_EQ(step.at("process"), 0);
    ++findings;
  }
  EXPECT_GE(findings, 1U);
}

TEST(Truth, AShorterTraceReplacesALongerOneAndNeverTheReverse) {
  const Scratch scratch;
  const std::vector<std::string> words{"check",  "--systems", "model,impl", "--profile", "patch-v2",
                                       "--seed", "1",         "--ops",      "3000"};
  ASSERT_EQ(run_vmadiff(words, {.directory = scratch.path()}).status, 1);
  const auto first = files(scratch.path() / "findings", ".trace");
  ASSERT_GE(first.size(), 1U);
  const auto& [name, shortest] = *first.begin();
  const auto path = scratch.path() / "findings" / name;
  // A longer one that was there is replaced.
  std::ofstream{path} << shortest << "munmap(0x100000000000, 0x1000)\n";
  ASSERT_EQ(run_vmadiff(words, {.directory = scratch.path()}).status, 1);
  EXPECT_EQ(content(path), shortest);
  // A shorter one that shows it stays: here the same calls, with the mapping's address in fewer
  // letters.
  auto shorter = shortest;
  for (auto at = shorter.find("0x100000000000"); at != std::string::npos;
       at = shorter.find("0x100000000000")) {
    shorter.replace(at, 14, "0x30000000");
  }
  std::ofstream{path} << shorter;
  const auto again = run_vmadiff(words, {.directory = scratch.path()});
  EXPECT_EQ(content(path), shorter) << again.out;
  EXPECT_TRUE(contains(again.out, "(kept: of an earlier finding of the same kind, and shorter)"))
      << again.out;
  // One that is shorter and shows nothing is stale.
  std::ofstream{path} << "munmap(0x30000000, 0x1000)\n";
  const auto stale = run_vmadiff(words, {.directory = scratch.path()});
  EXPECT_EQ(content(path), shortest) << stale.out;
  EXPECT_FALSE(contains(stale.out, "(kept: ")) << stale.out;
}

TEST(Truth, AnExpectationIsOneHoweverOftenItIsSaid) {
  const Scratch scratch;
  std::string text = "# profile: linux-6.12\n";
  for (int i = 0; i < 1000; ++i) text += "# expect: NoCompatibleNeighboursLeftUnmerged\n";
  text += "# expect: EnablingKsmChangesNoLayout\n";
  const auto calls = std::string{kApart};
  const auto trace = scratch.file("x.trace", text + calls.substr(calls.find("fork()")));
  const auto result = run_vmadiff({"replay", trace, "--systems", "impl"});
  EXPECT_TRUE(contains(result.out, "holds under") || result.status == 0) << result.out;
  EXPECT_LE(std::ranges::count(result.out, '\n'), 4) << result.out;
}

constexpr std::string_view kTwoPolicies =
    "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mbind(0x100000001000, 0x1000, MPOL_BIND, 0, 0x1, 0)\n";
constexpr std::string_view kTwoAnonVmas =
    "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "touch(0x100000000000, 0x1000, WRITE)\n"
    "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "touch(0x100000002000, 0x1000, WRITE)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
constexpr std::string_view kTwoObjects =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
constexpr std::string_view kOffset =
    "mmap(0x100000005000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "touch(0x100000005000, 0x1000, WRITE)\n"
    "mremap(0x100000005000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000001000)\n"
    "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";

TEST(Truth, WhatKeepsTwoVmasApartIsShown) {
  const Scratch scratch;
  const auto shown = [&scratch](std::string_view trace) {
    return run_vmadiff({"layout", scratch.file("x.trace", trace)}).out;
  };
  EXPECT_EQ(
      shown(kTwoPolicies),
      "100000000000-100000001000 r--p 00000000 anon [rd mr mw me] no policy\n"
      "100000001000-100000002000 r--p 00000000 anon [rd mr mw me] policy MPOL_BIND nodes 0x1\n");
  EXPECT_TRUE(contains(shown(kTwoAnonVmas), "anon_vma 1\n")) << shown(kTwoAnonVmas);
  EXPECT_TRUE(contains(shown(kTwoAnonVmas), "anon_vma 2\n")) << shown(kTwoAnonVmas);
  EXPECT_TRUE(contains(shown(kTwoObjects), " object 0\n")) << shown(kTwoObjects);
  EXPECT_TRUE(contains(shown(kTwoObjects), " object 1\n")) << shown(kTwoObjects);
  EXPECT_TRUE(contains(shown(kOffset), " pgoff 100000005")) << shown(kOffset);
  EXPECT_TRUE(contains(shown(kOffset), " pgoff 100000002")) << shown(kOffset);
  const auto replayed = run_vmadiff(
      {"replay", scratch.file("x.trace", kTwoPolicies), "--systems", "model,impl", "--verbose"});
  EXPECT_TRUE(contains(replayed.out, "policy MPOL_BIND nodes 0x1")) << replayed.out;
}

}  // namespace
}  // namespace vmadiff::tests
