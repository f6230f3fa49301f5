// process: a child process that dies with its parent, and waiting for it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace vmadiff::process {

/// Forks; the child runs `body` and ends with what it returns, as its exit status. Returns the
/// child, or a negative number where there can be none.
[[nodiscard]] pid_t start_child(const std::function<int()>& body);

/// The child's wait status, if it ends before `patience` is over, as kernel::Patience counts: a
/// busy machine takes nothing off it.
[[nodiscard]] std::optional<int> wait_for(pid_t child, std::chrono::milliseconds patience);
/// The same, with the machine's time: for who has something else to look after.
[[nodiscard]] std::optional<int> look_for(pid_t child, std::chrono::milliseconds time);
/// Kills the child and takes its wait status.
int kill_child(pid_t child);

/// "SIGSEGV" where a signal ended it, else "exit status 1".
[[nodiscard]] std::string how_it_ended(int wait_status);

}  // namespace vmadiff::process
