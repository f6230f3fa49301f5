// cli: diff says what changed between two real kernels: each difference once, small, and by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct DiffOptions {
  std::string a;
  std::string b;
  std::string time;  ///< "60s"; empty with `operations` or `sequences`, or for the default
  std::optional<std::uint64_t> operations;
  std::optional<std::uint64_t> sequences;
  std::optional<std::uint64_t> seed;
  std::string expected;  ///< a file of differences that are no findings; empty: none
  std::string out = "findings";
  systems::KernelChoice chosen;
};

/// kFinding where a group of differences is not expected.
[[nodiscard]] process::ExitStatus diff(const DiffOptions& options);

}  // namespace vmadiff::cli
