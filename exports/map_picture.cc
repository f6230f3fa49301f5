// exports: drawing address spaces.
#include "exports/map_picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmadiff::exports {
namespace {

using spec::Range;

constexpr spec::Address kGap = 16 * spec::kPageSize;
constexpr std::size_t kLabel = 9;  ///< columns that a row's label takes

/// The ranges in which something is mapped in any row, those that are near to each other as one.
std::vector<Range> groups_of(const std::vector<MapRow>& rows) {
  std::vector<Range> ranges;
  for (const MapRow& row : rows) {
    for (const spec::Vma& vma : *row.vmas) ranges.push_back(vma.range());
  }
  std::ranges::sort(ranges, {}, &Range::start);
  std::vector<Range> out;
  for (const Range& range : ranges) {
    if (!out.empty() && range.start <= out.back().end + kGap) {
      out.back().end = std::max(out.back().end, range.end);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

/// Pages that a column stands for: a power of two.
std::uint64_t scale_of(const Range& group, std::size_t columns) {
  const std::uint64_t pages = group.size() >> spec::kPageShift;
  std::uint64_t scale = 1;
  while ((pages + scale - 1) / scale > columns) scale *= 2;
  return scale;
}

std::string ruler(std::size_t width, std::uint64_t scale) {
  std::string out;
  while (out.size() < width) out += fmt::format("{:<10}", out.size() * scale);
  out.resize(std::min(out.size(), width));
  return out.substr(0, out.find_last_not_of(' ') + 1);
}

std::string drawn(const MapRow& row, const Range& group, std::uint64_t scale) {
  const auto bytes = scale << spec::kPageShift;
  std::string out((group.size() + bytes - 1) / bytes, '.');
  std::size_t letter = 0;
  for (const spec::Vma& vma : *row.vmas) {
    if (!vma.range().overlaps(group)) {
      ++letter;
      continue;
    }
    const auto first = (vma.start - group.start) / bytes;
    const auto last = (vma.end - 1 - group.start) / bytes;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(first),
              out.begin() + static_cast<std::ptrdiff_t>(last) + 1,
              static_cast<char>('A' + letter++ % 26));
  }
  return out;
}

}  // namespace

std::string map_picture(const std::vector<MapRow>& rows, std::size_t columns) {
  std::string out;
  for (const Range& group : groups_of(rows)) {
    const auto scale = scale_of(group, columns - kLabel);
    const auto width = drawn(rows.front(), group, scale).size();
    out += fmt::format("{}pages from {:#x}{}\n", out.empty() ? "" : "\n", group.start,
                       scale == 1 ? "" : fmt::format(", {} in a column", scale));
    out += fmt::format("{:{}}{}\n", "", kLabel, ruler(width, scale));
    for (const MapRow& row : rows)
      out += fmt::format("{:<{}}{}\n", row.label, kLabel, drawn(row, group, scale));
  }
  return out;
}

}  // namespace vmadiff::exports
