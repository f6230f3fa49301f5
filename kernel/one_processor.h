// kernel: keeps two who never run at the same time on one processor.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace vmadiff::kernel {

/// A thread and a process that wait for each other in turn are woken sooner where nobody else has
/// to be: on one processor. The scheduler would wake each on another one, which sleeps. So both are
/// bound to one, and now and then are let go for a turn, so that they end up on one that is free.
///
/// It belongs to the thread that made it; what that thread may use is restored with its end. Where
/// binding is refused, all is as it would be without. Children inherit it: leave_one_processor().
class OneProcessor {
 public:
  OneProcessor();
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;
  ~OneProcessor();

  /// To be called before each turn of the process.
  void before_turn(pid_t process);

 private:
  void bind(pid_t process);
  void let_go(pid_t process);

  std::optional<cpu_set_t> own_;  ///< what the thread may use otherwise
  pid_t process_ = 0;             ///< that is bound; 0: nobody is
  std::uint32_t turns_ = 0;       ///< since it was let go
};

/// In a child, before it becomes another program: it may use what its parent could before any
/// thread of that was bound. Safe between fork and exec.
void leave_one_processor();

}  // namespace vmadiff::kernel
