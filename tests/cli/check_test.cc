// tests of cli: campaigns, end to end. Budgets are in calls, so that nothing depends on the clock.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

/// A campaign that finds the unpatched kernel's missing merge.
const std::vector<std::string> kFindsSomething{
    "check", "--systems", "impl",           "--profile", "linux-6.12", "--properties", "invariants",
    "--ops", "20000",     "--max-findings", "2",         "--seed",     "0x1d"};

std::vector<std::string> with(std::vector<std::string> words, std::vector<std::string> more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Check, TheSameSeedGivesTheSameBytesWhateverTheNumberOfJobs) {
  const Scratch one;
  const Scratch two;
  const auto first = run_vmadiff(with(kFindsSomething, {"--jobs", "1"}), {.directory = one.path()});
  const auto second =
      run_vmadiff(with(kFindsSomething, {"--jobs", "2"}), {.directory = two.path()});
  EXPECT_EQ(first.status, 1) << first.err;
  EXPECT_EQ(first.out, second.out);
  const auto files = contents(one.path());
  EXPECT_GE(files.size(), 4U) << "a trace, JSON, C and text for each finding";
  EXPECT_EQ(files, contents(two.path()));
}

TEST(Check, AHeldCampaignIsTheSameWhateverTheNumberOfJobs) {
  const Scratch scratch;
  const std::vector<std::string> words{"check", "--systems", "model,impl", "--ops",
                                       "20000", "--seed",    "7"};
  const auto first = run_vmadiff(with(words, {"--jobs", "1"}), {.directory = scratch.path()});
  const auto second = run_vmadiff(with(words, {"--jobs", "2"}), {.directory = scratch.path()});
  EXPECT_EQ(first.status, 0) << first.out << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_NE(first.out.find("findings             none"), std::string::npos) << first.out;
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "nothing found, nothing written";
}

