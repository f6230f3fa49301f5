// kernel/tree: a view of links in which the tests' directory is a real one, so that what their
// Makefile makes beside them is made there.
#include "kernel/tree/own_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <sstream>
#include <system_error>
#include <utility>

#include "kernel/failed.h"
#include "kernel/store/command.h"
#include "kernel/store/place.h"
#include "kernel/tree/source.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr std::string_view kTests = "tools/testing/vma";
constexpr std::array<std::string_view, 3> kAskedFor{"tools/testing/vma/Makefile",
                                                    "tools/scripts/Makefile.arch", "mm/vma.c"};
/// Tests that hang are a tree's own affair, and told as such.
constexpr std::chrono::seconds kOwnTestsPatience{60};

/// Object and source of what they compile.
constexpr std::array kTestedFiles{
    std::array<std::string_view, 2>{"main", "mm/vma.c"},
    std::array<std::string_view, 2>{"maple-shim", "lib/maple_tree.c"},
};

/// What the Makefile makes in the directory of the tests: where somebody has built them in the
/// tree, a link to it would be written through.
bool is_made(std::string_view name) {
  constexpr std::array<std::string_view, 4> kMade{"generated", "vma", "radix-tree.c", "idr.c"};
  return std::ranges::find(kMade, name) != kMade.end() || name.ends_with(".o") ||
         name.ends_with(".gcno") || name.ends_with(".gcda");
}

/// The tests' directory in a view of the tree.
std::expected<fs::path, ToolFault> view_of(const fs::path& tree, const fs::path& directory) {
  const auto view = directory / "view";
  const auto linked = [&](std::string_view below, auto is_left_out) {
    return link_entries(tree / below, view / below, is_left_out);
  };
  const auto is = [](std::string_view left_out) {
    return [left_out](std::string_view name) { return name == left_out; };
  };
  if (auto done = linked("", is("tools")); !done) return std::unexpected(done.error());
  if (auto done = linked("tools", is("testing")); !done) return std::unexpected(done.error());
  if (auto done = linked("tools/testing", is("vma")); !done) return std::unexpected(done.error());
  if (auto done = linked(kTests, is_made); !done) return std::unexpected(done.error());
  return view / kTests;
}

unsigned number_before(std::string_view text, std::string_view word) {
  const auto end = text.find(word);
  if (end == std::string_view::npos) return 0;
  auto begin = end;
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  unsigned number = 0;
  std::from_chars(text.data() + begin, text.data() + end, number);
  return number;
}

std::expected<std::vector<FileCoverage>, ToolFault> covered(const fs::path& tests) {
  std::vector<FileCoverage> rows;
  for (const auto& [object, file] : kTestedFiles) {
    // Run beside them: sources are named from there.
    const auto row = coverage_of(tests / fmt::format("{}.gcda", object), file, tests);
    if (!row) return std::unexpected(row.error());
    if (row->has_value()) rows.push_back(**row);
  }
  return rows;
}

}  // namespace

std::expected<OwnTests, std::string> own_tests_in(std::string_view output,
                                                  std::string_view errors) {
  OwnTests tests{.count = number_before(output, " tests run"),
                 .passed = number_before(output, " passed"),
                 .failed = {},
                 .coverage = {}};
  std::istringstream lines{std::string{errors}};
  constexpr std::string_view kBefore = "Test ";
  constexpr std::string_view kAfter = " FAILED";
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kBefore) && line.ends_with(kAfter)) {
      tests.failed.push_back(
          line.substr(kBefore.size(), line.size() - kBefore.size() - kAfter.size()));
    }
    if (line.contains("Sanitizer: ")) first = line;
  }
  if (tests.count != 0) return tests;
  return std::unexpected(first.empty() ? "they ended before they said how many passed" : first);
}

std::expected<OwnTests, ToolFault> run_own_tests(const fs::path& tree, CountCoverage coverage) {
  const auto path = path_of_tree(tree);
  if (!path) return std::unexpected(path.error());
  const TreeSource source{*path};
  for (const auto& file : kAskedFor) {
    if (!source.has(file)) {
      return failed(*path,
                    fmt::format("{}: not there, and the tree's own unit tests need it", file));
    }
  }
  const bool counts = coverage == CountCoverage::kYes;
  const auto place = take_place(*path, counts ? "-own-tests-coverage" : "-own-tests");
  if (!place) return std::unexpected(place.error());
  const auto tests = view_of(*path, place->directory);
  if (!tests) return std::unexpected(tests.error());
  const auto made =
      run_command({"make", "-s", "-C", tests->string(),
                   fmt::format("EXTRA_CFLAGS=-g0{}", counts ? " --coverage" : ""), "vma"});
  if (!made) return std::unexpected(made.error());
  if (made->status != 0) {
    const bool lacks_urcu = made->errors.contains("urcu");
    return failed(*tests, fmt::format("{}{}", first_error(made->errors),
                                      lacks_urcu ? " (apt-get install liburcu-dev)" : ""));
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{*tests, error}) {
    if (entry.path().extension() == ".gcda") fs::remove(entry.path(), error);
  }
  const auto end = std::chrono::steady_clock::now() + kOwnTestsPatience;
  const auto ran = run_command(
      {(*tests / "vma").string()}, tests->string(),
      {.on_line = {}, .interrupted = [end] { return std::chrono::steady_clock::now() > end; }});
  if (!ran) return std::unexpected(ran.error());
  auto said = own_tests_in(ran->output, ran->errors);
  if (!said) return failed(*tests / "vma", fmt::format("status {}: {}", ran->status, said.error()));
  // All passed, and something is wrong: a leak, that a sanitizer tells at the end.
  if (said->passed == said->count && ran->status != 0)
    return failed(*tests / "vma",
                  fmt::format("status {}: {}", ran->status, first_error(ran->errors)));
  if (counts) {
    auto rows = covered(*tests);
    if (!rows) return std::unexpected(rows.error());
    said->coverage = *std::move(rows);
  }
  return *std::move(said);
}

std::string text(const OwnTests& tests) {
  return fmt::format(
      "{} of {}{}", tests.passed, tests.count,
      tests.failed.empty() ? "" : fmt::format(": {} failed", fmt::join(tests.failed, ", ")));
}

}  // namespace vmadiff::kernel
