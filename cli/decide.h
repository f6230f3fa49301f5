// cli: decide looks for the traces by which a new behaviour's values can be told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "process/exit_status.h"

namespace vmadiff::cli {

struct DecideOptions {
  std::vector<std::string> behaviours;  ///< by name; empty: all
  std::string out = "corpus/deciding";
  std::optional<std::uint64_t> seed;
  std::uint64_t sequences = 5000;  ///< tried for each two values
};

/// Each trace that is found is written, and carried by the next build.
[[nodiscard]] process::ExitStatus decide(const DecideOptions& options);

}  // namespace vmadiff::cli