// A time: beside the results, not among them.
TEST(Check, TheBareTimeOfTheCallsIsToldWhereItIsAskedFor) {
  const Scratch scratch;
  const std::vector<std::string> words{"check", "--systems", "model,impl", "--sequences",
                                       "10",    "--seed",    "7"};
  const auto result = run_vmadiff(with(words, {"--bare-time"}), {.directory = scratch.path()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("bare time of the calls: 0.000 of "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(" s (no such calls)\n"), std::string::npos) << result.err;
  const auto without = run_vmadiff(words, {.directory = scratch.path()});
  EXPECT_EQ(without.out, result.out);
  EXPECT_EQ(without.err.find("bare time"), std::string::npos);
}

TEST(Check, TheBareTimeOfTheHostsCallsIsSomeOfTheTime) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const auto result = run_vmadiff({"check", "--systems", "model,host", "--properties",
                                   "equivalence", "--ops", "2000", "--seed", "7", "--bare-time"},
                                  {.directory = scratch.path()});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.err.find("bare time of the calls: "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(" times as long)\n"), std::string::npos) << result.err;
}

TEST(Check, CoverageListsWhatWasMetAndWhatWasNot) {
  const Scratch scratch;
  const auto result = run_vmadiff({"check", "--systems", "model,impl", "--ops", "20000", "--seed",
                                   "7", "--coverage", "--jobs", "1"},
                                  {.directory = scratch.path()});
  EXPECT_EQ(result.status, 0) << result.err;
  for (const auto* part :
       {"behaviours           how often\n", "  mmap ok ", "  mremap EINVAL ",
        "  mmap left, KSM process-wide ", "behaviours met ", "never met\n",
        "arguments            taken / refused\n", "  madvise MADV_COLD ", "  mmap memfd "}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << '\n' << result.out;
  }
  const auto again = run_vmadiff({"check", "--systems", "model,impl", "--ops", "20000", "--seed",
                                  "7", "--coverage", "--jobs", "1"},
                                 {.directory = scratch.path()});
  EXPECT_EQ(result.out, again.out) << "with one thread a steered run repeats, too";
}

TEST(Check, AFindingIsPrintedInOrderAndReplays) {
  const Scratch scratch;
  const auto result = run_vmadiff(kFindsSomething, {.directory = scratch.path()});
  std::size_t at = 0;
  for (const auto* part :
       {"vmadiff ", "profile linux-6.12", "seed 0x1d", "FINDING: ", "seeds: run 0x1d, sequence 0x",
        "\nsequence\n", ">>>", "\nlayouts after call ", "\nreplay\n  vmadiff replay findings/",
        "\nfiles\n", ".test.cc  (draft of a test", "\nfindings\n"}) {
    at = result.out.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << '\n' << result.out;
  }
  std::size_t traces = 0;
  for (const auto& [name, text] : contents(scratch.path() / "findings")) {
    if (!name.ends_with(".trace")) continue;
    ++traces;
    const auto replayed =
        run_vmadiff({"replay", "findings/" + name}, {.directory = scratch.path()});
    EXPECT_EQ(replayed.status, 1) << text << replayed.out;
  }
  EXPECT_GE(traces, 1U);
}

TEST(Check, TheReproducerOfAFindingCompilesAndRuns) {
  const Scratch scratch;
  ASSERT_EQ(run_vmadiff(kFindsSomething, {.directory = scratch.path()}).status, 1);
  for (const auto& [name, text] : contents(scratch.path() / "findings")) {
    if (!name.ends_with(".c")) continue;
    const auto program = (scratch.path() / "reproducer").string();
    const auto compiled = run_command(
        {"cc", "-Wall", "-Werror", (scratch.path() / "findings" / name).string(), "-o", program});
    ASSERT_EQ(compiled.status, 0) << compiled.err << text;
    const auto ran = run_command({program});
    EXPECT_TRUE(ran.status == 0 || ran.status == 1 || ran.status == 3) << ran.out;
    EXPECT_NE(ran.out.find("\n"), std::string::npos);
  }
}

TEST(Check, JsonIsOneObjectALine) {
  const Scratch scratch;
  const auto result = run_vmadiff(with(kFindsSomething, {"--json"}), {.directory = scratch.path()});
  EXPECT_EQ(result.status, 1);
  std::vector<std::string> types;
  for (std::size_t at = 0; at < result.out.size();) {
    const auto end = result.out.find('\n', at);
    const auto object = nlohmann::json::parse(result.out.substr(at, end - at));
    types.push_back(object.at("type"));
    if (types.back() == "finding") {
      EXPECT_TRUE(std::filesystem::exists(scratch.path() / object.at("trace")));
      EXPECT_LE(object.at("sequence").size(), 3U);
    }
    at = end + 1;
  }
  ASSERT_GE(types.size(), 3U);
  EXPECT_EQ(types.front(), "run");
  EXPECT_EQ(types[1], "finding");
  EXPECT_EQ(types.back(), "summary");
}

TEST(Check, AnInterruptEndsWithTheSummary) {
  const Scratch scratch;
  for (const int number : {SIGINT, SIGTERM}) {
    const auto result = run_vmadiff({"check", "--systems", "model,impl", "--time", "1h"},
                                    {.directory = scratch.path(), .signal = number});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("interrupted"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("operations  "), std::string::npos) << result.out;
  }
}

TEST(Check, OnAFullDiskTheFindingIsPrintedAndNoHalfTraceIsLeft) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a tiny tmpfs";
  const Scratch scratch;
  const auto out = scratch.path() / "findings";
  std::filesystem::create_directory(out);
  if (::mount("tmpfs", out.c_str(), "tmpfs", 0, "size=4k") != 0) {
    GTEST_SKIP() << "a tmpfs cannot be mounted here";
  }
  const auto filler = scratch.file("findings/filler", std::string(4096, 'x'));
  const auto result = run_vmadiff(kFindsSomething, {.directory = scratch.path()});
  const auto left = contents(out);
  ::umount(out.c_str());
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("trace (not written)\n# finding: "), std::string::npos) << result.out;
  EXPECT_EQ(left.size(), 1U) << "only " << filler;
}

