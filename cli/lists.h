// cli: profiles and systems: what there is to choose from.
#pragma once

#include "process/exit_status.h"

namespace vmadiff::cli {

process::ExitStatus list_profiles();
process::ExitStatus list_systems();

}  // namespace vmadiff::cli
