// tests of exports: many C programs compiled as one. All that differs between two of them are their
// tables, so that one compilation of what they share, and of all tables, runs them all.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vmadiff::tests {

/// What one of the programs came to.
struct ProgramRun {
  int status = -1;
  std::string out;
};

/// A C program that runs each of `programs` (texts of reports::c_program) in a child, the output of
/// the i-th into the file i of the present directory, and prints a status for each.
[[nodiscard]] std::string combined(const std::vector<std::string>& programs);

/// Compiles it with the words, and runs it. A compiler that complains fails the test.
[[nodiscard]] std::vector<ProgramRun> compile_and_run_all(const std::vector<std::string>& programs,
                                                          const std::string& compiler);

}  // namespace vmadiff::tests
