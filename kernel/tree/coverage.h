// kernel/tree: how much of a tree's code was run, by gcov.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

struct FileCoverage {
  std::string file;  ///< "mm/vma.c"
  double lines = 0;  ///< per cent of those with code
  unsigned line_count = 0;
  double branches = 0;  ///< per cent of those that were taken at least once
  unsigned branch_count = 0;
};

/// Forgets what was counted in what build_tree() has made with coverage.
void forget_coverage(const std::filesystem::path& object);

/// What was counted since, of the files that decide about VMAs. The annotated sources are written
/// into `into`.
[[nodiscard]] std::expected<std::vector<FileCoverage>, spec::ToolFault> read_coverage(
    const std::filesystem::path& object, const std::filesystem::path& into);

/// The same of one file, by the counters of its object; nothing where they are not there, or of
/// other files. gcov is run in `into`, and writes there.
[[nodiscard]] std::expected<std::optional<FileCoverage>, spec::ToolFault> coverage_of(
    const std::filesystem::path& counters, std::string_view file,
    const std::filesystem::path& into);

/// The two numbers of "Lines executed:85.31% of 1200" behind `what`; nothing where it is not there.
struct Share {
  double percent = 0;
  unsigned count = 0;
};
[[nodiscard]] Share share_in(std::string_view text, std::string_view what);

}  // namespace vmadiff::kernel
