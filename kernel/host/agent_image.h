// kernel: the agent's executable, carried inside the library.
#pragma once

#include <expected>
#include <span>

#include "kernel/descriptor.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// The ELF file, as it was linked.
[[nodiscard]] std::span<const char> agent_image();

/// A descriptor that can be executed (execveat, AT_EMPTY_PATH). A fault where the machine forbids
/// executable memfds (vm.memfd_noexec=2).
[[nodiscard]] std::expected<Descriptor, spec::ToolFault> executable_agent();

}  // namespace vmadiff::kernel
