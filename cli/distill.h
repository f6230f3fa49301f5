// cli: distill keeps of many sequences the few that meet all the behaviours, and all the meetings
// of calls, that they meet together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "process/exit_status.h"

namespace vmadiff::cli {

struct DistillOptions {
  std::vector<std::string> from;  ///< traces, fuzzers' inputs, or directories with either
  std::string out;                ///< directory for the traces that are kept
  std::string profile;            ///< empty: the default
  // Sequences that are generated besides: exactly one of the two, or none.
  std::string time;
  std::optional<std::uint64_t> operations;
  std::optional<std::uint64_t> seed;
};

[[nodiscard]] process::ExitStatus distill(const DistillOptions& options);

}  // namespace vmadiff::cli
