// The maple tree's oracle: the same ranges in a flat map from first key to {last key, value}.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

using Tree = MapleTree<std::uint64_t>;

class MapleTreeOracle {
 public:
  using Key = Tree::Key;

  void store(Key first, Key last, std::uint64_t value) {
    std::vector<Tree::Entry> kept;
    for (const auto& [start, range] : ranges_) {
      if (start > last || range.last < first) {
        kept.push_back({start, range.last, range.value});
        continue;
      }
      if (start < first) kept.push_back({start, first - 1, range.value});
      if (range.last > last) kept.push_back({last + 1, range.last, range.value});
    }
    if (value != 0) kept.push_back({first, last, value});
    std::sort(kept.begin(), kept.end(), [](auto& a, auto& b) { return a.first < b.first; });
    ranges_.clear();
    for (const auto& e : kept) ranges_.emplace_hint(ranges_.end(), e.first, Range{e.last, e.value});
  }

  [[nodiscard]] std::vector<Tree::Entry> entries() const {
    std::vector<Tree::Entry> all;
    for (const auto& [start, range] : ranges_) all.push_back({start, range.last, range.value});
    return all;
  }

  /// Closed gaps, ascending.
  [[nodiscard]] std::vector<Tree::Entry> gaps() const {
    std::vector<Tree::Entry> all;
    Key from = 0;
    for (const auto& [start, range] : ranges_) {
      if (start > from) all.push_back({from, start - 1, 0});
      if (range.last == Tree::kKeyMax) return all;
      from = range.last + 1;
    }
    all.push_back({from, Tree::kKeyMax, 0});
    return all;
  }

  [[nodiscard]] std::optional<Key> empty_area(Key low, Key high, Key size, bool lowest) const {
    std::optional<Key> found;
    if (size == 0 || high <= low) return found;
    for (const auto& gap : gaps()) {
      const Key start = std::max(gap.first, low);
      const Key stop = std::min(gap.last, high - 1);
      if (start > stop || stop - start < size - 1) continue;
      if (lowest && found) continue;
      found = lowest ? start : stop - (size - 1);
    }
    return found;
  }

 private:
  struct Range {
    Key last;
    std::uint64_t value;
  };
  boost::container::flat_map<Key, Range> ranges_;
};

[[nodiscard]] inline std::vector<Tree::Entry> entries_of(const Tree& tree) {
  std::vector<Tree::Entry> all;
  for (const auto& entry : tree) all.push_back(entry);
  return all;
}

}  // namespace vmadiff::impl
