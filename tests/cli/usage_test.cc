// tests of cli: bad usage and bad input end with status 2 and a message that says what would be
// right; never with a crash.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

struct BadUsage {
  std::vector<std::string> words;
  std::string said;  ///< part of what stderr says
};

TEST(Usage, WhatIsWrongIsSaidWithWhatWouldBeRight) {
  const std::array cases{
      BadUsage{
          {},
          "vmadiff takes: kernels, check, replay, show, layout, minimize, export, import, record, "
          "identify, diff, history, explain, bisect"},
      BadUsage{{"chekc"}, "vmadiff takes: kernels, check"},
      BadUsage{{"check", "--sytems", "model"}, "vmadiff check takes: --help, --systems, --profile"},
      BadUsage{{"check", "--systems", "model,moon"}, "expected a list of model, impl, host"},
      BadUsage{{"check", "--systems", "model,model"}, "named twice"},
      BadUsage{{"check", "--systems", ""}, ""},
      BadUsage{{"check", "--profile", "linux-6.18 mseal=maybe"}, "expected mseal= with one of"},
      BadUsage{{"check", "--profile", "auto mseal=absent"}, "unknown profile 'auto'"},
      BadUsage{{"check", "--profile", "linux-9"}, "expected linux-6.1, linux-6.12, linux-6.12.118"},
      BadUsage{{"check", "--properties", "nonsense"}, "expected one of all, equivalence"},
      BadUsage{{"check", "--time", "sixty"}, "as in 90s, 10m, 2h"},
      BadUsage{{"check", "--time", "0s"}, "as in 90s, 10m, 2h"},
      BadUsage{{"check", "--time", "99999999999999999h"}, "as in 90s, 10m, 2h"},
      BadUsage{{"check", "--time", "1s", "--ops", "5"}, "--ops"},
      BadUsage{{"check", "--ops", "-5"}, "--ops"},
      BadUsage{{"check", "--ops", "many"}, "--ops"},
      BadUsage{{"check", "--ops", "0"}, "--ops"},
      BadUsage{{"check", "--jobs", "0"}, "--jobs"},
      BadUsage{{"check", "--max-findings", "0"}, "--max-findings"},
      BadUsage{{"check", "--swarm", "bees"}, "--swarm"},
      BadUsage{{"check", "--seed", "0x11111111111111111"}, "--seed"},
      BadUsage{{"check", "--out", "/dev/full"}, "is not a directory"},
      BadUsage{{"check", "--out", "/dev/null/findings"}, "/dev/null"},
      BadUsage{{"check", "--html", "none/page.html"}, "expected a file in a directory"},
      BadUsage{{"show"}, "paths"},
      BadUsage{{"show", "/dev/null", "--systems", "moon", "--no-open"}, "expected a list of model"},
      BadUsage{{"show", "/nonexistent"}, "/nonexistent"},
      BadUsage{{"replay"}, "paths"},
      BadUsage{{"replay", "/nonexistent"}, "/nonexistent"},
      BadUsage{{"layout", "/nonexistent.trace"}, "No such file"},
      BadUsage{{"layout", "/"}, "is a directory"},
      BadUsage{{"layout", "/dev/zero"}, "/dev/zero"},
      BadUsage{{"layout", "/dev/null", "--system", "model,impl"}, "expected one"},
      BadUsage{{"export", "pascal", "x"},
               "vmadiff export takes: c, kselftest, ltp, syz, gtest, mail"},
      BadUsage{{"minimize", "/dev/null"}, "--output"},
      BadUsage{{"minimize", "/dev/null", "-o", "x"}, "shows no finding"},
      BadUsage{{"export", "c", "/dev/null", "-o", "/dev/full"}, "No space left on device"},
      BadUsage{{"export", "c", "/dev/null", "-o", "/nonexistent/x.c"}, "/nonexistent/x.c"},
  };
  for (const auto& [words, said] : cases) {
    std::string line;
    for (const auto& word : words) line += word + ' ';
    const Scratch scratch;
    auto with_budget = words;
    // What is not refused must at least end soon.
    if (!words.empty() && words[0] == "check" && said.empty()) {
      with_budget.insert(with_budget.end(), {"--ops", "100", "--seed", "1"});
    }
    const auto result = run_vmadiff(with_budget, {.directory = scratch.path()});
    if (said.empty()) {
      EXPECT_LE(result.status, 3) << line;
      continue;
    }
    EXPECT_EQ(result.status, 2) << line << '\n' << result.err;
    EXPECT_NE(result.err.find(said), std::string::npos) << line << '\n' << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << line;
  }
}

