// cli: show makes a page of traces, or of findings that check has written, and opens it.
#pragma once

#include <string>
#include <vector>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct ShowOptions {
  std::vector<std::string> paths;  ///< traces, findings' JSON, directories of either
  std::string out;                 ///< the page's file; empty: a new one among temporary files
  std::string systems;             ///< empty: the default
  std::string profile;             ///< empty: the trace's own, else the default
  bool open = true;
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus show(const ShowOptions& options);

}  // namespace vmadiff::cli
