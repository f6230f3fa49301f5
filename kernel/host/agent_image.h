// kernel: the agent's executable, carried inside the library.
#pragma once

#include <expected>
#include <span>

#include "spec/system.h"

namespace vmadiff::kernel {

/// The ELF file, as it was linked.
[[nodiscard]] std::span<const char> agent_image();

/// A descriptor that can be executed (execveat, AT_EMPTY_PATH), at or above kDescriptorEnd: the
/// same one each time, open as long as this process. A fault where the machine forbids executable
/// memfds (vm.memfd_noexec=2). Safe from any thread.
[[nodiscard]] std::expected<int, spec::ToolFault> executable_agent();

}  // namespace vmadiff::kernel
