// kernel: calls as records for the agent, and its results as outcomes. The one place to teach the
// agent's parent a new call, besides the filter, which must let it through, and given_calls.cc,
// which tries it.
#pragma once

#include <cstdint>

#include "kernel/agent/protocol.h"
#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::kernel {

/// mseal(2): newer than the system headers.
inline constexpr std::uint32_t kSysMseal = 462;

/// F_ADD_SEALS of fcntl(2).
inline constexpr std::uint32_t kAddSeals = 1033;

/// The record that makes the call. `task_size` bounds what a touch may reach, bytes.
[[nodiscard]] Record record_of(const spec::Syscall& call, spec::Address task_size);

/// What the result of that record says.
[[nodiscard]] spec::Outcome outcome_of(const spec::Syscall& call, std::uint64_t result);

/// The number and arguments of a system call, as the agent issues it.
[[nodiscard]] constexpr Record system_call(std::uint64_t number, std::uint64_t a0 = 0,
                                           std::uint64_t a1 = 0, std::uint64_t a2 = 0,
                                           std::uint64_t a3 = 0, std::uint64_t a4 = 0,
                                           std::uint64_t a5 = 0) {
  return {static_cast<std::uint32_t>(number), 0, 0, {a0, a1, a2, a3, a4, a5}, 0};
}

/// The same record, run by that process.
[[nodiscard]] constexpr Record in_process(std::uint32_t process, Record record) {
  record.process = static_cast<std::uint16_t>(process);
  return record;
}

/// The same record, with the result that it must have for the program to go on.
[[nodiscard]] constexpr Record must_give(std::uint64_t expected, Record record) {
  record.must_equal = 1;
  record.expected = expected;
  return record;
}

}  // namespace vmadiff::kernel
