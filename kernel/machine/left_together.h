// kernel: what several sequences have left of a machine is looked at once. It knows no machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <expected>
#include <utility>
#include <vector>

#include "kernel/machine/messages.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether a kernel keeps something of a sequence is asked when its memory is gone again, and costs
/// a turn of the agent and a reading of /proc/meminfo. Of sequences that should leave nothing one
/// question does for many: where they have left something all the same, each is run again, and
/// asked about alone. Where that happens, the next ones are asked about alone from the beginning,
/// more of them each time, so that a kernel that loses memory all the time is not run twice.
class LeftTogether {
 public:
  /// A block of `count` sequences, each once, but for those that are run again: first those that
  /// are asked about alone, then the others. `Block` has
  ///   bool leaves_nothing(i): whether a kernel that works keeps nothing of it;
  ///   expected<bool, ToolFault> run(i, waits): runs it, and settles it unless it waits; whether it
  ///     does wait now. One that dies does not;
  ///   expected<Left, ToolFault> settle(): takes away what all that wait have made;
  ///   expected<Left, ToolFault> run_again(i): the same anew, settled, for what it leaves alone;
  ///   Left& left(i): what its answer says; set by `run` where it was settled.
  template <typename Block>
  [[nodiscard]] std::expected<void, spec::ToolFault> run(Block& block, std::size_t count) {
    std::vector<std::size_t> together;
    for (std::size_t i = 0; i < count; ++i) {
      if (alone_ == 0 && block.leaves_nothing(i)) {
        together.push_back(i);
        continue;
      }
      if (alone_ > 0) --alone_;
      if (const auto ran = block.run(i, false); !ran) return std::unexpected(ran.error());
    }
    std::vector<std::size_t> waiting;
    for (const std::size_t i : together) {
      const auto waits = block.run(i, true);
      if (!waits) return std::unexpected(waits.error());
      if (*waits) {
        waiting.push_back(i);
      } else if (auto done = settle(block, waiting); !done) {
        return done;
      }
    }
    return settle(block, waiting);
  }

 private:
  static constexpr std::size_t kCautionMax = 64;

  static bool is_something(const Left& left) { return left.committed.value_or(0) != 0; }

  template <typename Block>
  std::expected<void, spec::ToolFault> settle(Block& block, std::vector<std::size_t>& waiting) {
    const auto these = std::exchange(waiting, {});
    if (these.empty()) return {};
    const auto together = block.settle();
    if (!together) return std::unexpected(together.error());
    for (const std::size_t i : these) block.left(i) = *together;
    if (!is_something(*together)) {
      caution_ = std::max<std::size_t>(1, caution_ / 2);
      return {};
    }
    alone_ = caution_ * these.size();
    caution_ = std::min(kCautionMax, 2 * caution_);
    bool is_seen_again = false;
    for (const std::size_t i : these) {
      const auto again = block.run_again(i);
      if (!again) return std::unexpected(again.error());
      block.left(i) = *again;
      is_seen_again = is_seen_again || is_something(*again);
    }
    // Then whose it is cannot be said. It is not kept back for that.
    if (!is_seen_again) block.left(these.back()) = *together;
    return {};
  }

  std::size_t alone_ = 0;    ///< so many sequences are asked about alone
  std::size_t caution_ = 1;  ///< so many times the group that is run again
};

}  // namespace vmadiff::kernel
