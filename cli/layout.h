// cli: layout prints the VMAs that a trace leaves behind.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "spec/sequence.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct LayoutOptions {
  std::string path;
  std::string system = "model";
  std::string profile;  ///< empty: the trace's own, else the default
  spec::ProcessId process = 0;
  bool all = false;  ///< also what was mapped before the trace began
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus layout(const LayoutOptions& options);

}  // namespace vmadiff::cli
