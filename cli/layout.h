// cli: layout prints the VMAs that a trace leaves behind.
#pragma once

#include <string>

#include "cli/exit_status.h"
#include "cli/systems.h"

namespace vmadiff::cli {

struct LayoutOptions {
  std::string path;
  std::string system = "model";
  std::string profile;  ///< empty: the trace's own, else the default
  bool all = false;     ///< also what was mapped before the trace began
  GuestChoice guest;
};

[[nodiscard]] ExitStatus layout(const LayoutOptions& options);

}  // namespace vmadiff::cli
