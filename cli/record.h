// cli: record runs a program under strace, makes a trace of it, and holds the VMAs that it had at
// its end against those that the systems end in.
#pragma once

#include <string>
#include <vector>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct RecordOptions {
  std::vector<std::string> program;  ///< with its arguments
  std::string output;                ///< of the trace; empty: none is written
  std::string systems;               ///< empty: the default
  std::string profile;               ///< empty: the host's own
  systems::KernelChoice chosen;
};

/// kFinding where a VMA is not as predicted.
[[nodiscard]] process::ExitStatus record_program(const RecordOptions& options);

}  // namespace vmadiff::cli
