// kernel: what happens between fork and exec, in the child that becomes an agent.
#pragma once

#include <cstdint>
#include <span>

namespace vmadiff::kernel {

/// A descriptor of the parent, at or above kDescriptorEnd, and its number in the agent.
struct Inherited {
  int from;
  int to;
};

/// Makes only calls that are safe after fork in a program with threads. The agent gets an address
/// space without randomisation, in its parent's direction, the default stack limit (mmap_base
/// depends on it), no other limits, no descriptors but those named, no signals from the terminal,
/// and dies with its parent. On failure writes the errno and exits.
[[noreturn]] void become_agent(int parent, int executable, std::span<const Inherited> inherited,
                               std::int32_t& failed_with);

}  // namespace vmadiff::kernel
