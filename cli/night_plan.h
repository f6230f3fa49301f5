// cli: the plan of a night: each stage, its words and its share of the budget. Whoever wants to
// know what a night does reads the table in night_plan.cc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nightly/stage.h"

namespace vmadiff::cli {

/// Where a night finds what it runs. What is not there is empty.
struct NightTools {
  std::filesystem::path program;  ///< this one
  std::filesystem::path state;
  std::filesystem::path corpus;
  std::filesystem::path fuzzers;     ///< directory
  std::filesystem::path suites;      ///< program
  std::filesystem::path dictionary;  ///< of fuzz_trace
  std::vector<std::string> kernels;  ///< that were fetched
  std::vector<std::string> trees;
};

[[nodiscard]] std::vector<nightly::Stage> night_plan(const NightTools& tools);

}  // namespace vmadiff::cli
