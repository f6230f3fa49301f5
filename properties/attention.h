// properties: how much of a long sequence is looked at. Looking at the state after every call takes
// time that grows with the product of calls and VMAs: above a bound the looks are spread evenly
// over the sequence. Counts, not clocks: the same sequence is always looked at in the same places.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmadiff::properties {

/// VMAs that are looked at in one run, each as often as it is. A sequence of 4,000 calls never has
/// so many.
inline constexpr std::uint64_t kVmasLookedAt = std::uint64_t{16} << 20;
/// Where a remote system takes part, which is read through /proc.
inline constexpr std::uint64_t kVmasLookedAtRemotely = std::uint64_t{2} << 20;

/// Longer sequences are asked no relation between two runs, which keeps both of them.
inline constexpr std::size_t kRelationCallsMax = 2048;

class Attention {
 public:
  Attention(std::size_t steps, std::uint64_t vmas_max) : steps_(steps), vmas_max_(vmas_max) {}

  /// Whether the state after that step can be looked at.
  [[nodiscard]] bool affords(std::size_t step) const {
    return spent_ <= vmas_max_ / steps_ * (step + 1) + kAlways;
  }
  void spend(std::size_t vmas) { spent_ += vmas; }

 private:
  /// What every step may cost, however long the sequence is.
  static constexpr std::uint64_t kAlways = 4096;

  std::size_t steps_;
  std::uint64_t vmas_max_;
  std::uint64_t spent_ = 0;
};

}  // namespace vmadiff::properties
