// tests/cli: the traces that say what Linux' own tests assert, under every profile, on model and
// implementation: each holds under the profiles that it names and under no other, and stands in the
// table.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/end_check.h"
#include "cli/trace_file.h"
#include "cli/verdict.h"
#include "compare/recording.h"
#include "spec/kernel_profile.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

const std::string kRoot = std::string{VMADIFF_SOURCE_DIR};

std::vector<TraceFile> traces() {
  std::vector<TraceFile> files;
  for (const std::string& path : find_traces({kRoot + "/corpus/selftests"}).value()) {
    files.push_back(read_trace(path).value());
  }
  return files;
}

/// The first result or number of VMAs that is not as written.
std::optional<std::string> broken(const TraceFile& file, const char* name,
                                  const spec::KernelProfile& profile) {
  const auto system = systems::make_system(name, profile).value();
  const auto recording = compare::record(*system, setup_of(file, spec::Setup::standard()),
                                         file.trace.sequence, compare::Snapshots::kAtEnd)
                             .value();
  for (std::size_t i = 0; i < recording.outcomes.size(); ++i) {
    const auto& expected = file.trace.sequence[i].expected;
    if (expected && *expected != recording.outcomes[i]) {
      return "line " + std::to_string(file.trace.lines[i]) + " gave " + text(recording.outcomes[i]);
    }
  }
  if (auto count = broken_vma_count(file, recording, profile.name)) return count;
  const auto ends = broken_ends(file, recording, profile.name);
  return ends.empty() ? std::nullopt : std::optional{ends.front()};
}

/// A claim of how the releases differ is one on both sides: where a trace begins to hold, and that
/// it did not before.
TEST(Selftests, HoldUnderTheProfilesThatTheyNameAndUnderNoOther) {
  const auto files = traces();
  EXPECT_GT(files.size(), 190U);
  std::size_t held = 0;
  for (const TraceFile& file : files) {
    for (const spec::KernelProfile& profile : spec::profiles()) {
      for (const char* name : {"model", "impl"}) {
        const auto what = broken(file, name, profile);
        EXPECT_EQ(!what, is_as_written(file, profile))
            << file.path << ", " << profile.name << ", " << name << ": " << what.value_or("holds");
        held += what ? 0 : 1;
      }
    }
  }
  EXPECT_GT(held, 3000U);
}

TEST(Selftests, StandInTheTable) {
  std::ifstream page{kRoot + "/docs/selftests.md"};
  const std::string table{std::istreambuf_iterator<char>{page}, {}};
  std::set<std::string> linked;
  const std::string before = "(../corpus/selftests/";
  for (auto at = table.find(before); at != std::string::npos; at = table.find(before, at)) {
    at += before.size();
    linked.insert(table.substr(at, table.find(')', at) - at));
  }
  std::set<std::string> there;
  for (const TraceFile& file : traces()) {
    const auto name = std::filesystem::path{file.path}.filename().string();
    there.insert(name);
    // The row has the trace's own words for where it holds.
    const auto row_end = table.find('\n', table.find(before + name));
    const auto row_begin = table.rfind('\n', row_end - 1);
    ASSERT_NE(row_end, std::string::npos) << name;
    const std::string row = table.substr(row_begin, row_end - row_begin);
    std::ifstream trace{file.path};
    std::string holds = "all";
    for (std::string line; std::getline(trace, line);) {
      if (line.starts_with("# holds: ")) holds = line.substr(9);
    }
    EXPECT_NE(row.find("| " + holds + " |"), std::string::npos) << name << ": " << holds;
  }
  EXPECT_EQ(linked, there);
}

}  // namespace
}  // namespace vmadiff::cli
