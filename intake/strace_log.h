// intake: strace's output, in one file or one a task (-ff), as calls in the order in which they
// took effect. Calls that others interrupted ("<unfinished ...>", "<... mmap resumed>") are whole
// here.
//
// The order: a call counts where it ended; munmap and the ends of processes where they began, since
// what they free can be given to another task before they are seen to end; a fork no later than the
// first line of its child. Of several files the lines are put in order by their times; without
// times (or with times of each file's own, -r) a child's file is read where it was made, whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "intake/losses.h"
#include "intake/strace_call.h"
#include "intake/strace_line.h"

namespace vmadiff::intake {

/// A file of a log: what it is called in messages, and its text.
struct LogFile {
  std::string name;
  std::string_view text;
};

struct LogEvent {
  enum class Kind : std::uint8_t { kCall, kEnd };
  Kind kind = Kind::kCall;
  Pid pid = 0;  ///< 0: the only task of a log that names none
  Place place;
  StraceCall call;  ///< of kCall
};

struct StraceLog {
  std::vector<LogEvent> events;
  std::size_t lines = 0;          ///< of strace's
  std::size_t calls = 0;          ///< of any kind
  std::size_t calls_skipped = 0;  ///< those that say nothing of memory, files or processes
};

/// The error is one message, with FILE:LINE: a call that is taken and cannot be read, or a log of
/// which no line is strace's. `losses` has what else was no line of strace's.
[[nodiscard]] std::expected<StraceLog, std::string> read_strace_log(
    const std::vector<LogFile>& files, Losses& losses);

/// Whether a call of this name makes a task: fork, vfork, clone, clone3.
[[nodiscard]] bool makes_task(std::string_view name);

}  // namespace vmadiff::intake
