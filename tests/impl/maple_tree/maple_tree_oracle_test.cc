// Random stores with fixed seeds, the maple tree against its oracle after every one: all entries
// both ways, look-ups, room in random windows, and validate().
#include "maple_tree_oracle.h"

#include <gtest/gtest.h>

#include <random>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {
namespace {

struct Shape {
  const char* name;
  Tree::Key keys;  ///< stores fall in [base, base + keys)
  Tree::Key base;
  Tree::Key longest;  ///< of one store
  int erase_percent;
  int operations;
};

class MapleTreeOracleTest : public testing::TestWithParam<Shape> {};

void expect_lookups_agree(const Tree& tree, const std::vector<Tree::Entry>& entries,
                          Tree::Key key) {
  std::optional<Tree::Entry> at_or_after;
  std::optional<Tree::Entry> at_or_before;
  for (const auto& e : entries) {
    if (e.last >= key && !at_or_after) at_or_after = e;
    if (e.first <= key) at_or_before = e;
  }
  EXPECT_EQ(tree.find(key), at_or_after) << key;
  EXPECT_EQ(tree.find_reverse(key), at_or_before) << key;
  const bool inside = at_or_before && at_or_before->last >= key;
  EXPECT_EQ(tree.load(key), inside ? at_or_before->value : 0) << key;
}

TEST_P(MapleTreeOracleTest, AgreesAfterEveryStore) {
  const Shape& shape = GetParam();
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const auto below = [&](Tree::Key n) { return random() % n; };
    Tree tree;
    MapleTreeOracle oracle;
    unsigned height_max = 1;
    for (int i = 0; i < shape.operations; ++i) {
      SCOPED_TRACE(i);
      const Tree::Key offset = below(shape.keys);
      const Tree::Key first = shape.base + offset;
      // Mostly short ranges; now and then one that consumes leaves, or all there is.
      const Tree::Key limit = i % 97 == 96   ? shape.keys
                              : i % 17 == 16 ? shape.longest * 20
                                             : shape.longest;
      const Tree::Key last = first + std::min(below(limit), shape.keys - 1 - offset);
      const bool erase = below(100) < static_cast<Tree::Key>(shape.erase_percent);
      const std::uint64_t value = erase ? 0 : 1 + below(1000);
      ASSERT_TRUE(tree.store(first, last, value));
      oracle.store(first, last, value);
      height_max = std::max(height_max, tree.height());

      ASSERT_EQ(tree.validate(), std::nullopt);
      const auto entries = oracle.entries();
      ASSERT_EQ(entries_of(tree), entries);
      ASSERT_EQ(tree.size(), entries.size());
      std::vector<Tree::Entry> backwards;
      Tree::Cursor cursor{tree};
      while (cursor.prev() != 0) {
        backwards.insert(backwards.begin(), {cursor.first(), cursor.last(), cursor.value()});
      }
      ASSERT_EQ(backwards, entries);
      for (int probe = 0; probe < 4; ++probe) {
        expect_lookups_agree(tree, entries, shape.base + below(shape.keys));
        const Tree::Key low = shape.base + below(shape.keys);
        const Tree::Key high = low + below(shape.keys - (low - shape.base));
        const Tree::Key size = below(shape.longest * 2);
        ASSERT_EQ(tree.lowest_empty_area(low, high, size),
                  oracle.empty_area(low, high, size, true));
        ASSERT_EQ(tree.highest_empty_area(low, high, size),
                  oracle.empty_area(low, high, size, false));
      }
    }
    if (shape.operations > 1500) {
      EXPECT_GE(height_max, 2U);
    }
  }
}

/// Trees of more levels than the oracle has patience for. A value for each key, and none is used
/// twice: where it changes an entry ends.
void expect_keys(const Tree& tree, const std::vector<std::uint64_t>& keys) {
  ASSERT_EQ(tree.validate(), std::nullopt);
  auto found = tree.begin();
  for (std::size_t first = 0; first < keys.size();) {
    std::size_t end = first;
    while (end < keys.size() && keys[end] == keys[first]) ++end;
    if (keys[first] != 0) {
      ASSERT_NE(found, tree.end());
      ASSERT_EQ(*found, (Tree::Entry{first, end - 1, keys[first]}));
      ++found;
    }
    first = end;
  }
  ASSERT_EQ(found, tree.end());
}

TEST(MapleTreeTallOracle, grows_and_shrinks_by_all_levels) {
  for (std::uint32_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    std::vector<std::uint64_t> keys(100'000);
    Tree tree;
    std::uint64_t next_value = 0;
    const auto store = [&](std::size_t first, std::size_t last, bool erase) {
      last = std::min(last, keys.size() - 1);
      const std::uint64_t value = erase ? 0 : ++next_value;
      ASSERT_TRUE(tree.store(first, last, value));
      std::fill(keys.begin() + static_cast<std::ptrdiff_t>(first),
                keys.begin() + static_cast<std::ptrdiff_t>(last) + 1, value);
    };
    for (unsigned round = 0; round < 4; ++round) {
      // Many short ones, then ever longer ones over them, then room in the middle of them.
      for (unsigned i = 0; i < 45'000; ++i) {
        const std::size_t first = random() % keys.size();
        store(first, first + random() % 3, random() % 8 == 0);
      }
      if (round == 0) EXPECT_GE(tree.height(), 4U);
      ASSERT_NO_FATAL_FAILURE(expect_keys(tree, keys));
      for (unsigned i = 0; i < 100; ++i) {
        const std::size_t first = random() % keys.size();
        store(first, first + random() % (1U << (i % 16)), random() % 3 == 0);
        if (i % 4 == 0) ASSERT_NO_FATAL_FAILURE(expect_keys(tree, keys));
      }
      // All but one of some in a row: nodes fall below their least.
      for (unsigned i = 0; i < 60; ++i) {
        const std::size_t first = random() % keys.size();
        for (std::size_t key = first; key < std::min(keys.size(), first + 300); ++key) {
          if (key % 7 != 0) store(key, key, true);
        }
        if (i % 4 == 0) ASSERT_NO_FATAL_FAILURE(expect_keys(tree, keys));
      }
    }
    store(0, keys.size() - 1, true);
    EXPECT_TRUE(tree.is_empty());
    ASSERT_NO_FATAL_FAILURE(expect_keys(tree, keys));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MapleTreeOracleTest,
    testing::Values(Shape{"dense", 400, 0, 8, 40, 1200}, Shape{"large", 4000, 1000, 6, 20, 2000},
                    Shape{"top_of_all_keys", 600, Tree::kKeyMax - 599, 9, 30, 800},
                    Shape{"pages", Tree::Key{1} << 40, 0x10000, Tree::Key{1} << 36, 30, 800},
                    Shape{"mostly_erased", 300, 0, 12, 70, 800}),
    [](const auto& shape) { return std::string{shape.param.name}; });

}  // namespace
}  // namespace vmadiff::impl
