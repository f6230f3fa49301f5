// reports/page: the axis of a story.
#include "reports/page/axis.h"

#include <algorithm>
#include <bit>

namespace vmadiff::reports {
namespace {

/// As the terminal's picture has it: a hole of more pages parts what hangs together.
constexpr std::uint64_t kHolePages = 16;
/// Of a gap, whatever its size; a page has 4, and each doubling one more.
constexpr std::uint64_t kGapWeight = 3;
constexpr std::uint64_t kPageWeight = 4;

}  // namespace

std::size_t Axis::index_of(spec::Address boundary) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(boundaries, boundary) -
                                  boundaries.begin());
}

Axis axis_of(const Story& story) {
  Axis axis;
  for (const Bar& bar : story.bars) {
    axis.boundaries.push_back(bar.start);
    axis.boundaries.push_back(bar.end);
  }
  std::ranges::sort(axis.boundaries);
  const auto rest = std::ranges::unique(axis.boundaries);
  axis.boundaries.erase(rest.begin(), rest.end());
  if (axis.boundaries.empty()) return axis;

  const std::size_t segments = axis.boundaries.size() - 1;
  // How many bars begin less how many end, at each boundary: their sum is how many are above it.
  std::vector<std::int64_t> change(segments + 1, 0);
  for (const Bar& bar : story.bars) {
    ++change[axis.index_of(bar.start)];
    --change[axis.index_of(bar.end)];
  }
  std::vector<std::uint64_t> weights;
  std::int64_t above = 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < segments; ++i) {
    above += change[i];
    const auto pages = (axis.boundaries[i + 1] - axis.boundaries[i]) >> spec::kPageShift;
    const bool is_gap = above == 0 && pages > kHolePages;
    if (is_gap) axis.gaps.push_back(i);
    weights.push_back(is_gap ? kGapWeight : kPageWeight + std::bit_width(pages));
    sum += weights.back();
  }
  std::uint64_t before = 0;
  axis.positions.push_back(0);
  for (const std::uint64_t weight : weights) {
    before += weight;
    axis.positions.push_back(before * kAxisLength / sum);
  }
  return axis;
}

}  // namespace vmadiff::reports
