// tests of exports: every trace of the corpus in the other forms. Each is written or refused with a
// reason; what can be compiled here is, and run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <tuple>
#include <vector>

#include "cli/export.h"
#include "cli/trace_file.h"
#include "command_run.h"
#include "spec/trace_text.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;
using cli::ExportForm;

const std::string kCorpus = std::string{VMADIFF_SOURCE_DIR} + "/corpus";

struct Form {
  std::map<std::string, std::string> written;  ///< path -> text
  std::map<std::string, std::string> refused;  ///< path -> reason
};

const Form& corpus_as(ExportForm form) {
  static std::map<ExportForm, Form> known;
  const auto [at, is_new] = known.try_emplace(form);
  if (!is_new) return at->second;
  for (const auto& path : cli::find_traces({kCorpus}).value()) {
    const auto file = cli::read_trace(path);
    EXPECT_TRUE(file) << file.error();
    cli::ExportOptions options;
    options.form = form;
    auto text = cli::exported(*file, options);
    if (text) {
      at->second.written[path] = *std::move(text);
    } else {
      at->second.refused[path] = text.error().message;
    }
  }
  return at->second;
}

TEST(Exports, NoTraceIsDroppedWithoutAReason) {
  const auto traces = cli::find_traces({kCorpus}).value().size();
  constexpr std::array kReasons{"it takes more than one process, or an exec",
                                "the break is the C library's",
                                "the limit is the test's own, too",
                                "it is of the test's own memory, too",
                                "where it goes depends on what else is mapped",
                                "is a file that the test has not",
                                "it depends on the limit of locked memory",
                                "somebody else has to resolve a userfaultfd's faults",
                                "it is of addresses where a program may have something",
                                "it begins on a machine with",
                                "which such a test does not ask",
                                "the kernel places it, and syzkaller names",
                                "syzkaller names memory by pages",
                                "a program of syzkaller has",
                                "there is no such file in syzkaller's descriptions",
                                "there is no brk in syzkaller",
                                "the limit would be syzkaller's own, too",
                                "syzkaller names an attachment by what shmat gave",
                                "MDWE would be the test's own, for good",
                                "of a userfaultfd's events",
                                "huge pages are the test's own matter",
                                "no userfaultfd has that number"};
  for (const auto form : {ExportForm::kKselftest, ExportForm::kLtp, ExportForm::kSyz,
                          ExportForm::kGtest, ExportForm::kMail}) {
    const auto& all = corpus_as(form);
    EXPECT_EQ(all.written.size() + all.refused.size(), traces);
    fmt::print("form {}: {} written, {} refused\n", static_cast<int>(form), all.written.size(),
               all.refused.size());
    for (const auto& [path, why] : all.refused) {
      EXPECT_TRUE(std::ranges::any_of(kReasons, [&](const char* reason) {
        return why.contains(reason);
      })) << why;
    }
  }
  EXPECT_TRUE(corpus_as(ExportForm::kMail).refused.empty());
  EXPECT_TRUE(corpus_as(ExportForm::kGtest).refused.empty());
  EXPECT_GT(corpus_as(ExportForm::kKselftest).written.size(), traces / 2);
}

TEST(Mail, HasTheTraceAndNoLongLine) {
  for (const auto& [path, text] : corpus_as(ExportForm::kMail).written) {
    std::istringstream lines{text};
    std::string trace;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      // A name in quotes is not torn apart.
      if (!line.contains('"')) EXPECT_LE(line.size(), 75U) << path << '\n' << line;
      inside = inside || line.starts_with("  # profile: ");
      if (inside) trace += line + "\n";
    }
    const auto again = spec::parse_trace(trace);
    EXPECT_TRUE(again.errors.empty()) << path << '\n' << trace;
    const auto file = cli::read_trace(path);
    ASSERT_EQ(again.trace.sequence.size(), file->trace.sequence.size()) << path;
    for (std::size_t i = 0; i < again.trace.sequence.size(); ++i) {
      EXPECT_EQ(again.trace.sequence[i].call, file->trace.sequence[i].call) << path;
      EXPECT_EQ(again.trace.sequence[i].process, file->trace.sequence[i].process) << path;
    }
  }
}

