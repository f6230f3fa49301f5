// process: how far a run is, for who shows it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace vmadiff::process {

/// What the status line shows; written by the run, read whenever `tick` is called.
struct Progress {
  std::chrono::steady_clock::time_point start;
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> findings{0};
  /// What real kernels' calls have taken by themselves.
  std::atomic<std::uint64_t> bare_nanoseconds{0};
  /// Of those that can be met; 0 where they are not counted.
  std::atomic<std::uint64_t> behaviours{0};

  /// A thread has met a sequence on which a property does not hold. The first one counts.
  void note_sight() {
    bool unseen = false;
    if (!sighted_.compare_exchange_strong(unseen, true)) return;
    operations_at_sight_ = operations.load(std::memory_order_relaxed);
    time_at_sight_ = std::chrono::steady_clock::now() - start;
    sight_is_written_.store(true, std::memory_order_release);
  }
  /// After how many calls, and after how long, that was; nothing where it never was.
  struct Sight {
    std::uint64_t operations;
    std::chrono::steady_clock::duration time;
  };
  [[nodiscard]] std::optional<Sight> first_sight() const {
    if (!sight_is_written_.load(std::memory_order_acquire)) return std::nullopt;
    return Sight{operations_at_sight_, time_at_sight_};
  }

 private:
  std::atomic<bool> sighted_{false};
  std::atomic<bool> sight_is_written_{false};
  std::uint64_t operations_at_sight_ = 0;
  std::chrono::steady_clock::duration time_at_sight_{};
};

}  // namespace vmadiff::process
