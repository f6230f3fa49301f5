// campaign: what each thread of a campaign is at, in memory that outlives the process: where a
// system in this process crashes or hangs, the supervisor reads here which sequences were being
// run.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmadiff::campaign {

/// One thread's sequence, by what it was generated from.
struct InFlightSlot {
  std::atomic<std::uint64_t> seed{0};    ///< 0: between two sequences
  std::atomic<std::uint64_t> before{0};  ///< the one before it; 0: none
  std::atomic<std::uint64_t> favoured{0};
  std::atomic<bool> favour_madvised{false};
  std::atomic<std::uint64_t> turns{0};  ///< moves as long as the thread does
  std::atomic<int> thread{0};           ///< its number in the kernel; 0: it has not begun

  void begin(std::uint64_t sequence_seed, std::uint64_t favoured_calls, bool madvised) {
    favoured.store(favoured_calls, std::memory_order_relaxed);
    favour_madvised.store(madvised, std::memory_order_relaxed);
    turns.fetch_add(1, std::memory_order_relaxed);
    before.store(last_, std::memory_order_relaxed);
    last_ = sequence_seed;
    seed.store(sequence_seed, std::memory_order_release);
  }
  void end() {
    before.store(last_, std::memory_order_relaxed);
    seed.store(0, std::memory_order_release);
  }

 private:
  std::uint64_t last_ = 0;
};

inline constexpr std::size_t kJobsMax = 256;

/// The first slot is that of the thread that settles findings, the others those of the workers.
struct InFlight {
  std::array<InFlightSlot, 1 + kJobsMax> slots;
  std::atomic<bool> ended{false};  ///< the run came to its own end
};

}  // namespace vmadiff::campaign
