// fuzz: can bytes find a counterexample? This file: what a maple tree should hold, as a sorted
// array of ranges. Slow and plain on purpose; knows only the tree's entry type.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::fuzz {

/// Ranges are closed, as the tree's.
class MapleTreeOracle {
 public:
  using Key = std::uint64_t;
  using Entry = impl::MapleTree<std::uint64_t>::Entry;

  struct Range {
    Key last;
    std::uint64_t value;
  };
  using Ranges = boost::container::flat_map<Key, Range>;  ///< from first key

  [[nodiscard]] const Ranges& ranges() const { return ranges_; }
  void clear() { ranges_.clear(); }

  void store(Key first, Key last, std::uint64_t value) {
    const auto from = at_or_behind(first);
    auto to = from;
    std::vector<Entry> stubs;
    for (; to != ranges_.end() && to->first <= last; ++to) {
      if (to->first < first) stubs.push_back({to->first, first - 1, to->second.value});
      if (to->second.last > last) stubs.push_back({last + 1, to->second.last, to->second.value});
    }
    ranges_.erase(from, to);
    if (value != 0) stubs.push_back({first, last, value});
    for (const Entry& stub : stubs) ranges_.emplace(stub.first, Range{stub.last, stub.value});
  }

  /// The lowest entry that overlaps [key, limit].
  [[nodiscard]] std::optional<Entry> find(Key key, Key limit) const {
    const auto at = at_or_behind(key);
    if (at == ranges_.end() || at->first > limit) return std::nullopt;
    return entry(at);
  }
  /// The highest entry that overlaps [limit, key].
  [[nodiscard]] std::optional<Entry> find_reverse(Key key, Key limit) const {
    auto at = ranges_.upper_bound(key);
    if (at == ranges_.begin()) return std::nullopt;
    --at;
    if (at->second.last < limit) return std::nullopt;
    return entry(at);
  }
  /// The entry at `key`, or the gap around it, whose value is 0.
  [[nodiscard]] Entry slot(Key key) const {
    const auto at = at_or_behind(key);
    if (at != ranges_.end() && at->first <= key) return entry(at);
    const Key first = at == ranges_.begin() ? 0 : std::prev(at)->second.last + 1;
    const Key last = at == ranges_.end() ? ~Key{0} : at->first - 1;
    return {first, last, 0};
  }

  /// Start of the lowest (highest) run of `size` free keys in [low, high).
  [[nodiscard]] std::optional<Key> empty_area(Key low, Key high, Key size, bool lowest) const {
    if (size == 0 || low >= high) return std::nullopt;
    std::optional<Key> found;
    Key from = low;
    const auto consider = [&](Key start, Key stop) {  // closed
      if (start > stop || stop - start < size - 1) return;
      if (!lowest) found = stop - (size - 1);
      if (lowest && !found) found = start;
    };
    for (auto at = at_or_behind(low); at != ranges_.end() && at->first < high; ++at) {
      if (at->first > from) consider(from, at->first - 1);
      if (at->second.last >= high - 1) return found;
      from = at->second.last + 1;
    }
    consider(from, high - 1);
    return found;
  }

 private:
  /// The first range that ends at or behind `key`.
  [[nodiscard]] Ranges::const_iterator at_or_behind(Key key) const {
    const auto behind = ranges_.upper_bound(key);
    if (behind == ranges_.begin()) return behind;
    const auto before = std::prev(behind);
    return before->second.last >= key ? before : behind;
  }
  static Entry entry(const Ranges::const_iterator& at) {
    return {at->first, at->second.last, at->second.value};
  }

  Ranges ranges_;
};

}  // namespace vmadiff::fuzz
