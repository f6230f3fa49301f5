// bench: how fast? This file: what the peers are given: ranges as VMAs lie in an address space, and
// what is asked of them.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/peer.h"

namespace vmadiff::bench {

struct Given {
  std::vector<PeerRange> ranges;    ///< ascending; half of them with a gap behind
  std::vector<PeerRange> touched;   ///< of these, in random order
  std::vector<std::uint64_t> keys;  ///< nine of ten lie in a range
  std::vector<PeerWindow> windows_up;
  std::vector<PeerWindow> windows_down;
};

/// So many that those of a large tree do not stay in the processor's nearest caches.
inline constexpr std::size_t kAsked = 65'536;

/// The same for the same count.
[[nodiscard]] Given given(std::size_t count);

}  // namespace vmadiff::bench
