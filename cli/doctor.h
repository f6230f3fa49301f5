// cli: the doctor command: what this machine, or a guest, is to a comparison, on one screen.
#pragma once

#include <string>

#include "cli/exit_status.h"
#include "cli/systems.h"

namespace vmadiff::cli {

struct DoctorOptions {
  GuestChoice guest;  ///< a guest is looked at, too, where it names a kernel
};

/// Status 0 where every real kernel that was looked at can be compared with the models, else 3.
[[nodiscard]] ExitStatus doctor(const DoctorOptions& options);

}  // namespace vmadiff::cli
