// kernel: the resource limits of this process itself, as far as agents need room.
#pragma once

#include <optional>

#include "spec/system.h"

namespace vmadiff::kernel {

/// Raises the soft limits on open files and on the size of files, where they are too low for agents
/// and the hard ones allow it. Else says what would have to change.
[[nodiscard]] std::optional<spec::ToolFault> make_room();

}  // namespace vmadiff::kernel
