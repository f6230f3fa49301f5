// cli: export c writes a trace as a C program.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct ExportCOptions {
  std::string path;
  std::string output;
  std::string system = "model";
  std::string profile;  ///< empty: the trace's own, else the default
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus export_c(const ExportCOptions& options);

}  // namespace vmadiff::cli
