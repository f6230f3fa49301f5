// kernel: the seccomp filter under which the agent runs sequences.
#pragma once

#include <linux/filter.h>

#include <expected>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

/// A filter that allows the memory calls of spec/syscall.h and what the protocol needs; anything
/// else kills the process, and so does a second mapping of the window.
[[nodiscard]] std::expected<std::vector<sock_filter>, spec::ToolFault> agent_filter();

}  // namespace vmadiff::kernel
