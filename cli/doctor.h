// cli: the doctor command: what this machine, or a guest, is to a comparison, on one screen.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct DoctorOptions {
  systems::KernelChoice chosen;  ///< a guest is looked at, too, where it names a kernel
};

/// Status 0 where every real kernel that was looked at can be compared with the models, else 3.
[[nodiscard]] process::ExitStatus doctor(const DoctorOptions& options);

}  // namespace vmadiff::cli
