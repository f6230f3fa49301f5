// cli: identify says which behaviours real kernels have, and which profile is theirs.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct IdentifyOptions {
  std::string systems = "host";
  bool verbose = false;  ///< with the deciding traces
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus identify(const IdentifyOptions& options);

}  // namespace vmadiff::cli