TEST(Usage, EveryErrorOfATraceIsListedUpToTwenty) {
  const Scratch scratch;
  std::string text = "# a comment\nmunmap(0x1000, 0x1000) = 0\n";
  for (int i = 0; i < 25; ++i) text += "munmap(0x1000, )\n";
  const auto file = scratch.file("bad.trace", text);
  for (const std::string command : {"layout", "replay"}) {
    const auto result = run_vmadiff({command, file});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find(file + ":3:16: error: expected a length"), std::string::npos)
        << result.err;
    EXPECT_NE(result.err.find(file + ":22:16: error"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(file + ":23:16: error"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("and 5 more errors"), std::string::npos) << result.err;
  }
}

TEST(Usage, ATruncatedOrBinaryTraceIsRefused) {
  const Scratch scratch;
  const auto cut = scratch.file("cut.trace", "munmap(0x1000, 0x1000)\nmprotect(0x1000, 0x10");
  EXPECT_NE(run_vmadiff({"layout", cut}).err.find(":2:"), std::string::npos);
  EXPECT_EQ(run_vmadiff({"layout", cut}).status, 2);
  const auto binary = scratch.file("binary.trace", std::string_view{"\x7f"
                                                                    "ELF\0\1\2",
                                                                    7});
  EXPECT_NE(run_vmadiff({"replay", binary}).err.find("is binary"), std::string::npos);
  EXPECT_EQ(run_vmadiff({"replay", binary}).status, 2);
  const auto noise = scratch.file("noise.trace", "\xff\xfe\x80 \x01\x02\n%n%s\n");
  EXPECT_EQ(run_vmadiff({"replay", noise}).status, 2);
}

TEST(Usage, ADirectiveIsCheckedLikeAFlag) {
  const Scratch scratch;
  const std::array<std::pair<std::string, std::string>, 3> cases{{
      {"# profile: linux-9\n", "unknown profile"},
      {"# systems: model,moon\n", "expected a list of"},
      {"# expect: EverythingIsFine\n", "unknown claim"},
  }};
  for (const auto& [text, said] : cases) {
    const auto result = run_vmadiff({"replay", scratch.file("x.trace", text)});
    EXPECT_EQ(result.status, 2) << text;
    EXPECT_NE(result.err.find(said), std::string::npos) << result.err;
  }
}

TEST(Usage, WhatCannotBeReadIsSaid) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody with fewer rights";
  const Scratch scratch;
  std::filesystem::permissions(
      scratch.path(), std::filesystem::perms::others_all | std::filesystem::perms::owner_all);
  const auto file = scratch.file("secret.trace", "");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  const auto directory = scratch.path() / "secret";
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  for (const auto& path : {file, directory.string()}) {
    const auto result = run_vmadiff({"replay", path}, {.directory = {}, .as_nobody = true});
    if (result.status == 126 || result.status == 127) {
      GTEST_SKIP() << "the build directory cannot be read by others";
    }
    EXPECT_EQ(result.status, 2) << result.out;
    EXPECT_NE(result.err.find("cannot be read"), std::string::npos) << result.err;
  }
}

TEST(Usage, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(run_vmadiff({"--version"}).status, 0);
  EXPECT_EQ(run_vmadiff({"--version"}).out.substr(0, 8), "vmadiff ");
  const auto help = run_vmadiff({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("Examples:"), std::string::npos);
  EXPECT_EQ(run_vmadiff({"check", "--help"}).status, 0);
}

TEST(Usage, OutputThatDoesNotArriveIsAnError) {
  const auto result = run_command({"sh", "-c", VMADIFF_BINARY_DIR "/vmadiff profiles > /dev/full"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
}

TEST(Usage, ABootedKernelIsAskedAboutATreesFindings) {
  const auto refused = [](const std::string& systems, const std::string& confirm) {
    return run_vmadiff({"check", "--systems", systems, "--tree", "/nowhere", "--confirm", confirm});
  };
  const auto model = refused("model,tree", "model");
  EXPECT_EQ(model.status, 2) << model.err;
  EXPECT_NE(model.err.find("--confirm model: expected a kernel that is booted: guest:KERNEL"),
            std::string::npos)
      << model.err;
  EXPECT_EQ(refused("model,tree", "guest").status, 2);
  const auto no_tree = refused("model,impl", "guest:debian-7.3");
  EXPECT_EQ(no_tree.status, 2) << no_tree.err;
  EXPECT_NE(no_tree.err.find("--systems has no tree"), std::string::npos) << no_tree.err;
  const auto nowhere = refused("model,tree", "guest:debian-0.1");
  EXPECT_EQ(nowhere.status, 3) << nowhere.err;
  EXPECT_NE(nowhere.err.find("vmadiff kernels fetch debian-0.1"), std::string::npos) << nowhere.err;
}

}  // namespace
}  // namespace vmadiff::tests
