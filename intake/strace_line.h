// intake: one line of what strace prints, whatever options it was given: the marks in front of it
// (pid, time, number of the call, instruction pointer), and what kind of line it is. Knows no call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmadiff::intake {

/// The number of a task as strace prints it. 0: the line has none.
using Pid = std::uint32_t;

struct StraceLine {
  enum class Kind : std::uint8_t {
    kCall,        ///< text: "NAME(ARGUMENTS) = RESULT"
    kUnfinished,  ///< text: "NAME(ARGUMENTS so far"
    kResumed,     ///< text: what follows "<... NAME resumed>"; name: NAME
    kExit,        ///< "+++ exited with N +++", "+++ killed by SIG +++"
    kSuperseded,  ///< "+++ superseded by execve in pid N +++"; other: N
    kAttached,    ///< "strace: Process N attached"; other: N
    kOtherBits,   ///< "[ Process PID=N runs in 32 bit mode. ]"
    kNote,        ///< signals, call stacks, strace's own words
    kNone,        ///< nothing that strace prints
  };
  Kind kind = Kind::kNone;
  Pid pid = 0;
  /// Microseconds, where the line has a time of day or of the epoch; of `-r` there is none.
  std::optional<std::uint64_t> time;
  std::string_view text;
  std::string_view name;
  Pid other = 0;
};

/// Total: every line is of some kind. The views are into `line`.
[[nodiscard]] StraceLine read_strace_line(std::string_view line);

/// Where strace's own words ("strace: Process N attached") begin in the middle of a line, as they
/// do on a terminal; npos where they do not.
[[nodiscard]] std::size_t interruption_in(std::string_view line);

}  // namespace vmadiff::intake
