// intake: which of strace's calls are looked at, and as what.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace vmadiff::intake {

enum class CallKind : std::uint8_t {
  kMemory,      ///< becomes a call of the trace
  kDescriptor,  ///< opens, doubles or closes a descriptor
  kProcess,     ///< makes, ends or replaces a process
  kNotKept,     ///< changes memory in a way that a trace cannot say
};

/// The names of all that are looked at.
[[nodiscard]] std::vector<std::string_view> known_calls();

/// Nothing for calls that change nothing of these.
[[nodiscard]] std::optional<CallKind> call_kind(std::string_view name);

/// The calls before which a program that is recorded is looked at (record/): all that change which
/// memory is where, and all that make or end an address space.
inline constexpr std::array kWatchedCalls = std::to_array<std::string_view>(
    {"mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "brk", "madvise", "fork", "vfork",
     "clone", "clone3", "execve", "execveat", "exit", "exit_group"});
[[nodiscard]] bool is_watched(std::string_view name);

}  // namespace vmadiff::intake
