// cli: identify says which behaviours real kernels have, and which profile is theirs.
#pragma once

#include <string>

#include "cli/exit_status.h"
#include "cli/systems.h"

namespace vmadiff::cli {

struct IdentifyOptions {
  std::string systems = "host";
  bool verbose = false;  ///< with the deciding traces
  GuestChoice guest;
};

[[nodiscard]] ExitStatus identify(const IdentifyOptions& options);

}  // namespace vmadiff::cli
