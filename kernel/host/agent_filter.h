// kernel: the seccomp filter under which the agent runs sequences.
#pragma once

#include <linux/filter.h>

#include <expected>
#include <span>

#include "spec/system.h"

namespace vmadiff::kernel {

/// A filter that allows the memory calls of spec/syscall.h and what the protocol needs; anything
/// else kills the process, and so does a second mapping of the window. Made once, kept as long as
/// this process. Safe from any thread.
[[nodiscard]] std::expected<std::span<const sock_filter>, spec::ToolFault> agent_filter();

}  // namespace vmadiff::kernel
