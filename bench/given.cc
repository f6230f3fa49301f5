// bench: how fast? This file: makes up ranges and questions.
#include "bench/given.h"

#include <random>

namespace vmadiff::bench {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = 0x10000;
constexpr unsigned kGapSizes = 12;  ///< powers of two, in pages

}  // namespace

Given given(std::size_t count) {
  std::mt19937_64 random{kSeed};
  const auto below = [&](std::uint64_t n) { return random() % n; };
  Given out;
  std::uint64_t first = kBase;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t last = first + (2 + below(14)) * kPage - 1;
    out.ranges.push_back({first, last, 0x10000 + 64 * i});
    // Each size of gap is half as frequent as the one before.
    unsigned halvings = 0;
    while (halvings < kGapSizes && below(2) == 0) ++halvings;
    first = last + 1 + (below(2) == 0 ? kPage << halvings : 0);
  }
  const std::uint64_t end = first;
  for (std::size_t i = 0; i < kAsked; ++i) {
    const std::size_t at = below(count);
    const PeerRange& range = out.ranges[at];
    out.touched.push_back(range);
    const std::uint64_t behind = at + 1 < count ? out.ranges[at + 1].first : end + kPage;
    const bool hit = below(10) != 0 || behind == range.last + 1;
    out.keys.push_back(hit ? range.first + below(range.last - range.first + 1)
                           : range.last + 1 + below(behind - range.last - 1));
    const std::uint64_t size = kPage << below(kGapSizes);
    out.windows_up.push_back({range.first, end + (std::uint64_t{1} << 40), size});
    out.windows_down.push_back({kPage, range.last + 1, size});
  }
  return out;
}

}  // namespace vmadiff::bench