TEST(Mail, ShowsTheAddressSpaceBeforeAndAfter) {
  const auto& mails = corpus_as(ExportForm::kMail).written;
  const auto text = mails.at(kCorpus + "/seeds/anon-merge-left.trace");
  EXPECT_NE(text.find("\n  before   AA"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  after    AA"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("Subject: ")) << text;
}

TEST(Syz, IsAListOfCalls) {
  for (const auto& [path, text] : corpus_as(ExportForm::kSyz).written) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      auto rest = line;
      if (rest.starts_with('r')) {
        const auto equals = rest.find(" = ");
        if (equals != std::string::npos && equals < 5) rest = rest.substr(equals + 3);
      }
      const auto name = rest.substr(0, rest.find('('));
      EXPECT_FALSE(name.empty()) << path << '\n' << line;
      EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_$ADEFGIMOPRSTUVN"),
                std::string::npos)
          << path << '\n'
          << line;
      EXPECT_EQ(std::ranges::count(line, '('), std::ranges::count(line, ')')) << line;
      EXPECT_EQ(std::ranges::count(line, '{'), std::ranges::count(line, '}')) << line;
      EXPECT_TRUE(line.ends_with(')')) << line;
    }
  }
}

TEST(Gtest, Compiles) {
  const auto& tests = corpus_as(ExportForm::kGtest).written;
  const auto with_setup = std::ranges::find_if(
      tests, [](const auto& test) { return test.second.contains("read_setup_text(\""); });
  ASSERT_NE(with_setup, tests.end());
  const Scratch scratch;
  std::ignore = scratch.file("t.cc", with_setup->second);
  const auto compiled = run_command(
      {"bash", "-c", "clang++-19 -std=c++23 -fsyntax-only -I" VMADIFF_SOURCE_DIR " t.cc"},
      {.directory = scratch.path()});
  EXPECT_EQ(compiled.status, 0) << with_setup->first << '\n' << compiled.err;
}

/// One of so many, so that the quick tests stay so.
constexpr std::size_t kOneOf = 24;

/// Compiles every kOneOf-th of the form with the words and runs it: none fails here.
void compile_and_run_some(ExportForm form, const std::string& words, int skipped) {
  const Scratch scratch;
  const bool runs = host_runs();
  std::size_t number = 0;
  for (const auto& [path, text] : corpus_as(form).written) {
    if (number++ % kOneOf != 0) continue;
    const auto source = scratch.file("t.c", text);
    const auto compiled = run_command({"bash", "-c", words + " -Wall -Wextra -Werror t.c -o t"},
                                      {.directory = scratch.path()});
    ASSERT_EQ(compiled.status, 0) << path << '\n' << compiled.err << text;
    // The host is of the default profile; a trace of another says what that one does.
    const auto replayed = run_vmadiff({"replay", "--systems", "host", path});
    if (!runs || !replayed.out.starts_with("ok")) continue;
    const auto ran = run_command({"./t"}, {.directory = scratch.path()});
    EXPECT_TRUE(ran.status == 0 || ran.status == skipped) << path << '\n' << ran.out << ran.err;
  }
}

TEST(Ltp, CompilesAgainstTheNamesThatItUsesAndHolds) {
  compile_and_run_some(ExportForm::kLtp, "cc -O0 -I" VMADIFF_SOURCE_DIR "/tests/exports/ltp", 32);
}

/// Where the kernel's own header is, if it was fetched.
fs::path kselftest_headers() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path base =
      cache != nullptr ? fs::path{cache} : fs::path{home != nullptr ? home : ""} / ".cache";
  return base / "vmadiff/sources/linux-7.3/tools/testing/selftests";
}

TEST(Kselftest, CompilesAgainstTheKernelsHeaderAndHolds) {
  const auto headers = kselftest_headers();
  if (!fs::exists(headers / "kselftest_harness.h")) {
    GTEST_SKIP() << headers << " has no kselftest_harness.h: vmadiff kernels fetch linux-7.3";
  }
  compile_and_run_some(ExportForm::kKselftest, "cc -O0 -Wno-unused-parameter -I" + headers.string(),
                       4);
}

}  // namespace
}  // namespace vmadiff::tests
