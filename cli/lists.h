// cli: profiles and systems: what there is to choose from.
#pragma once

#include "cli/exit_status.h"

namespace vmadiff::cli {

ExitStatus list_profiles();
ExitStatus list_systems();

}  // namespace vmadiff::cli
