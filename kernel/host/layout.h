// kernel: the direction in which mappings are placed, which a process inherits.
#pragma once

namespace vmadiff::kernel {

/// Whether this process was started with the personality ADDR_COMPAT_LAYOUT (`setarch -L`), and so
/// has its mappings placed from the bottom upwards. The agent then has it too.
[[nodiscard]] bool has_legacy_layout();

/// Gives this process, and those that it makes from now on, the personality.
void take_legacy_layout();

}  // namespace vmadiff::kernel
