// cli: profiles and systems: what there is to choose from.
#pragma once

#include "process/exit_status.h"

namespace vmadiff::cli {

/// With `history`: each release as what changed since the one before it.
process::ExitStatus list_profiles(bool history);
process::ExitStatus list_systems();

}  // namespace vmadiff::cli
