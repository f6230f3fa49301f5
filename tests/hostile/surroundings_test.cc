// tests of the cage: surroundings in which a vmadiff is badly off. It runs, or says what it needs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "../cli/command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCampaign =
    " check --systems model,host --properties SystemSurvives --sequences 300 --seed 1 --out ";

class Surroundings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
    fs::permissions(scratch_.path(), fs::perms::all);
  }

  /// Runs a campaign after some words of the shell; `as` stands in front of the command.
  CommandResult campaign(const std::string& before, const std::string& as = {},
                         const CommandOptions& options = {}) {
    return run_command({"sh", "-c",
                        before + " exec " + as + " " VMADIFF_BINARY_DIR "/vmadiff" +
                            std::string{kCampaign} + (scratch_.path() / "findings").string()},
                       options);
  }

  static void expect_refusal(const CommandResult& result, std::string_view remedy) {
    EXPECT_EQ(result.status, 3) << result.out << result.err;
    EXPECT_NE(result.err.find(remedy), std::string::npos) << result.err;
  }
  static void expect_held(const CommandResult& result) {
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    EXPECT_NE(result.out.find("findings             none"), std::string::npos) << result.out;
  }

  Scratch scratch_;
};

TEST_F(Surroundings, FewOpenFiles) {
  expect_held(campaign("ulimit -Sn 50;"));
  expect_refusal(campaign("ulimit -n 50;"), "ulimit -Hn");
  expect_refusal(campaign("ulimit -n 150;"), "ulimit -Hn");
  expect_held(campaign("ulimit -n 256;"));
}

TEST_F(Surroundings, SmallFiles) {
  expect_held(campaign("ulimit -Sf 1;"));
  fs::create_directory(scratch_.path() / "tmp");
  expect_refusal(campaign("export TMPDIR=" + (scratch_.path() / "tmp").string() + "; ulimit -f 1;"),
                 "ulimit -Hf");
  EXPECT_TRUE(fs::is_empty(scratch_.path() / "tmp"));
}

TEST_F(Surroundings, NoCoreDumps) {
  expect_held(
      campaign("ulimit -c 0;", "", {.directory = {}, .signal = 0, .as_nobody = ::geteuid() == 0}));
}

TEST_F(Surroundings, ACallerWhoIgnoresTheEndOfChildren) {
  expect_held(campaign("trap '' CHLD;"));
  const auto models =
      run_command({"sh", "-c",
                   "trap '' CHLD; exec " VMADIFF_BINARY_DIR "/vmadiff check --systems model,impl "
                   "--sequences 50 --seed 1 --out " +
                       (scratch_.path() / "findings").string()});
  EXPECT_EQ(models.status, 0) << models.out << models.err;
}

TEST_F(Surroundings, FewProcesses) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone can become somebody who runs nothing else";
  for (const char* count : {"1", "2", "3"}) {
    const auto result = campaign(std::string{"ulimit -u "} + count + ";",
                                 "setpriv --reuid 54321 --regid 54321 --clear-groups");
    EXPECT_TRUE(result.status == 3 || result.status == 0) << count << result.out << result.err;
    if (result.status == 3) {
      EXPECT_NE(result.err.find("ulimit -u"), std::string::npos) << count << result.err;
    }
  }
}

TEST_F(Surroundings, APidNamespaceWithoutItsOwnProc) {
  if (run_command({"unshare", "--pid", "--fork", "true"}).status != 0)
    GTEST_SKIP() << "pid namespaces cannot be made here";
  expect_refusal(campaign("", "unshare --pid --fork"), "unshare --mount-proc");
}

TEST_F(Surroundings, APidNamespaceForItsChildrenAlone) {
  if (run_command({"unshare", "--pid", "true"}).status != 0)
    GTEST_SKIP() << "pid namespaces cannot be made here";
  expect_refusal(campaign("", "unshare --pid"), "unshare --pid needs --fork");
}

TEST_F(Surroundings, AsTheFirstProcess) {
  if (run_command({"unshare", "--pid", "--fork", "--mount-proc", "true"}).status != 0)
    GTEST_SKIP() << "pid namespaces cannot be made here";
  expect_held(campaign("", "unshare --pid --fork --mount-proc"));
}

TEST_F(Surroundings, TheDefaultCheckSaysThatItGoesOnWithoutTheHost) {
  const auto result =
      run_command({"sh", "-c",
                   "ulimit -n 50; exec " VMADIFF_BINARY_DIR "/vmadiff check --sequences 20 --out " +
                       (scratch_.path() / "findings").string()});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("without host ("), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("the host takes no part"), std::string::npos) << result.err;
}

TEST_F(Surroundings, ASoftLimitOfTheCallersOwnHolds) {
  const auto trace = scratch_.file("big.trace",
                                   "mmap(0x100000000000, 0x40000000, PROT_READ|PROT_WRITE, "
                                   "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n");
  const auto result = run_command(
      {"sh", "-c",
       "ulimit -Sv 400000; exec " VMADIFF_BINARY_DIR "/vmadiff replay --systems host " + trace});
  expect_refusal(result, "took more than 390 MiB of memory");
  const auto lower = run_vmadiff({"replay", "--systems", "host", "--memory-limit", "100", trace});
  expect_refusal(lower, "took more than 100 MiB of memory: --memory-limit");
}

}  // namespace
}  // namespace vmadiff::tests
