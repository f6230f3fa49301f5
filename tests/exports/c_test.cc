// tests of exports: every trace of the corpus as a C program.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include "c_programs.h"
#include "cli/export.h"
#include "cli/reproduction.h"
#include "cli/trace_file.h"
#include "command_run.h"
#include "reports/reproducer.h"

namespace vmadiff::tests {
namespace {

const std::string kCorpusFolder = std::string{VMADIFF_SOURCE_DIR} + "/corpus";

struct Exported {
  std::vector<std::string> paths;              ///< of those that are programs
  std::vector<std::string> programs;           ///< their texts
  std::map<std::string, std::string> refused;  ///< path -> reason
};

const Exported& corpus_as_c() {
  static const Exported all = [] {
    Exported out;
    for (const auto& path : cli::find_traces({kCorpusFolder}).value()) {
      const auto file = cli::read_trace(path);
      EXPECT_TRUE(file) << file.error();
      const auto text = cli::exported(
          *file,
          {.form = cli::ExportForm::kC, .path = path, .output = {}, .profile = {}, .chosen = {}});
      if (text) {
        out.paths.push_back(path);
        out.programs.push_back(*text);
      } else {
        out.refused[path] = text.error().message;
      }
    }
    return out;
  }();
  return all;
}

/// What replay says of each trace on the systems: "ok", "FAILED" or "skipped …".
std::map<std::string, std::string> replayed_on(const std::string& systems,
                                               const std::vector<std::string>& paths) {
  std::vector<std::string> words{"replay", "--systems", systems};
  words.insert(words.end(), paths.begin(), paths.end());
  const auto result = run_vmadiff(words);
  std::map<std::string, std::string> said;
  std::istringstream lines{result.out};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream parts{line};
    std::string verdict;
    std::string path;
    if (parts >> verdict >> path && path.ends_with(".trace") && !line.starts_with(' ')) {
      said[path] = verdict == "skipped" ? line : verdict;
    }
  }
  return said;
}

TEST(ExportC, NoTraceOfTheCorpusIsDroppedWithoutAReason) {
  const auto& all = corpus_as_c();
  const auto traces = cli::find_traces({kCorpusFolder}).value();
  EXPECT_EQ(all.programs.size() + all.refused.size(), traces.size());
  for (const auto& [path, why] : all.refused) {
    EXPECT_NE(why.find("a file that no program can make"), std::string::npos) << why;
  }
}

// The program holds layouts and counters against the model's, as replay does on model and host:
// what differs in these alone is no failure of the host by itself.
TEST(ExportC, TheProgramsSayWhatReplaySays) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const auto& all = corpus_as_c();
  const auto runs = compile_and_run_all(all.programs, "cc -O0 -std=c99");
  ASSERT_EQ(runs.size(), all.paths.size());
  const auto said = replayed_on("host", {kCorpusFolder});
  std::size_t held = 0;
  std::vector<std::string> only_layouts;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& path = all.paths[i];
    const auto at = said.find(path);
    ASSERT_NE(at, said.end()) << path;
    const auto& verdict = at->second;
    const auto& [status, out] = runs[i];
    if (verdict == "ok" && status == 1) {
      only_layouts.push_back(path);
    } else if (verdict == "ok" || verdict == "FAILED") {
      EXPECT_EQ(status, verdict == "ok" ? 0 : 1) << path << '\n' << out;
      ++held;
    } else if (!verdict.contains("the trace is not for it") &&
               !verdict.contains("it holds under")) {
      // What the host cannot run, the program does not run either, and says why.
      EXPECT_EQ(status, 3) << verdict << '\n' << out;
      EXPECT_TRUE(out.contains("cannot run here: ")) << out;
    }
  }
  EXPECT_GT(held, all.paths.size() * 3 / 4);
  EXPECT_LE(only_layouts.size(), 3U);
  if (only_layouts.empty()) return;
  for (const auto& [path, verdict] : replayed_on("model,host", only_layouts))
    EXPECT_EQ(verdict, "FAILED") << path;
}

/// The compilers there are here, each with what it is called with.
std::vector<std::string> compilers() {
  std::vector<std::string> out;
  for (const std::string words :
       {"gcc -std=c99", "gcc -static -O2 -std=c17", "clang-19 -std=c99",
        "clang-19 -static -std=gnu17", "musl-gcc -std=c99", "musl-gcc -static -O2 -std=c11"}) {
    const auto name = words.substr(0, words.find(' '));
    if (run_command({"bash", "-c", "command -v " + name}).status == 0) out.push_back(words);
  }
  return out;
}

// As they are written, each by itself: a few, since a compilation takes a fifth of a second.
TEST(ExportC, CompilesEverywhere) {
  const auto& all = corpus_as_c();
  const auto words = compilers();
  ASSERT_GE(words.size(), 2U);
  const Scratch scratch;
  const auto program = (scratch.path() / "t").string();
  constexpr std::size_t kSamples = 24;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const auto at = i * all.programs.size() / kSamples;
    const auto source = scratch.file("t.c", all.programs[at]);
    const auto& compiler = words[i % words.size()];
    const auto compiled = run_command({"bash", "-c", compiler + " -Wall -Wextra -Werror t.c -o t"},
                                      {.directory = scratch.path()});
    ASSERT_EQ(compiled.status, 0) << compiler << '\n' << all.paths[at] << '\n' << compiled.err;
    if (!host_runs()) continue;
    const auto ran = run_command({program}, {.directory = scratch.path()});
    const auto replayed = run_vmadiff({"replay", "--systems", "host", all.paths[at]}).out;
    if (replayed.starts_with("ok")) {
      EXPECT_EQ(ran.status, 0) << compiler << '\n' << all.paths[at] << '\n' << ran.out;
    }
    EXPECT_TRUE(ran.status == 0 || ran.status == 1 || ran.status == 3) << ran.status;
  }
}

// What it is worth: a model that is wrong is seen, in a result, in a layout, and in a count.
TEST(ExportC, AWrongExpectationIsSeen) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const auto path = kCorpusFolder + "/seeds/anon-merge-left.trace";
  const auto file = cli::read_trace(path).value();
  const auto good = cli::reproduction_of(file, "model", "").value();
  auto result = good;
  result.steps.back().expected = spec::Outcome::fail(spec::Errno::kENOMEM);
  auto layout = good;
  layout.layouts.back().back().end += spec::kPageSize;
  auto flags = good;
  flags.layouts.back().back().flags |= spec::kVmDontcopy;
  auto count = good;
  ++count.ends.front().counters.total_vm;
  const auto runs = compile_and_run_all(
      {reports::c_program(good), reports::c_program(result), reports::c_program(layout),
       reports::c_program(flags), reports::c_program(count)},
      "cc -O0");
  ASSERT_EQ(runs.size(), 5U);
  if (runs[0].status == 3) GTEST_SKIP() << runs[0].out;
  EXPECT_EQ(runs[0].status, 0) << runs[0].out;
  for (std::size_t i = 1; i < runs.size(); ++i) EXPECT_EQ(runs[i].status, 1) << i << runs[i].out;
}

}  // namespace
}  // namespace vmadiff::tests
