// reports/page: how does one look at it? This file: the axis on which all layouts of a story stand.
// It goes from boundary to boundary, not from address to address: a page and a gigabyte both have
// to be seen, and the terabytes between them are nothing to look at.
#pragma once

#include <cstddef>
#include <vector>

#include "reports/page/story.h"
#include "spec/units.h"

namespace vmadiff::reports {

/// The axis's whole length.
inline constexpr std::size_t kAxisLength = 10'000;

struct Axis {
  std::vector<spec::Address> boundaries;  ///< ascending; of all bars
  std::vector<std::size_t> positions;     ///< of each, 0 to kAxisLength
  /// Between this boundary and the next nothing is ever mapped, and more than a few pages.
  std::vector<std::size_t> gaps;

  /// Requires that it is one of the boundaries.
  [[nodiscard]] std::size_t index_of(spec::Address boundary) const;
};

[[nodiscard]] Axis axis_of(const Story& story);

}  // namespace vmadiff::reports