TEST(Check, TheHostIsHeldAgainstTheModel) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const std::vector<std::string> words{"check",      "--systems",      "model,host", "--ops",
                                       "5000",       "--seed",         "3",          "--profile",
                                       "linux-6.12", "--max-findings", "1"};
  const auto before = run_vmadiff(words, {.directory = scratch.path()});
  auto patched = words;
  patched[8] = "linux-6.18";
  const auto after = run_vmadiff(patched, {.directory = scratch.path()});
  EXPECT_EQ(before.status + after.status, 1) << "this kernel is of one of the two profiles\n"
                                             << before.out << after.out;
}

TEST(Check, TheHostIsHeldToWhatItIsFoundToBe) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const auto result =
      run_vmadiff({"check", "--systems", "model,host", "--properties", "equivalence", "--ops",
                   "5000", "--seed", "3", "--max-findings", "50"},
                  {.directory = scratch.path()});
  EXPECT_NE(result.out.find(" as identified  systems model,host  "), std::string::npos)
      << result.out;
  // A kernel that no profile knows has a few findings, never fifty.
  if (result.out.find("as no profile: ") == std::string::npos) EXPECT_EQ(result.status, 0);
}

TEST(Check, ShowsColoursOnATerminalAlone) {
  const Scratch scratch;
  const std::string command = VMADIFF_BINARY_DIR
      "/vmadiff check --systems model,impl --profile patch-v2 --ops 1000 --seed 1";
  const auto on_terminal = [&](const std::string& before) {
    const auto ran =
        run_command({"env", "TERM=xterm", "script", "-qec", before + command, "screen"},
                    {.directory = scratch.path()});
    EXPECT_EQ(ran.status, 1) << ran.err;
    return content(scratch.path() / "screen");
  };
  if (run_command({"sh", "-c", "command -v script"}).status != 0)
    GTEST_SKIP() << "no script: apt-get install bsdutils";
  const auto screen = on_terminal("");
  EXPECT_TRUE(screen.contains("\x1b[1;31mFINDING: OnlyEligibleVmasAreMergeable\x1b[0m")) << screen;
  EXPECT_FALSE(screen.contains("\\x1b")) << screen;
  EXPECT_FALSE(on_terminal("NO_COLOR=1 ").contains("\x1b[1")) << "NO_COLOR";
  const auto piped = run_command({"sh", "-c", command}, {.directory = scratch.path()});
  EXPECT_TRUE(piped.out.contains("FINDING: OnlyEligibleVmasAreMergeable\n")) << piped.out;
  EXPECT_FALSE(piped.out.contains("\x1b")) << piped.out;
}

TEST(Check, TellsMachinesHowFarItIsInJson) {
  const auto ran = run_vmadiff(
      {"check", "--systems", "model,impl", "--ops", "1000", "--seed", "1", "--json", "--coverage"});
  const auto last = nlohmann::json::parse(ran.err, nullptr, false);
  ASSERT_FALSE(last.is_discarded()) << ran.err;
  EXPECT_GE(last["progress"]["operations"], 1000);
  EXPECT_EQ(last["progress"]["findings"], 0);
  EXPECT_GT(last["progress"]["behaviours"], 100);
  EXPECT_FALSE(last["progress"].contains("first_finding"));
  const Scratch scratch;
  const auto found = run_vmadiff({"check", "--systems", "model,impl", "--profile", "patch-v2",
                                  "--ops", "1000", "--seed", "1", "--json"},
                                 {.directory = scratch.path()});
  const auto at = nlohmann::json::parse(found.err)["progress"]["first_finding"];
  EXPECT_GT(at["operations"], 0);
  EXPECT_LE(at["operations"], 1100);
}

}  // namespace
}  // namespace vmadiff::tests
