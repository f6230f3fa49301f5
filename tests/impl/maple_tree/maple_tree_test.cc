// The maple tree's shapes by hand: what the random test reaches only by luck.
#include "impl/maple_tree/maple_tree.h"

#include <gtest/gtest.h>

#include <utility>

#include "maple_tree_oracle.h"

namespace vmadiff::impl {
namespace {

using Key = Tree::Key;
using Entries = std::vector<Tree::Entry>;

void store(Tree& tree, Key first, Key last, std::uint64_t value) {
  ASSERT_TRUE(tree.store(first, last, value));
  ASSERT_EQ(tree.validate(), std::nullopt);
}

/// Entries [10i, 10i+4] with value i+1, a gap behind each.
Tree comb(Key teeth) {
  Tree tree;
  for (Key i = 0; i < teeth; ++i) store(tree, 10 * i, 10 * i + 4, i + 1);
  return tree;
}

/// Key i has value i+1, no gaps.
Tree solid(Key keys) {
  Tree tree;
  for (Key i = 0; i < keys; ++i) store(tree, i, i, i + 1);
  return tree;
}

TEST(MapleTree, empty_tree_has_nothing_and_all_the_room) {
  const Tree tree;
  EXPECT_EQ(tree.validate(), std::nullopt);
  EXPECT_TRUE(tree.is_empty());
  EXPECT_EQ(tree.load(0), 0U);
  EXPECT_EQ(tree.find(0), std::nullopt);
  EXPECT_EQ(tree.find_reverse(Tree::kKeyMax), std::nullopt);
  EXPECT_EQ(tree.begin(), tree.end());
  EXPECT_EQ(tree.lowest_empty_area(5, 100, 95), 5U);
  EXPECT_EQ(tree.lowest_empty_area(5, 100, 96), std::nullopt);
  EXPECT_EQ(tree.highest_empty_area(5, 100, 10), 90U);
  EXPECT_EQ(tree.lowest_empty_area(0, Tree::kKeyMax, Tree::kKeyMax), 0U);
}

TEST(MapleTree, one_entry_of_all_keys) {
  Tree tree;
  store(tree, 0, Tree::kKeyMax, 7);
  EXPECT_EQ(entries_of(tree), (Entries{{0, Tree::kKeyMax, 7}}));
  EXPECT_EQ(tree.lowest_empty_area(0, Tree::kKeyMax, 1), std::nullopt);
  store(tree, 0, Tree::kKeyMax, 0);
  EXPECT_TRUE(tree.is_empty());
}

TEST(MapleTree, store_over_the_middle_leaves_both_ends) {
  Tree tree;
  store(tree, 10, 29, 1);
  store(tree, 15, 19, 2);
  EXPECT_EQ(entries_of(tree), (Entries{{10, 14, 1}, {15, 19, 2}, {20, 29, 1}}));
}

TEST(MapleTree, erase_in_the_middle_and_at_both_ends) {
  Tree tree;
  store(tree, 10, 39, 1);
  store(tree, 20, 29, 0);
  EXPECT_EQ(entries_of(tree), (Entries{{10, 19, 1}, {30, 39, 1}}));
  store(tree, 5, 12, 0);
  store(tree, 37, 99, 0);
  EXPECT_EQ(entries_of(tree), (Entries{{13, 19, 1}, {30, 36, 1}}));
  store(tree, 0, 999, 0);
  EXPECT_TRUE(tree.is_empty());
}

TEST(MapleTree, equal_neighbours_stay_two_entries) {
  Tree tree;
  store(tree, 0, 4, 9);
  store(tree, 5, 9, 9);
  EXPECT_EQ(tree.size(), 2U);
}

TEST(MapleTree, store_that_consumes_the_whole_right_leaf) {
  for (Key first = 0; first < 60; ++first) {
    for (Key last = first; last < 60; ++last) {
      for (const std::uint64_t value : {0U, 99U}) {
        Tree tree = solid(60);
        MapleTreeOracle oracle;
        for (Key i = 0; i < 60; ++i) oracle.store(i, i, i + 1);
        store(tree, first, last, value);
        oracle.store(first, last, value);
        ASSERT_EQ(entries_of(tree), oracle.entries()) << first << " to " << last;
      }
    }
  }
}

TEST(MapleTree, height_grows_to_three_and_shrinks_to_one) {
  Tree tree = comb(2000);
  EXPECT_EQ(tree.height(), 3U);
  EXPECT_EQ(tree.size(), 2000U);
  for (Key i = 0; i < 2000; ++i) {
    EXPECT_EQ(tree.load(10 * i + 4), i + 1);
    EXPECT_EQ(tree.load(10 * i + 5), 0U);
  }
  for (Key i = 1999; i > 0; --i) store(tree, 10 * i, 10 * i + 4, 0);
  EXPECT_EQ(tree.height(), 1U);
  EXPECT_EQ(tree.node_count(), 1U);
}

TEST(MapleTree, one_store_over_a_tall_tree_frees_everything_below) {
  Tree tree = comb(2000);
  store(tree, 13, 19981, 5);
  EXPECT_EQ(
      entries_of(tree),
      (Entries{
          {0, 4, 1}, {10, 12, 2}, {13, 19981, 5}, {19982, 19984, 1999}, {19990, 19994, 2000}}));
  EXPECT_EQ(tree.height(), 1U);
}

TEST(MapleTree, areas_are_clamped_to_the_window_and_can_be_asked_for_again) {
  const Tree tree = comb(200);  // gaps [10i+5, 10i+9]
  EXPECT_EQ(tree.lowest_empty_area(0, 2000, 5), 5U);
  EXPECT_EQ(tree.lowest_empty_area(6, 2000, 5), 15U);
  EXPECT_EQ(tree.lowest_empty_area(6, 10, 4), 6U);
  EXPECT_EQ(tree.lowest_empty_area(6, 19, 5), std::nullopt);
  EXPECT_EQ(tree.lowest_empty_area(6, 19, 4), 6U);
  EXPECT_EQ(tree.highest_empty_area(0, 1999, 5), 1985U);
  EXPECT_EQ(tree.highest_empty_area(0, 1998, 4), 1986U);
  EXPECT_EQ(tree.highest_empty_area(0, 1985, 5), 1975U);
  EXPECT_EQ(tree.highest_empty_area(1990, 1999, 5), std::nullopt);
  EXPECT_EQ(tree.lowest_empty_area(0, 1995, 6), std::nullopt);
  EXPECT_EQ(tree.lowest_empty_area(0, 9000, 6), 1995U);
}

TEST(MapleTree, nothing_has_no_room_and_a_window_that_ends_before_it_begins_holds_none) {
  const Tree tree = comb(200);
  EXPECT_EQ(tree.lowest_empty_area(0, 2000, 0), std::nullopt);
  EXPECT_EQ(tree.highest_empty_area(0, 2000, 0), std::nullopt);
  EXPECT_EQ(tree.lowest_empty_area(2000, 0, 1), std::nullopt);
  EXPECT_EQ(tree.highest_empty_area(2000, 0, 1), std::nullopt);
  for (const Key key : {Key{0}, Key{7}, Key{1005}, Tree::kKeyMax}) {
    EXPECT_EQ(tree.lowest_empty_area(key, key, 1), std::nullopt);
    EXPECT_EQ(tree.highest_empty_area(key, key, 1), std::nullopt);
    EXPECT_EQ(tree.lowest_empty_area(key, 0, 1), std::nullopt);
    EXPECT_EQ(tree.highest_empty_area(Tree::kKeyMax, key, 1), std::nullopt);
  }
}

TEST(MapleTree, gap_in_the_last_slot_of_the_last_leaf_is_found) {
  Tree tree = solid(40);
  EXPECT_EQ(tree.lowest_empty_area(0, 1000, 1), 40U);
  EXPECT_EQ(tree.highest_empty_area(0, 1000, 960), 40U);
  store(tree, 40, Tree::kKeyMax, 3);
  EXPECT_EQ(tree.lowest_empty_area(0, Tree::kKeyMax, 1), std::nullopt);
  store(tree, Tree::kKeyMax, Tree::kKeyMax, 0);
  EXPECT_EQ(tree.highest_empty_area(0, Tree::kKeyMax, 1), std::nullopt);  // the window is half-open
}

TEST(MapleTree, find_is_limited) {
  const Tree tree = comb(100);
  EXPECT_EQ(tree.find(5, 9), std::nullopt);
  EXPECT_EQ(tree.find(5, 10), (Tree::Entry{10, 14, 2}));
  EXPECT_EQ(tree.find(14, 14), (Tree::Entry{10, 14, 2}));
  EXPECT_EQ(tree.find_reverse(9, 5), std::nullopt);
  EXPECT_EQ(tree.find_reverse(9, 4), (Tree::Entry{0, 4, 1}));
}

TEST(MapleTree, cursor_sees_gaps_and_turns_around_at_both_ends) {
  const Tree tree = comb(50);
  Tree::Cursor cursor{tree};
  EXPECT_EQ(cursor.seek(17), 0U);
  EXPECT_EQ(cursor.first(), 15U);
  EXPECT_EQ(cursor.last(), 19U);
  EXPECT_EQ(cursor.next(), 3U);
  EXPECT_EQ(cursor.prev(), 2U);
  EXPECT_EQ(cursor.prev(), 1U);
  EXPECT_EQ(cursor.prev(), 0U);
  EXPECT_FALSE(cursor.is_placed());
  EXPECT_EQ(cursor.prev(), 0U);
  EXPECT_EQ(cursor.next(), 1U);
  EXPECT_EQ(cursor.seek(499), 0U);
  EXPECT_EQ(cursor.next(), 0U);
  EXPECT_EQ(cursor.next(), 0U);
  EXPECT_EQ(cursor.prev(), 50U);
}

TEST(MapleTree, cursor_goes_through_all_entries_both_ways) {
  constexpr std::uint64_t kEntries = 200;
  const Tree tree = comb(kEntries);
  ASSERT_GE(tree.height(), 2U);
  Tree::Cursor cursor{tree};
  for (std::uint64_t n = 1; n <= kEntries; ++n) EXPECT_EQ(cursor.next(), n);
  EXPECT_EQ(cursor.next(), 0U);
  EXPECT_FALSE(cursor.is_placed());
  EXPECT_EQ(cursor.next(), 0U);
  for (std::uint64_t n = kEntries; n >= 1; --n) EXPECT_EQ(cursor.prev(), n);
  EXPECT_EQ(cursor.prev(), 0U);
  EXPECT_FALSE(cursor.is_placed());
  EXPECT_EQ(cursor.next(), 1U);
}

TEST(MapleTree, cursor_knows_both_ends_of_every_gap) {
  constexpr std::uint64_t kEntries = 200;
  Tree tree;
  for (std::uint64_t n = 1; n <= kEntries; ++n) ASSERT_TRUE(tree.store(10 * n, 10 * n + 2, n));
  ASSERT_GE(tree.height(), 2U);
  for (std::uint64_t n = 0; n <= kEntries; ++n) {
    Tree::Cursor cursor{tree};
    // What is before the first entry is a gap, too, and what is behind the last.
    EXPECT_EQ(cursor.seek(10 * n + 5), 0U);
    ASSERT_TRUE(cursor.is_placed()) << n;
    EXPECT_EQ(cursor.first(), n == 0 ? 0 : 10 * n + 3) << n;
    EXPECT_EQ(cursor.last(), n == kEntries ? Tree::kKeyMax : 10 * n + 9) << n;
  }
}

TEST(MapleTree, is_empty_until_something_is_there) {
  Tree tree;
  ASSERT_TRUE(tree.store(10, 20, 1));
  EXPECT_FALSE(tree.is_empty());
  ASSERT_TRUE(tree.erase(10, 20));
  EXPECT_TRUE(tree.is_empty());
  ASSERT_TRUE(tree.store(0, Tree::kKeyMax, 1));  // one slot, and not null
  EXPECT_FALSE(tree.is_empty());
  ASSERT_TRUE(tree.erase(0, Tree::kKeyMax));
  for (std::uint64_t key = 0; key < 100; ++key) ASSERT_TRUE(tree.store(2 * key, 2 * key, 1));
  EXPECT_GT(tree.height(), 1U);
  EXPECT_FALSE(tree.is_empty());
}

TEST(MapleTree, find_reverse_is_exact_where_entries_have_one_key) {
  Tree tree;
  for (std::uint64_t key = 1; key < 200; ++key) ASSERT_TRUE(tree.store(4 * key, 4 * key, key));
  for (std::uint64_t key = 0; key < 800; ++key) {
    const std::uint64_t expected = std::min<std::uint64_t>(key / 4, 199);
    const auto found = tree.find_reverse(key);
    ASSERT_EQ(found.has_value(), expected != 0) << key;
    if (found) EXPECT_EQ(found->value, expected) << key;
    EXPECT_FALSE(tree.find_reverse(key, 4 * expected + 1)) << key;
  }
}

TEST(MapleTree, find_reverse_is_limited) {
  Tree tree;
  ASSERT_TRUE(tree.store(10, 20, 1));
  EXPECT_FALSE(tree.find_reverse(30, 21));
  EXPECT_TRUE(tree.find_reverse(30, 20));
  EXPECT_FALSE(tree.find_reverse(15, 18)) << "a window that ends before it begins";
}

TEST(MapleTree, areas_reach_to_both_ends_of_their_window) {
  Tree tree;
  EXPECT_EQ(tree.lowest_empty_area(0, 10, 10), 0U);
  EXPECT_EQ(tree.highest_empty_area(0, 10, 10), 0U);
  ASSERT_TRUE(tree.store(100, 109, 1));
  EXPECT_EQ(tree.lowest_empty_area(90, 100, 10), 90U);
  EXPECT_EQ(tree.lowest_empty_area(90, 121, 11), 110U);
  EXPECT_EQ(tree.lowest_empty_area(91, 120, 10), 110U);
  EXPECT_FALSE(tree.lowest_empty_area(91, 119, 10));
  EXPECT_EQ(tree.highest_empty_area(90, 119, 10), 90U);
}

TEST(MapleTree, cursor_begins_with_an_entry_at_the_last_key) {
  Tree tree;
  ASSERT_TRUE(tree.store(5, 6, 1));
  ASSERT_TRUE(tree.store(Tree::kKeyMax - 5, Tree::kKeyMax, 7));
  Tree::Cursor cursor{tree};
  EXPECT_EQ(cursor.prev(), 7U);
  EXPECT_EQ(cursor.prev(), 1U);
}

TEST(MapleTree, the_pool_grows_with_the_tree) {
  constexpr Key kEntries = 900'000;
  Tree tree;
  for (Key key = 0; key < kEntries; ++key) ASSERT_TRUE(tree.store(2 * key, 2 * key, 1));
  EXPECT_GT(tree.node_count(), 30'000U);
  EXPECT_EQ(tree.height(), 5U);
  EXPECT_EQ(tree.size(), kEntries);
  EXPECT_EQ(tree.validate(), std::nullopt);
}

TEST(MapleTree, duplicate_is_equal_and_independent) {
  Tree tree = comb(500);
  Tree copy = tree.duplicate();
  EXPECT_EQ(copy.validate(), std::nullopt);
  EXPECT_EQ(entries_of(copy), entries_of(tree));
  EXPECT_EQ(copy.node_count(), tree.node_count());
  store(copy, 0, 2500, 0);
  EXPECT_EQ(tree.size(), 500U);
  EXPECT_EQ(tree.validate(), std::nullopt);
}

TEST(MapleTree, clear_empties_and_the_tree_can_be_used_again) {
  Tree tree = comb(500);
  tree.clear();
  EXPECT_TRUE(tree.is_empty());
  EXPECT_EQ(tree.validate(), std::nullopt);
  store(tree, 3, 4, 1);
  EXPECT_EQ(tree.size(), 1U);
}

TEST(MapleTree, moved_tree_keeps_its_entries) {
  Tree tree = comb(100);
  const Tree moved = std::move(tree);
  EXPECT_EQ(moved.validate(), std::nullopt);
  EXPECT_EQ(moved.size(), 100U);
}

TEST(MapleTree, small_trees_are_copied_and_moved_with_their_only_node) {
  Tree tree = comb(5);
  Tree copy = tree.duplicate();
  store(copy, 12, 13, 9);
  EXPECT_EQ(tree.size(), 5U);
  Tree moved = std::move(copy);
  EXPECT_EQ(moved.size(), 7U);
  EXPECT_EQ(moved.node_count(), 1U);
  tree = std::move(moved);
  EXPECT_EQ(tree.validate(), std::nullopt);
  EXPECT_EQ(tree.load(12), 9U);
  store(tree, 100, 104, 1);
  EXPECT_EQ(tree.size(), 8U);
}

TEST(MapleTree, moved_from_tree_is_empty_and_can_be_used_again) {
  for (const Key teeth : {5U, 500U}) {
    Tree tree = comb(teeth);
    const Tree moved = std::move(tree);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is what is asked
    EXPECT_TRUE(tree.is_empty());
    store(tree, 3, 4, 1);
    EXPECT_EQ(entries_of(tree), (Entries{{3, 4, 1}}));
    EXPECT_EQ(moved.size(), teeth);
  }
}

// With the nodes go the places where the next ones are, and come: of either size, to either size.
TEST(MapleTree, moved_tree_grows_on) {
  constexpr Key kMore = 3000;
  for (const Key teeth : {5U, 500U}) {
    for (const Key others : {0U, 5U, 500U}) {
      Tree tree = comb(teeth);
      Tree moved = comb(others);
      moved = std::move(tree);
      // NOLINTNEXTLINE(bugprone-use-after-move): that is what is asked
      tree.clear();
      for (Key i = teeth; i < kMore; ++i) {
        store(moved, 10 * i, 10 * i + 4, i + 1);
        store(tree, 10 * i, 10 * i + 4, i + 1);
      }
      EXPECT_EQ(moved.validate(), std::nullopt);
      EXPECT_EQ(tree.validate(), std::nullopt);
      EXPECT_EQ(moved.size(), kMore) << teeth << ", over " << others;
      EXPECT_EQ(tree.size(), kMore - teeth) << teeth << ", over " << others;
    }
  }
}

// The way to the leaf changed last is kept; it must not be taken where it no longer leads there.
TEST(MapleTree, store_after_the_tree_became_another_one) {
  Tree tree = comb(500);
  store(tree, 2502, 2503, 7);
  tree.clear();
  store(tree, 2502, 2503, 7);
  EXPECT_EQ(entries_of(tree), (Entries{{2502, 2503, 7}}));
  tree = comb(500);
  store(tree, 2502, 2503, 8);
  Tree other = std::move(tree);
  store(other, 2502, 2503, 9);
  EXPECT_EQ(other.size(), 502U);
  EXPECT_EQ(other.load(2503), 9U);
}

TEST(MapleTree, end_of_each_leaf_is_erased_and_stored_again) {
  constexpr Key kTeeth = 2000;
  Tree tree = comb(kTeeth);
  for (Key i = 0; i + 1 < kTeeth; ++i) {
    store(tree, 10 * i + 3, 10 * i + 4, 0);  // the gap behind becomes longer
    EXPECT_EQ(tree.lowest_empty_area(0, 10 * kTeeth - 5, 7), 10 * i + 3);
    EXPECT_EQ(tree.highest_empty_area(0, 10 * kTeeth - 5, 7), 10 * i + 3);
    store(tree, 10 * i, 10 * i + 4, 0);
    store(tree, 10 * i, 10 * i + 4, i + 1);
  }
  EXPECT_EQ(tree.size(), kTeeth);
}

// What is left of the last leaves is too little for one: the leaf in front of them takes it, which
// can be another inner node's.
TEST(MapleTree, all_is_erased_from_any_entry_on) {
  constexpr Key kTeeth = 1500;
  const Tree whole = comb(kTeeth);
  for (Key i = 1; i < kTeeth; ++i) {
    Tree tree = whole.duplicate();
    store(tree, 10 * i + 2, Tree::kKeyMax, 0);
    EXPECT_EQ(tree.size(), i + 1);
    EXPECT_EQ(tree.find(10 * i), (Tree::Entry{10 * i, 10 * i + 1, i + 1}));
    EXPECT_EQ(tree.load(10 * i - 10), i);
    store(tree, 10 * i, 10 * i + 1, 0);
    EXPECT_EQ(tree.find_reverse(Tree::kKeyMax), (Tree::Entry{10 * i - 10, 10 * i - 6, i}));
  }
}

TEST(MapleTree, what_just_fits_into_a_leaf_is_one_leaf) {
  constexpr Key kMore = 9;
  int merged = 0;
  for (Key i = 1; i < kMapleLeafSlotsMax; ++i) {
    Tree tree = comb(kMapleLeafSlotsMax + kMore);
    ASSERT_EQ(tree.height(), 2U);
    store(tree, 10 * i, 10 * (i + kMore) - 1, 0);
    EXPECT_EQ(tree.size(), kMapleLeafSlotsMax);
    if (tree.node_count() == 1) ++merged;
  }
  EXPECT_GT(merged, 0) << "where both leaves lost something";
}

// Memory: 44 bytes a range, however a tree was filled.
TEST(MapleTree, nodes_are_well_filled) {
  constexpr Key kEntries = 20'000;
  const auto bytes = [](const Tree& tree) {
    return static_cast<double>(tree.node_count() * sizeof(MapleNode<std::uint64_t>)) /
           static_cast<double>(tree.size());
  };
  Tree upwards;
  Tree downwards;
  Tree mixed;
  for (Key i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(upwards.store(10 * i, 10 * i + 4, 1));
    ASSERT_TRUE(downwards.store(10 * (kEntries - i), 10 * (kEntries - i) + 4, 1));
    const Key place = i * 7919 % kEntries;  // a prime: each place once
    ASSERT_TRUE(mixed.store(10 * place, 10 * place + 4, 1));
  }
  EXPECT_LT(bytes(upwards), 40);
  EXPECT_LT(bytes(downwards), 40);
  EXPECT_LT(bytes(mixed), 44);
}

TEST(MapleTree, failed_preallocation_changes_nothing_and_the_next_one_succeeds) {
  Tree tree = comb(100);
  const auto before = entries_of(tree);
  tree.fail_preallocate_after(1);
  EXPECT_TRUE(tree.preallocate(5, 500));
  EXPECT_FALSE(tree.store(5, 500, 1));
  EXPECT_EQ(entries_of(tree), before);
  EXPECT_EQ(tree.validate(), std::nullopt);
  EXPECT_TRUE(tree.store(5, 500, 1));
  tree.fail_preallocate_after(0);
  EXPECT_FALSE(tree.erase(5, 500));
}

}  // namespace
}  // namespace vmadiff::impl
