// tests of cli: completions, by the shells themselves where they are here, and the manual page.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

const std::string kProgram = VMADIFF_BINARY_DIR "/vmadiff";

bool has_shell(const std::string& shell) {
  return run_command({"sh", "-c", "command -v " + shell}).status == 0;
}

/// What `vmadiff complete` gives: words, the ":files" among them.
std::vector<std::string> completed(std::vector<std::string> words) {
  words.insert(words.begin(), {"complete", "--"});
  const auto ran = run_vmadiff(words);
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::istringstream lines{ran.out};
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);)
    found.push_back(line.substr(0, line.find('\t')));
  return found;
}

using Words = std::vector<std::string>;

bool has(const Words& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

TEST(Completion, KnowsCommandsAndThoseBelowThem) {
  EXPECT_EQ(completed({"ch"}), Words{"check"});
  EXPECT_EQ(completed({"kernels", "f"}), Words{"fetch"});
  EXPECT_TRUE(has(completed({""}), "replay"));
  EXPECT_FALSE(has(completed({""}), "complete")) << "it is for scripts";
  EXPECT_EQ(completed({"export", "ks"}), Words{"kselftest"});
}

TEST(Completion, KnowsTheOptionsOfEachCommandAlone) {
  EXPECT_EQ(completed({"check", "--max"}), Words{"--max-findings"});
  EXPECT_EQ(completed({"replay", "--max"}), Words{});
  EXPECT_EQ(completed({"check", "--seed", "1", "--max"}), Words{"--max-findings"});
}

TEST(Completion, KnowsValuesByTheirOption) {
  EXPECT_EQ(completed({"check", "--profile", "patch-v2-"}), Words{"patch-v2-review"});
  EXPECT_EQ(completed({"check", "--swarm", "a"}), Words{"arena"});
  EXPECT_EQ(completed({"check", "--seed", ""}), Words{}) << "a number";
  EXPECT_EQ(completed({"check", "--out", ""}), Words{":files"});
  EXPECT_EQ(completed({"completions", "z"}), Words{"zsh"});
}

TEST(Completion, GoesOnInAListBehindTheComma) {
  EXPECT_EQ(completed({"check", "--systems", "model,im"}), Words{"model,impl"});
  EXPECT_EQ(completed({"check", "--properties", "equivalence,inv"}),
            Words{"equivalence,invariants"});
}

TEST(Completion, GivesFilesWhereFilesStand) {
  EXPECT_EQ(completed({"replay", ""}), Words{":files"});
  EXPECT_EQ(completed({"layout", "a.trace", ""}), Words{}) << "it takes one";
  EXPECT_EQ(completed({"record", "--", "ls", "--"}), Words{":files"});
}

TEST(Completion, OfNonsenseNothingIsKnown) {
  EXPECT_EQ(completed({"nonsense", "--x", "--profi"}), Words{});
  EXPECT_EQ(run_vmadiff({"completions", "tcsh"}).status, 2);
}

/// Runs `command` in a shell that has the program as vmadiff on its path.
CommandResult in_shell(const std::string& shell, const Words& options, const std::string& command) {
  Words words{"env", "PATH=" VMADIFF_BINARY_DIR ":/usr/local/bin:/usr/bin:/bin", shell};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"-c", command});
  return run_command(words);
}

TEST(Completion, InBash) {
  const auto ran = in_shell("bash", {"--norc"},
                            "source <(vmadiff completions bash)\n"
                            "COMP_WORDS=(vmadiff check --profile linux-6.1) COMP_CWORD=3\n"
                            "_vmadiff; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p vmadiff");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("linux-6.12\n"), std::string::npos) << ran.out << ran.err;
  EXPECT_EQ(ran.out.find("linux-7"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("complete -F _vmadiff vmadiff"), std::string::npos) << ran.out;
}

TEST(Completion, InZsh) {
  if (!has_shell("zsh")) GTEST_SKIP() << "no zsh: apt-get install zsh";
  // Its own completion wants a terminal: what it is given is looked at instead.
  const auto ran = in_shell("zsh", {"-f"},
                            "compdef() { echo \"compdef $@\" }\n"
                            "_describe() { print -l -- ${(P)3} }\n_files() { echo files }\n"
                            "source <(vmadiff completions zsh)\n"
                            "words=(vmadiff check --profile linux-6.1) CURRENT=4; _vmadiff\n"
                            "words=(vmadiff replay '') CURRENT=3; _vmadiff");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("compdef _vmadiff vmadiff\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\nlinux-6.12:before the patch"), std::string::npos) << ran.out << ran.err;
  EXPECT_EQ(ran.out.find("linux-7"), std::string::npos) << ran.out;
  EXPECT_TRUE(ran.out.ends_with("files\n")) << ran.out;
}

TEST(Completion, InFish) {
  if (!has_shell("fish")) GTEST_SKIP() << "no fish: apt-get install fish";
  const auto ran = in_shell("fish", {"--no-config"},
                            "vmadiff completions fish | source\n"
                            "complete -C 'vmadiff check --profile linux-6.1'\n"
                            "complete -C 'vmadiff ker'");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("linux-6.12\tbefore the patch"), std::string::npos) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("kernels\t"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("linux-7"), std::string::npos) << ran.out;
}

TEST(Manual, NamesEveryCommandAndIsCleanToGroff) {
  const auto page = run_vmadiff({"manual"});
  EXPECT_EQ(page.status, 0);
  for (const std::string& command : completed({""}))
    EXPECT_NE(page.out.find(".SS \"vmadiff " + command), std::string::npos) << command;
  for (const char* option : {"\\-\\-systems", "\\-\\-confirm", "\\-\\-kernel\\-command"})
    EXPECT_NE(page.out.find(option), std::string::npos) << option;
  if (!has_shell("groff")) return;
  const Scratch scratch;
  const auto set = run_command(
      {"groff", "-K", "utf8", "-man", "-Tutf8", "-ww", scratch.file("vmadiff.1", page.out)});
  EXPECT_EQ(set.status, 0);
  EXPECT_EQ(set.err, "");
  // A line that began with a dot would be gone.
  EXPECT_NE(set.out.find("0 everything held; 1 a finding"), std::string::npos);
}

}  // namespace
}  // namespace vmadiff::tests
