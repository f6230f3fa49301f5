// reports/page: how does one look at it? This file: how numbers went over the nights, as a picture
// that needs no script.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::reports {

struct TrendPoint {
  std::string date;
  std::uint64_t value = 0;
};

/// A <figure>: a line from the first to the last point, with the least and the largest value beside
/// it. From 0, so that a small change looks small. Empty where there are no points.
[[nodiscard]] std::string trend_figure(std::string_view title,
                                       const std::vector<TrendPoint>& points);

/// "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace vmadiff::reports
