// Every form of a search that this processor can run, against plain loops over the same nodes.
#include "impl/maple_tree/maple_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace vmadiff::impl {
namespace {

using SearchKey = std::uint64_t;
constexpr SearchKey kKeyMax = ~SearchKey{0};

class MapleSearchTest : public testing::TestWithParam<MapleSearch> {
 protected:
  SearchKey below(SearchKey n) { return random_() % n; }

  /// The only leaf of a tree. `top`: its last entry ends with the last key of all.
  MapleLeafKeys leaf(unsigned count, SearchKey base, bool top) {
    MapleLeafKeys leaf{};
    std::fill_n(leaf.last, kMapleSlots, kKeyMax);
    std::fill_n(leaf.first, kMapleSlots, kKeyMax);
    leaf.count = count;
    SearchKey from = base;
    for (unsigned slot = 0; slot < count; ++slot) {
      leaf.first[slot] = from + below(4) * below(1000);
      leaf.last[slot] = leaf.first[slot] + below(10);
      from = leaf.last[slot] + 1;
    }
    if (top && count > 0) leaf.last[count - 1] = kKeyMax;
    return leaf;
  }

  std::mt19937_64 random_{1};
};

/// Closed gaps, ascending.
std::vector<std::pair<SearchKey, SearchKey>> gaps(const MapleLeafKeys& leaf) {
  std::vector<std::pair<SearchKey, SearchKey>> out;
  SearchKey from = 0;
  for (unsigned slot = 0; slot < leaf.count; ++slot) {
    if (leaf.first[slot] > from) out.emplace_back(from, leaf.first[slot] - 1);
    if (leaf.last[slot] == kKeyMax) return out;
    from = leaf.last[slot] + 1;
  }
  out.emplace_back(from, kKeyMax);
  return out;
}

TEST_P(MapleSearchTest, counts_keys_below) {
  for (const SearchKey base : {SearchKey{0}, SearchKey{1} << 63, kKeyMax - 200'000}) {
    for (unsigned count = 0; count < kMapleSlots; ++count) {
      const MapleLeafKeys keys = leaf(count, base, count % 2 == 0);
      for (unsigned i = 0; i < 60; ++i) {
        const SearchKey key = i == 0 ? kKeyMax : i == 1 ? 0 : base + below(100'000);
        const auto expected = std::count_if(keys.last, keys.last + kMapleSlots,
                                            [&](SearchKey last) { return last < key; });
        ASSERT_EQ(GetParam().count_below(keys.last, key), expected) << key;
        auto* root = const_cast<MapleLeafKeys*>(&keys);
        ASSERT_EQ(GetParam().walk(root, 1, key).slot, expected);
        MaplePath path;
        GetParam().walk_path(root, 1, key, path);
        ASSERT_EQ(path.slot[0], expected);
        ASSERT_EQ(path.node[0], root);
      }
    }
  }
}

TEST_P(MapleSearchTest, finds_the_longest_gap) {
  for (unsigned i = 0; i < 500; ++i) {
    const MapleLeafKeys keys = leaf(i % kMapleSlots, 100, i % 3 == 0);
    SearchKey longest = 0;
    for (const auto& [first, last] : gaps(keys)) longest = std::max(longest, last - first + 1);
    ASSERT_EQ(GetParam().leaf_gap(keys, 0), keys.count == 0 ? 0 : longest);
    MapleInner inner{};
    for (SearchKey& gap : inner.gap) gap = random_();
    ASSERT_EQ(GetParam().inner_gap(inner), *std::max_element(inner.gap, inner.gap + kMapleSlots));
  }
}

TEST_P(MapleSearchTest, finds_room_in_a_leaf) {
  for (unsigned i = 0; i < 2000; ++i) {
    const MapleLeafKeys keys = leaf(i % kMapleSlots, i % 7 * 10, i % 3 == 0);
    const SearchKey low = below(8000);
    const SearchKey top = i % 5 == 0 ? kKeyMax - 1 : low + below(8000);
    const SearchKey size = 1 + below(2000);
    std::uint32_t expected = 0;
    SearchKey from = 0;
    for (unsigned slot = 0; slot <= keys.count; ++slot) {
      const bool is_behind = slot == keys.count;
      if (is_behind && slot > 0 && keys.last[slot - 1] == kKeyMax) break;
      const SearchKey start = std::max(from, low);
      const SearchKey stop = std::min(is_behind ? kKeyMax : keys.first[slot] - 1, top);
      const bool is_gap = is_behind || keys.first[slot] > from;
      if (is_gap && start <= stop && stop - start >= size - 1) expected |= 1U << slot;
      if (!is_behind) from = keys.last[slot] + 1;
    }
    ASSERT_EQ(GetParam().room_in_leaf(keys, 0, low, top, size), expected) << i;
    // One that another leaf follows has nothing behind its last entry.
    MapleLeafKeys next{};
    MapleLeafKeys not_last = keys;
    not_last.next = &next;
    ASSERT_EQ(GetParam().room_in_leaf(not_last, 0, low, top, size), expected & ~(1U << keys.count));
  }
}

TEST_P(MapleSearchTest, finds_children_with_room) {
  for (unsigned count = 2; count <= kMapleInnerSlotsMax; ++count) {
    MapleInner inner{};
    std::fill_n(inner.pivot, kMapleSlots, kKeyMax);
    inner.count = count;
    for (unsigned slot = 0; slot + 1 < count; ++slot) inner.pivot[slot] = 100 * slot + 99;
    for (unsigned slot = 0; slot < count; ++slot) inner.gap[slot] = below(50);
    for (unsigned i = 0; i < 100; ++i) {
      const SearchKey low = below(100 * count);
      const SearchKey top = low + below(i % 2 == 0 ? 100 : 3000);
      const SearchKey size = 1 + below(50);
      std::uint32_t expected = 0;
      for (unsigned slot = 0; slot < count; ++slot) {
        const SearchKey first = 100 * SearchKey{slot};
        const SearchKey last = slot + 1 == count ? kKeyMax : first + 99;
        if (last >= low && first <= top && inner.gap[slot] >= size) expected |= 1U << slot;
      }
      ASSERT_EQ(GetParam().children_with_room(inner, low, top, size), expected);
    }
  }
}

TEST_P(MapleSearchTest, goes_down_to_the_child_that_is_responsible) {
  MapleLeafKeys leaves[kMapleInnerSlotsMax];
  for (unsigned count = 2; count <= kMapleInnerSlotsMax; ++count) {
    MapleInner inner{};
    std::fill_n(inner.pivot, kMapleSlots, kKeyMax);
    inner.count = count;
    for (unsigned slot = 0; slot < count; ++slot) {
      leaves[slot] = leaf(8, 100'000 * SearchKey{slot}, false);
      leaves[slot].next = slot + 1 < count ? &leaves[slot + 1] : nullptr;
      inner.child[slot] = &leaves[slot];
      if (slot + 1 < count) inner.pivot[slot] = leaves[slot].last[7];
      const SearchKey min = slot == 0 ? 0 : inner.pivot[slot - 1] + 1;
      inner.gap[slot] = GetParam().leaf_gap(leaves[slot], min);
    }
    for (unsigned slot = 0; slot < count; ++slot) {
      const SearchKey key = 100'000 * SearchKey{slot} + below(100'000);
      const auto expected = std::count_if(inner.pivot, inner.pivot + count - 1,
                                          [&](SearchKey pivot) { return pivot < key; });
      const auto place = GetParam().walk(&inner, 2, key);
      ASSERT_EQ(place.leaf, &leaves[expected]);
      MaplePath path;
      GetParam().walk_path(&inner, 2, key, path);
      ASSERT_EQ(path.node[0], &inner);
      ASSERT_EQ(path.slot[0], expected);
      ASSERT_EQ(path.node[1], &leaves[expected]);
      ASSERT_EQ(path.slot[1], place.slot);
    }
  }
}

TEST(MapleSearch, the_fastest_form_is_used) {
  EXPECT_STREQ(maple_search->name, maple_searches().front().name);
  EXPECT_STREQ(maple_searches().back().name, "portable");
}

INSTANTIATE_TEST_SUITE_P(Forms, MapleSearchTest,
                         testing::ValuesIn(maple_searches().begin(), maple_searches().end()),
                         [](const auto& form) {
                           std::string name = form.param.name;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace vmadiff::impl
