// bench: how fast? This file: a map from first keys to the rest of a range does a peer's work, for
// any map with the standard's interface. It may take for granted what a tree of ranges may not:
// that what is erased, split or made whole is one range that is there. Gaps are searched for range
// by range.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "bench/peer.h"

namespace vmadiff::bench {

struct MapRange {
  std::uint64_t last;
  std::uint64_t value;
};

template <typename Map>
class MapPeer {
 public:
  static constexpr Peer peer(const char* name) {
    return {name,  build,           destroy,    look_up,     look_up_dependent, iterate,
            churn, split_and_merge, lowest_gap, highest_gap, duplicate,         no_bytes};
  }

 private:
  static Map& of(void* map) { return *static_cast<Map*>(map); }
  static const Map& of(const void* map) { return *static_cast<const Map*>(map); }

  static void* build(const PeerRange* ranges, std::size_t count) {
    auto* map = new Map;
    for (std::size_t i = 0; i < count; ++i) {
      map->emplace_hint(map->end(), ranges[i].first, MapRange{ranges[i].last, ranges[i].value});
    }
    return map;
  }
  static void destroy(void* map) { delete &of(map); }

  static std::uint64_t load(const Map& map, std::uint64_t key) {
    auto at = map.upper_bound(key);
    if (at == map.begin()) return 0;
    --at;
    return at->second.last >= key ? at->second.value : 0;
  }
  static std::uint64_t look_up(const void* map, const std::uint64_t* keys, std::size_t count) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += load(of(map), keys[i]);
    return sum;
  }
  static std::uint64_t look_up_dependent(const void* map, const std::uint64_t* keys,
                                         std::size_t count, std::uint64_t none) {
    std::uint64_t sum = 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = load(of(map), keys[i] + (value & none));
      sum += value;
    }
    return sum;
  }
  static std::uint64_t iterate(const void* map) {
    std::uint64_t sum = 0;
    for (const auto& [first, rest] : of(map)) sum += first ^ rest.last ^ rest.value;
    return sum;
  }
  static void churn(void* map, const PeerRange* ranges, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      of(map).erase(ranges[i].first);
      of(map).emplace(ranges[i].first, MapRange{ranges[i].last, ranges[i].value});
    }
  }
  static void split_and_merge(void* map, const PeerRange* ranges, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [first, last, value] = ranges[i];
      const std::uint64_t middle = first + (last - first) / 2;
      of(map).find(first)->second.last = middle;
      of(map).emplace(middle + 1, MapRange{last, value + 8});
      of(map).erase(middle + 1);
      of(map).find(first)->second.last = last;
    }
  }
  static std::uint64_t lowest_gap(const void* map, const PeerWindow* windows, std::size_t count) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [low, high, size] = windows[i];
      auto at = of(map).upper_bound(low);
      std::uint64_t from = low;
      if (at != of(map).begin()) from = std::max(low, std::prev(at)->second.last + 1);
      for (; at != of(map).end() && at->first < from + size; ++at) from = at->second.last + 1;
      if (high >= size && from <= high - size) sum += from;
    }
    return sum;
  }
  static std::uint64_t highest_gap(const void* map, const PeerWindow* windows, std::size_t count) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [low, high, size] = windows[i];
      auto at = of(map).lower_bound(high);
      std::uint64_t end = high;
      while (at != of(map).begin()) {
        --at;
        if (at->second.last < end && end - at->second.last > size) break;
        end = std::min(end, at->first);
      }
      if (end >= size && end - size >= low) sum += end - size;
    }
    return sum;
  }
  static void duplicate(const void* map) {
    const Map copy = of(map);
    if (copy.empty()) std::abort();
  }
  static std::size_t no_bytes(const void*) { return 0; }
};

}  // namespace vmadiff::bench
