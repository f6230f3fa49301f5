// tests of cli: history and bisect, on kernels that are models and show no more than a real one
// does.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../cli/command_run.h"
#include "cli/bisect.h"
#include "cli/history.h"
#include "pretended.h"
#include "spec/profile_text.h"

namespace vmadiff::compare {
namespace {

using process::ExitStatus;
using tests::Scratch;

constexpr std::string_view kForkless =
    "mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, hugetlb:0, 0)\n"
    "madvise(0x100000000000, 0x200000, MADV_DOFORK)\n";

/// Kernels by the names of their profiles, "old:linux-6.12" as the kernel "old".
void pretend(std::string_view name, std::string_view is, const Oddity& oddity = {}) {
  const auto system = "guest:" + std::string{name};
  const auto profile = spec::read_profile_text(is).value();
  systems::pretend(system, [=] { return std::make_unique<Pretended>(system, profile, oddity); });
}

template <typename Command, typename Options>
std::pair<ExitStatus, std::string> said(Command command, const Options& options) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const auto status = command(options);
  auto out = testing::internal::GetCapturedStdout();
  out += testing::internal::GetCapturedStderr();
  return {status, out};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// As no kernel does: neither good nor bad.
std::optional<spec::Outcome> refuses_dofork(const spec::Syscall& call) {
  const auto* madvise = std::get_if<spec::Madvise>(&call);
  if (madvise == nullptr || madvise->advice != spec::kMadvDofork) return std::nullopt;
  return spec::Outcome::fail(spec::Errno::kEIO);
}

class KernelsInARow : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, profile] : {std::pair{"a", "linux-6.12"},
                                        {"b", "linux-6.17"},
                                        {"c", "linux-6.19"},
                                        {"d", "linux-7.0"},
                                        {"e", "linux-7.2"}})
      pretend(name, profile);
    pretend("odd", "linux-6.19", refuses_dofork);
  }
  Scratch scratch;
  std::string trace = scratch.file("dofork.trace", kForkless);
};

TEST_F(KernelsInARow, HistorySaysSinceWhen) {
  const auto [status, out] =
      said(cli::history, cli::HistoryOptions{.path = trace, .kernels = "a,b,c,d,e"});
  EXPECT_EQ(status, ExitStatus::kHeld);
  EXPECT_TRUE(contains(out, "\na, b, c\n")) << out;
  EXPECT_TRUE(contains(out, "since d, e\n        madvise gives EINVAL, not ok")) << out;
  EXPECT_TRUE(contains(out, "(dofork_refused=special, 7.0: ")) << out;
}

TEST_F(KernelsInARow, HistoryOfTheProfilesNeedsNoKernel) {
  const auto [status, out] =
      said(cli::history, cli::HistoryOptions{.path = trace, .profiles = true});
  EXPECT_EQ(status, ExitStatus::kHeld);
  EXPECT_TRUE(contains(out, "since linux-7.0, linux-7.1, linux-7.2, linux-7.3\n")) << out;
  EXPECT_FALSE(contains(out, "patch")) << out;
}

TEST_F(KernelsInARow, HistoryOfAllBehavioursIsAPage) {
  const auto page = scratch.path() / "releases.md";
  const auto [status, out] =
      said(cli::history, cli::HistoryOptions{.kernels = "b,e", .output = page.string()});
  EXPECT_EQ(status, ExitStatus::kHeld) << out;
  const auto text = tests::content(page);
  EXPECT_TRUE(contains(text, "| b | linux-6.17 |\n| e | linux-7.2 |\n")) << text;
  EXPECT_TRUE(contains(
      text,
      "| [dofork_refused](#dofork_refused): MADV_DOFORK is refused on memory that is | io; **e** "
      "special |"))
      << text;
  EXPECT_TRUE(contains(text, "| special | e | 7.0: measured on")) << text;
  EXPECT_TRUE(contains(text, "- `special`: call 2 gives `-1 EINVAL`")) << text;
  const auto [status_of_text, in_text] = said(cli::history, cli::HistoryOptions{.kernels = "b,e"});
  EXPECT_EQ(status_of_text, ExitStatus::kHeld);
  EXPECT_TRUE(contains(in_text, "  special                         e, 7.0: measured on"))
      << in_text;
}

TEST_F(KernelsInARow, BisectFindsTheFirstThatIsBad) {
  const auto [status, out] = said(
      cli::bisect, cli::BisectOptions{.path = trace, .good = "a", .bad = "e", .between = "b,c,d"});
  EXPECT_EQ(status, ExitStatus::kHeld) << out;
  EXPECT_TRUE(contains(out, "first bad: d\n  last good: c\n")) << out;
  EXPECT_TRUE(contains(out, "(dofork_refused=special)")) << out;
}

TEST_F(KernelsInARow, BisectSaysWhatCannotBeJudged) {
  const auto [status, out] = said(
      cli::bisect, cli::BisectOptions{.path = trace, .good = "b", .bad = "e", .between = "odd"});
  EXPECT_EQ(status, ExitStatus::kHeld) << out;
  EXPECT_TRUE(contains(out, "neither odd")) << out;
  EXPECT_TRUE(contains(out, "not to be judged, between them: odd")) << out;
}

