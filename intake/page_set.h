// intake: a set of bytes of an address space, as ranges that do not touch.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>

#include "spec/units.h"

namespace vmadiff::intake {

class PageSet {
 public:
  void add(spec::Range range) {
    if (range.start >= range.end) return;
    auto at = ranges_.upper_bound(range.start);
    if (at != ranges_.begin() && std::prev(at)->second >= range.start) --at;
    while (at != ranges_.end() && at->first <= range.end) {
      range.start = std::min(range.start, at->first);
      range.end = std::max(range.end, at->second);
      at = ranges_.erase(at);
    }
    ranges_.emplace(range.start, range.end);
  }

  void remove(spec::Range range) {
    if (range.start >= range.end) return;
    auto at = ranges_.upper_bound(range.start);
    if (at != ranges_.begin() && std::prev(at)->second > range.start) --at;
    while (at != ranges_.end() && at->first < range.end) {
      const spec::Range old{at->first, at->second};
      at = ranges_.erase(at);
      if (old.start < range.start) ranges_.emplace(old.start, range.start);
      if (old.end > range.end) ranges_.emplace(range.end, old.end);
    }
  }

  /// Whether all of it is here; an empty range is.
  [[nodiscard]] bool contains(spec::Range range) const {
    if (range.start >= range.end) return true;
    const auto at = ranges_.upper_bound(range.start);
    return at != ranges_.begin() && std::prev(at)->second >= range.end;
  }
  [[nodiscard]] bool overlaps(spec::Range range) const {
    const auto at = ranges_.lower_bound(range.end);
    return at != ranges_.begin() && std::prev(at)->second > range.start && range.start < range.end;
  }

  /// Start to end, ascending.
  [[nodiscard]] const std::map<spec::Address, spec::Address>& ranges() const { return ranges_; }

 private:
  std::map<spec::Address, spec::Address> ranges_;
};

}  // namespace vmadiff::intake
