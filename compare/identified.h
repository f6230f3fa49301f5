// compare: real kernels by what they were found to be. Each is asked once in a process.
#pragma once

#include <expected>
#include <string>

#include "compare/identity.h"
#include "spec/system.h"

namespace vmadiff::compare {

/// Which behaviours the kernel of that system has. Requires that the system is a real one and can
/// run. To be called by the main thread. The identity lives as long as the process.
[[nodiscard]] std::expected<const Identity*, spec::ToolFault> identity_of(
    const std::string& system);

}  // namespace vmadiff::compare
