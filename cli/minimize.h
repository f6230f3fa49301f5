// cli: minimize makes a trace that shows a finding smaller.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct MinimizeOptions {
  std::string path;
  std::string output;
  std::string systems;     ///< empty: the default
  std::string profile;     ///< empty: the trace's own, else the default
  std::string properties;  ///< empty: all
  systems::KernelChoice chosen;
};

/// kHeld where a smaller (or equal) trace was written; kBadInput where the trace shows no finding.
[[nodiscard]] process::ExitStatus minimize(const MinimizeOptions& options);

}  // namespace vmadiff::cli
