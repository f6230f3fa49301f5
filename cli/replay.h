// cli: replay runs traces: it asserts the results that they state, compares the systems at each
// step, and checks the invariants.
#pragma once

#include <string>
#include <vector>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct ReplayOptions {
  std::vector<std::string> paths;
  std::string systems;  ///< empty: the default
  std::string profile;  ///< empty: the trace's own, else the default
  bool verbose = false;
  bool update = false;  ///< write what the traces end with into them
  // How it is said; text where neither is set.
  bool json = false;  ///< one object a line
  bool ktap = false;
  std::string junit;  ///< besides: the file where JUnit XML goes, or empty
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus replay(const ReplayOptions& options);

}  // namespace vmadiff::cli
