// tests of intake: logs of one real program (logs/workload.c), made by strace with one set of
// options each, and what they must have in common. The model runs each trace: every result is as
// strace saw it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "intake/strace_import.h"
#include "model/model.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"

namespace vmadiff::intake {
namespace {

namespace fs = std::filesystem;

/// The log's files, by the beginning of their names; those of -ff are several.
Imported imported(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry :
       fs::directory_iterator{fs::path{VMADIFF_SOURCE_DIR} / "tests/intake/logs"}) {
    const auto file = entry.path().filename().string();
    if (file == name || file.starts_with(name + ".")) names.push_back(entry.path().string());
  }
  std::ranges::sort(names);
  std::vector<std::string> texts;
  for (const std::string& path : names) {
    std::ifstream in{path};
    texts.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  }
  std::vector<LogFile> files;
  for (std::size_t i = 0; i < names.size(); ++i) files.push_back({names[i], texts[i]});
  auto made = import_strace(files);
  EXPECT_TRUE(made) << made.error();
  return made ? *std::move(made) : Imported{};
}

/// How often each process makes each call: the same whatever strace's options were.
std::map<std::string, int> calls(const spec::Sequence& sequence) {
  std::map<std::string, int> out;
  for (const spec::Step& step : sequence)
    ++out[fmt::format("{} {}", step.process, spec::name(step.call))];
  return out;
}

class Logs : public testing::TestWithParam<const char*> {};

TEST_P(Logs, EveryResultIsTheModels) {
  const auto trace = imported(GetParam()).trace;
  ASSERT_FALSE(trace.sequence.empty());
  const auto profile = spec::profile_named("linux-6.18");
  ASSERT_TRUE(profile);
  const auto model = model::make_model(*profile);
  const auto setup = spec::Setup::standard();
  ASSERT_TRUE(model->start(setup));
  for (const spec::Step& step : trace.sequence) {
    const auto outcome = model->apply(step.process, step.call);
    if (step.expected) {
      ASSERT_EQ(spec::text(outcome), spec::text(*step.expected)) << spec::text(step);
    }
  }
}

TEST_P(Logs, TheTraceReadsBackAsItWasWritten) {
  const auto text = spec::print_trace(imported(GetParam()).trace);
  const auto read = spec::parse_trace(text);
  EXPECT_TRUE(read.errors.empty());
  EXPECT_EQ(spec::print_trace(read.trace), text);
}

INSTANTIATE_TEST_SUITE_P(Options, Logs,
                         testing::Values("plain.strace", "follow.strace", "pids.strace",
                                         "relative-raw.strace", "day-verbose-yy.strace",
                                         "epoch-y.strace", "memory-y.strace", "memory-only.strace",
                                         "each.strace", "each-untimed.strace"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(Logs, AllOptionsGiveTheSameCalls) {
  const auto expected = calls(imported("follow.strace").trace.sequence);
  EXPECT_EQ(expected.at("0 fork"), 2);
  EXPECT_EQ(expected.at("2 exec"), 1);
  for (const char* name : {"pids.strace", "relative-raw.strace", "day-verbose-yy.strace",
                           "epoch-y.strace", "each.strace", "each-untimed.strace"}) {
    EXPECT_EQ(calls(imported(name).trace.sequence), expected) << name;
  }
}

TEST(Logs, FilesAreWhatTheyAreByEitherWay) {
  // By opens, and with -y alone by the paths.
  for (const char* name : {"follow.strace", "epoch-y.strace", "memory-y.strace"}) {
    std::map<spec::FileClass, int> classes;
    for (const spec::Step& step : imported(name).trace.sequence) {
      if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) ++classes[mmap->file.cls];
    }
    EXPECT_EQ(classes[spec::FileClass::kMemfd], 2) << name;
    EXPECT_EQ(classes[spec::FileClass::kZero], 1) << name;
    EXPECT_GE(classes[spec::FileClass::kFileReadOnly], 6) << name;
  }
}

}  // namespace
}  // namespace vmadiff::intake
