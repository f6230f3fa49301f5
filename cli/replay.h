// cli: replay runs traces: it asserts the results that they state, compares the systems at each
// step, and checks the invariants.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/systems.h"

namespace vmadiff::cli {

struct ReplayOptions {
  std::vector<std::string> paths;
  std::string systems;  ///< empty: the default
  std::string profile;  ///< empty: the trace's own, else the default
  bool verbose = false;
  GuestChoice guest;
};

[[nodiscard]] ExitStatus replay(const ReplayOptions& options);

}  // namespace vmadiff::cli
