// tests of cli: what is printed, wherever it goes and whatever is in it: paths, directives, streams
// that are closed, full or no longer read.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVmadiff = VMADIFF_BINARY_DIR "/vmadiff";

/// By a shell, in a directory.
CommandResult shell(const Scratch& scratch, const std::string& line) {
  return run_command({"bash", "-c", line}, {.directory = scratch.path()});
}

/// Finds something under a profile that breaks a claim by its nature.
const std::string kFinds =
    std::string{kVmadiff} + " check --systems model,impl --profile patch-v2 --seed 1 --ops 3000";

TEST(Words, NothingSteersTheTerminal) {
  const Scratch scratch;
  const std::string escape = "\x1b[31mred\x07";
  const std::string directives[] = {
      "# profile: linux-" + escape + "\n", "# systems: model," + escape + "\n",
      "# setup: " + escape + "=3\n",       "# setup: max_map_count=" + escape + "\n",
      "# expect: " + escape + "\n",        "# vmas: " + escape + "\n",
      "munmap(0x1000, " + escape + ")\n",  escape + "\n"};
  for (const std::string& text : directives) {
    const auto result = run_vmadiff({"replay", scratch.file("x" + escape + ".trace", text)});
    EXPECT_EQ(result.status, 2) << text;
    EXPECT_FALSE(contains(result.err + result.out, "\x1b")) << text;
    EXPECT_FALSE(contains(result.err + result.out, "\x07")) << text;
    EXPECT_TRUE(contains(result.err, "x\\x1b[31mred\\x07.trace:1:")) << result.err;
  }
  const auto two_lines = scratch.file("two\nlines.trace", "");
  const auto shown = run_vmadiff({"replay", two_lines, "--systems", "model"});
  EXPECT_TRUE(contains(shown.out, "two\\nlines.trace")) << shown.out;
  for (const std::string option : {"--systems", "--profile", "--properties", "--time"}) {
    const auto result = run_vmadiff({"check", option, escape}, {.directory = scratch.path()});
    EXPECT_EQ(result.status, 2);
    EXPECT_FALSE(contains(result.err, "\x1b")) << result.err;
  }
}

TEST(Words, AnErrorOfADirectiveHasItsPlace) {
  const Scratch scratch;
  const auto file = scratch.file("d.trace",
                                 "# a comment\n"
                                 "munmap(0x1000, 0x1000)\n"
                                 "  #   profile:   linux-9\n"
                                 "munmap(0x1000, )\n"
                                 "# vmas: many\n");
  const auto result = run_vmadiff({"replay", file});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, file + ":3:18: error: in '# profile:': unknown profile"))
      << result.err;
  EXPECT_TRUE(contains(result.err, file + ":4:16: error: expected a length")) << result.err;
  EXPECT_TRUE(contains(result.err, file + ":5:9: error: in '# vmas:': expected a number"))
      << result.err;
}

TEST(Words, PrintedCommandsCanBePasted) {
  const Scratch scratch;
  const std::string out = "a b$(touch pwned)'`id`";
  const auto found = run_vmadiff({"check", "--systems", "model,impl", "--profile", "patch-v2",
                                  "--seed", "1", "--ops", "3000", "--out", out},
                                 {.directory = scratch.path()});
  ASSERT_EQ(found.status, 1) << found.err;
  const auto at = found.out.find("vmadiff replay ");
  ASSERT_NE(at, std::string::npos) << found.out;
  const auto command = found.out.substr(at, found.out.find('\n', at) - at);
  const auto replayed =
      shell(scratch, "PATH=" VMADIFF_BINARY_DIR ":$PATH; " + command + " --systems model,impl");
  EXPECT_EQ(replayed.status, 1) << command << '\n' << replayed.out << replayed.err;
  EXPECT_TRUE(contains(replayed.out, "1 failed")) << replayed.out;
  EXPECT_FALSE(fs::exists(scratch.path() / "pwned"));
}

TEST(Words, AnOutputDirectoryThatIsNoUtf8IsOne) {
  const Scratch scratch;
  const std::string out = "caf\xe9\x1b";
  for (const bool json : {true, false}) {
    std::vector<std::string> words{"check",    "--systems", "model,impl", "--profile",
                                   "patch-v2", "--seed",    "1",          "--ops",
                                   "3000",     "--out",     out};
    if (json) words.emplace_back("--json");
    const auto found = run_vmadiff(words, {.directory = scratch.path()});
    ASSERT_EQ(found.status, 1) << found.err;
    EXPECT_FALSE(contains(found.out, "\xe9"));
    EXPECT_FALSE(contains(found.out, "\x1b"));
    EXPECT_FALSE(contents(scratch.path() / out).empty());
    if (!json) continue;
    const auto line = found.out.substr(found.out.find('\n') + 1);
    const auto object = nlohmann::json::parse(line.substr(0, line.find('\n')));
    EXPECT_EQ(object.at("type"), "finding");
    EXPECT_TRUE(contains(object.at("trace"), "caf\\xe9\\x1b/"));
    EXPECT_TRUE(object.at("replayed")) << object;
  }
}

TEST(Words, ThePathOfATraceBringsNoCodeIntoTheProgram) {
  const Scratch scratch;
  const auto directory = scratch.path() / "x*\\\n";
  const auto evil = directory / "; int main(void) { return 77; } ";
  fs::create_directories(evil);
  const auto trace = (evil / "t.trace").string();
  std::error_code ignored;
  fs::copy_file(scratch.file("t.trace", "munmap(0x100000000000, 0x1000) = 0\n"), trace, ignored);
  const auto made = shell(scratch, std::string{kVmadiff} + " export c x*/*/t.trace -o t.c");
  ASSERT_EQ(made.status, 0) << made.err;
  const auto compiled = shell(scratch, "cc -Wall -Wextra -Werror t.c -o t && ./t");
  EXPECT_EQ(compiled.status, 0) << compiled.out << compiled.err;
}

