// kernel/tree: the unit tests that a tree has of its own for its VMAs, tools/testing/vma: built
// outside the tree as its Makefile says, and run. They compile mm/vma.c with stubs of their own.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/tree/coverage.h"
#include "spec/system.h"

namespace vmadiff::kernel {

struct OwnTests {
  unsigned count = 0;
  unsigned passed = 0;
  std::vector<std::string> failed;     ///< by name
  std::vector<FileCoverage> coverage;  ///< of the files that they compile, where asked for
};

enum class CountCoverage : bool { kNo, kYes };

/// A fault says in one line why they cannot be built or run.
[[nodiscard]] std::expected<OwnTests, spec::ToolFault> run_own_tests(
    const std::filesystem::path& tree, CountCoverage coverage = CountCoverage::kNo);

/// "26 of 26", or with those that failed: "24 of 26: simple_merge, copy_vma failed".
[[nodiscard]] std::string text(const OwnTests& tests);

/// What the tests' program said. A fault where it ended before it said how many there are.
[[nodiscard]] std::expected<OwnTests, std::string> own_tests_in(std::string_view output,
                                                                std::string_view errors);

}  // namespace vmadiff::kernel
