// tests of the cage: processes that nobody may touch, and what is left of those that were made.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace vmadiff::kernel {

/// Children of this process that wait for nothing, each in a group of its own; they end with the
/// object.
class Strangers {
 public:
  explicit Strangers(std::size_t count);
  ~Strangers();
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;

  /// How many of them live.
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }
  /// One more, whose number is `pid` if that is free (which takes root); false where it is another.
  bool add_with(pid_t pid);

 private:
  std::vector<pid_t> pids_;
};

/// Whether the process is a child of this one that was not waited for: its number is taken.
[[nodiscard]] bool is_child(pid_t pid);

/// Children of this process, those that have ended but were not waited for too.
[[nodiscard]] std::size_t child_count();

}  // namespace vmadiff::kernel