// --- streams ------------------------------------------------------------------------------------

TEST(Streams, AClosedOrFullStderrIsNoReasonToDie) {
  const Scratch scratch;
  std::ignore = scratch.file("bad.trace", "nonsense\n");
  std::ignore = scratch.file("good.trace", "munmap(0x100000000000, 0x1000) = 0\n");
  const std::pair<std::string, int> cases[] = {{" replay bad.trace", 2},
                                               {" replay good.trace --systems model", 0},
                                               {" frobnicate", 2},
                                               {" layout missing.trace", 2},
                                               {" check --systems model --ops 1000 --seed 1", 0},
                                               {" minimize good.trace -o x --systems model", 2},
                                               {" export c bad.trace -o x.c", 2}};
  for (const auto& [words, status] : cases) {
    for (const std::string where : {" 2>&-", " 2>/dev/full", " 2>&- >&-", " <&- 2>&-"}) {
      if (status == 0 && where == " 2>&- >&-") continue;  // there is something worse to say
      const auto result = shell(scratch, std::string{kVmadiff} + words + where);
      EXPECT_EQ(result.status, status) << words << where << '\n' << result.out << result.err;
    }
  }
  EXPECT_EQ(shell(scratch, kFinds + " 2>&-").status, 1);
}

TEST(Streams, NothingIsWrittenIntoAFileThatTookTheirPlace) {
  const Scratch scratch;
  const auto result = shell(scratch, kFinds + " >&- 2>&-");
  EXPECT_EQ(result.status, 1);
  std::size_t traces = 0;
  for (const auto& [name, text] : contents(scratch.path() / "findings")) {
    if (!name.ends_with(".trace")) continue;
    ++traces;
    EXPECT_EQ(text.find("FINDING"), std::string::npos) << text;
    EXPECT_EQ(text.find("vmadiff 0"), std::string::npos) << text;
  }
  EXPECT_GE(traces, 1U);
}

TEST(Streams, AReaderThatHasSeenEnoughEndsTheRunQuietly) {
  const Scratch scratch;
  // Whatever was found is on disk; the status is the run's.
  const auto found =
      shell(scratch, "set -o pipefail; " + kFinds + " | head -n 1; exit ${PIPESTATUS[0]}");
  EXPECT_EQ(found.status, 1) << found.err;
  EXPECT_FALSE(contains(found.err, "cut short")) << found.err;
  EXPECT_FALSE(contains(found.err, "cannot be written")) << found.err;
  const auto endless = shell(scratch, std::string{kVmadiff} +
                                          " check --systems model,impl --time 1h --seed 1 "
                                          "--profile patch-v2 | head -n 1; exit ${PIPESTATUS[0]}");
  EXPECT_EQ(endless.status, 1) << endless.err;
  EXPECT_FALSE(contains(endless.err, "cut short")) << endless.err;
  // Also where there is nothing to print for an hour.
  const auto silent = shell(scratch, std::string{kVmadiff} +
                                         " check --systems model,impl --time 1h --seed 1 | true; "
                                         "exit ${PIPESTATUS[0]}");
  EXPECT_EQ(silent.status, 0) << silent.err;
  const auto list =
      shell(scratch, std::string{kVmadiff} + " profiles | true; exit ${PIPESTATUS[0]}");
  EXPECT_EQ(list.status, 0) << list.err;
}

TEST(Streams, AFullDiskIsSaidAndTheFindingIsKept) {
  const Scratch scratch;
  const auto found = shell(scratch, kFinds + " > /dev/full");
  EXPECT_EQ(found.status, 1);
  EXPECT_TRUE(contains(found.err, "standard output cannot be written: No space left on device"))
      << found.err;
  EXPECT_FALSE(contents(scratch.path() / "findings").empty());
  EXPECT_EQ(shell(scratch,
                  std::string{kVmadiff} + " check --systems model --ops 500 --seed 1 > /dev/full")
                .status,
            2);
}

// --- input --------------------------------------------------------------------------------------

TEST(Input, OnlyRegularFilesAreRead) {
  const Scratch scratch;
  const auto pipe = (scratch.path() / "pipe.trace").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0666), 0);
  for (const std::string command : {"replay", "layout"}) {
    const auto result = run_vmadiff({command, pipe});
    EXPECT_EQ(result.status, 2);
    EXPECT_TRUE(contains(result.err, "pipe.trace: is no regular file")) << result.err;
  }
  // Found in a directory, it is one that cannot be read, and the others are.
  std::ignore = scratch.file("good.trace", "munmap(0x100000000000, 0x1000) = 0\n");
  const auto all = run_vmadiff({"replay", scratch.path().string(), "--systems", "model"});
  EXPECT_TRUE(contains(all.out, "1 ok, 0 failed, 0 skipped, 1 unreadable")) << all.out;
  const auto huge = (scratch.path() / "huge.trace").string();
  std::ignore = scratch.file("huge.trace", "");
  fs::resize_file(huge, std::uintmax_t{1} << 40);
  const auto result = run_vmadiff({"replay", huge});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "is 1099511627776 bytes long")) << result.err;
}

}  // namespace
}  // namespace vmadiff::tests
