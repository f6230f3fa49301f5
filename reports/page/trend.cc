// reports/page: trends.
#include "reports/page/trend.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/page/markup.h"

namespace vmadiff::reports {
namespace {

// In the units of the picture, which is scaled to its place.
constexpr double kWidth = 320;
constexpr double kHeight = 96;
constexpr double kMargin = 8;

}  // namespace

std::string grouped(std::uint64_t number) {
  auto out = fmt::format("{}", number);
  for (auto at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string trend_figure(std::string_view title, const std::vector<TrendPoint>& points) {
  if (points.empty()) return {};
  const auto largest = std::ranges::max(points, {}, &TrendPoint::value).value;
  const auto x_of = [&](std::size_t i) {
    const auto last = points.size() - 1;
    return last == 0 ? kWidth / 2
                     : kMargin + (kWidth - 2 * kMargin) * static_cast<double>(i) /
                                     static_cast<double>(last);
  };
  const auto y_of = [&](std::uint64_t value) {
    const auto share =
        largest == 0 ? 0.0 : static_cast<double>(value) / static_cast<double>(largest);
    return kHeight - kMargin - (kHeight - 2 * kMargin) * share;
  };
  std::string line;
  std::string dots;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto x = x_of(i);
    const auto y = y_of(points[i].value);
    line += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", x, y);
    dots +=
        fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}: {}</title></circle>", x,
                    y, markup(points[i].date), grouped(points[i].value));
  }
  const auto& newest = points.back();
  return fmt::format(
      "<figure class=\"trend\"><figcaption>{0} <b>{1}</b></figcaption>"
      "<svg viewBox=\"0 0 {2} {3}\" role=\"img\" aria-label=\"{0}: {4} nights, from {5} to {1}, at "
      "most {6}\"><line class=\"base\" x1=\"0\" x2=\"{2}\" y1=\"{7}\" y2=\"{7}\"></line><polyline "
      "points=\"{8}\"></polyline>{9}</svg><div class=\"ends\"><span>{10}</span><span>at most "
      "{6}</span><span>{11}</span></div></figure>\n",
      markup(title), grouped(newest.value), kWidth, kHeight, points.size(),
      grouped(points.front().value), grouped(largest), kHeight - kMargin, line, dots,
      markup(points.front().date), markup(newest.date));
}

}  // namespace vmadiff::reports
