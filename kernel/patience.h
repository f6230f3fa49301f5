// kernel: how long to wait for another process, on a machine of any speed under any load.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace vmadiff::kernel {

/// Counts the time in which a process, or one of its threads, could have made progress: while it
/// wants to run, the CPU time that it gets, be that much or little; while it sleeps, the time
/// between two looks, as far as they came when they were due. So a process that others keep from
/// running is not taken for one that hangs, and a machine that was suspended is not either.
///
/// The process is a child of this one that was not waited for, so that its number is its own.
class Patience {
 public:
  explicit Patience(pid_t process);
  Patience(pid_t process, pid_t thread);

  /// To be called about every `interval`. Where `sleep_counts` is not set, only CPU time does: for
  /// who waits for somebody else, with patience of their own.
  void look(std::chrono::milliseconds interval, bool sleep_counts = true);
  /// Progress was seen: counting begins anew.
  void forget() { spent_ = {}; }
  [[nodiscard]] std::chrono::milliseconds spent() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(spent_);
  }

 private:
  std::string tasks_;   ///< a directory with one entry for each thread; empty: one thread
  std::string thread_;  ///< the stat file of that thread
  std::chrono::nanoseconds cpu_{};
  std::chrono::nanoseconds spent_{};
};

}  // namespace vmadiff::kernel