// The command makes of "six" the kernel "c", and of "seven" none.
TEST_F(KernelsInARow, BisectAsksACommandForKernels) {
  const auto make =
      scratch.file("make-kernel",
                   "case $1 in six) echo built; echo c;; seven) exit 125;; *) exit 1;; "
                   "esac\n");
  cli::BisectOptions options{.path = trace,
                             .good = "a",
                             .bad = "e",
                             .command = "sh " + make + " {}",
                             .between = "six,seven"};
  // The ends are made by the command, too, unless they are kernels by these names.
  const auto [refused, why] = said(cli::bisect, options);
  EXPECT_EQ(refused, ExitStatus::kLacks) << why;
  EXPECT_TRUE(contains(why, "status 1")) << why;

  const auto make_all = scratch.file(
      "make-all", "case $1 in six) echo built; echo c;; seven) exit 125;; *) echo $1;; esac\n");
  options.command = "sh " + make_all + " {}";
  const auto [status, out] = said(cli::bisect, options);
  EXPECT_EQ(status, ExitStatus::kHeld) << out;
  EXPECT_TRUE(contains(out, "neither seven: its command says that there is none")) << out;
  EXPECT_TRUE(contains(out, "first bad: e\n  last good: six: c\n")) << out;
}

TEST_F(KernelsInARow, BisectWalksTheRevisionsOfATree) {
  const auto tree = (scratch.path() / "tree").string();
  const auto git = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", tree, "-c", "user.name=t", "-c", "user.email=t@t"});
    return tests::run_command(words);
  };
  ASSERT_EQ(tests::run_command({"git", "init", "-q", tree}).status, 0);
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    std::ofstream{std::filesystem::path{tree} / "kernel"} << name << '\n';
    ASSERT_EQ(git({"add", "kernel"}).status, 0);
    ASSERT_EQ(git({"commit", "-q", "-m", name}).status, 0);
    ASSERT_EQ(git({"tag", "v-" + name}).status, 0);
  }
  const cli::BisectOptions options{.path = trace,
                                   .good = "v-a",
                                   .bad = "v-e",
                                   .command = "git -C " + tree + " show {}:kernel",
                                   .between = {},
                                   .tree = tree};
  const auto [status, out] = said(cli::bisect, options);
  EXPECT_EQ(status, ExitStatus::kHeld) << out;
  const auto d = git({"rev-parse", "v-d"}).out.substr(0, 40);
  EXPECT_TRUE(contains(out, "3 between them")) << out;
  EXPECT_TRUE(contains(out, "first bad: " + d + ": d\n")) << out;
  auto reversed = options;
  std::swap(reversed.good, reversed.bad);
  EXPECT_TRUE(contains(said(cli::bisect, reversed).second, "the good one must come first"));
}

TEST_F(KernelsInARow, BisectOfOneKernelIsForGit) {
  const auto judged = [this](const std::string& kernel) {
    cli::BisectOptions options{.path = trace, .good = "a", .bad = "e"};
    options.chosen.kernel = kernel;
    return said(cli::bisect, options).first;
  };
  EXPECT_EQ(judged("c"), ExitStatus::kHeld);
  EXPECT_EQ(judged("d"), ExitStatus::kFinding);
  EXPECT_EQ(judged("odd"), ExitStatus::kNeither);
  EXPECT_EQ(judged("no-such-file"), ExitStatus::kNeither) << "it does not boot";
  EXPECT_EQ(judged("a,b"), ExitStatus::kEndsBisection);
  const auto by = [this](const std::string& command) {
    return said(cli::bisect,
                cli::BisectOptions{.path = trace, .good = "a", .bad = "e", .command = command})
        .first;
  };
  EXPECT_EQ(by("echo d"), ExitStatus::kFinding);
  EXPECT_EQ(by("exit 125"), ExitStatus::kNeither);
  EXPECT_EQ(by("exit 1"), ExitStatus::kEndsBisection);
  EXPECT_EQ(static_cast<int>(ExitStatus::kNeither), 125);
  EXPECT_GT(static_cast<int>(ExitStatus::kEndsBisection), 127);
}

TEST_F(KernelsInARow, BisectRefusesWhatDoesNotDiffer) {
  const auto [status, out] =
      said(cli::bisect, cli::BisectOptions{.path = trace, .good = "a", .bad = "b", .between = "c"});
  EXPECT_EQ(status, ExitStatus::kBadInput);
  EXPECT_TRUE(contains(out, "a and b do the same with it")) << out;
  const auto [no_row, why] =
      said(cli::bisect, cli::BisectOptions{.path = trace, .good = "a", .bad = "e"});
  EXPECT_EQ(no_row, ExitStatus::kBadInput);
  EXPECT_TRUE(contains(why, "--between A,B,C")) << why;
}

}  // namespace
}  // namespace vmadiff::compare
