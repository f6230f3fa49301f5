// cli: the doctor command: what this machine, a guest or a source tree is to a comparison, on one
// screen.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct DoctorOptions {
  /// A guest and a tree are looked at, too, where it names them.
  systems::KernelChoice chosen;
};

/// Status 0 where every real kernel that was looked at can be compared with the models, else 3.
[[nodiscard]] process::ExitStatus doctor(const DoctorOptions& options);

}  // namespace vmadiff::cli
