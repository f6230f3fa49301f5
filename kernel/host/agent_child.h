// kernel: what happens between fork and exec, in the child that becomes an agent.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vmadiff::kernel {

/// A descriptor of the parent, at or above kDescriptorEnd, and its number in the agent.
struct Inherited {
  int from;
  int to;
};

/// What the child does, in this order.
enum class SpawnStep : std::uint8_t {
  kForking,
  kDeathSignal,
  kSignals,
  kLimits,
  kDescriptors,
  kPersonality,
  kExecuting,
};

/// One line: the call of that step, what became of it, and the remedy.
[[nodiscard]] std::string describe(SpawnStep step, std::string_view what);

/// Where the child says how far it came: memory that it shares with its parent.
struct SpawnReport {
  std::uint32_t& step;  ///< a SpawnStep
  std::int32_t& error;  ///< the errno of the step that failed
};

/// Makes a child that becomes the agent, and waits until it is: its pid, or -1 and errno. Until
/// then it runs in the parent's memory, of which no copy is made, and makes only calls that are
/// safe there, in a program with threads. The agent gets an address space without randomisation, in
/// its parent's direction, the default stack limit (mmap_base depends on it), no other limits, no
/// descriptors but those named, no signals from the terminal, a process group of its own, the first
/// place in line where the kernel is out of memory, and dies with its parent. Where a step fails,
/// the child reports it and exits.
[[nodiscard]] int start_agent(int parent, int executable, std::span<const Inherited> inherited,
                              SpawnReport report);

}  // namespace vmadiff::kernel
