// In its steady state a tree allocates nothing: every call of the allocating operators is counted.
#include <gtest/gtest.h>

#include <random>

#include "../counted_allocations.h"
#include "impl/maple_tree/maple_tree.h"
#include "maple_tree_oracle.h"

namespace vmadiff::impl {
namespace {

/// Stores and erases at random among `places` of them.
void change(Tree& tree, std::mt19937_64& random, std::uint64_t places, unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    const std::uint64_t first = 10 * (random() % places);
    const std::uint64_t last = first + random() % (i % 50 == 0 ? 400 : 10);
    ASSERT_TRUE(tree.store(first, last, random() % 3));
  }
}

/// Of all entries.
std::uint64_t digest(const Tree& tree) {
  std::uint64_t out = 0;
  for (const auto& [first, last, value] : tree) out = (31 * out) + (7 * first) + (3 * last) + value;
  return out;
}

TEST(MapleTreeAllocations, are_counted) {
  const std::uint64_t before = allocations();
  Tree tree;
  EXPECT_EQ(allocations(), before) << "an empty tree";
  ASSERT_TRUE(tree.preallocate(1, 2));
  EXPECT_GT(allocations(), before);
}

TEST(MapleTreeAllocations, none_while_a_tree_has_as_many_entries_as_before) {
  Tree tree;
  std::mt19937_64 random{1};
  change(tree, random, 3000, 100'000);
  EXPECT_GE(tree.height(), 3U);
  const std::uint64_t before = allocations();
  change(tree, random, 3000, 100'000);
  EXPECT_EQ(allocations(), before);
}

TEST(MapleTreeAllocations, a_tree_without_memory_is_as_it_was_and_goes_on_later) {
  Tree tree;
  std::mt19937_64 random{1};
  change(tree, random, 3000, 1000);
  std::uint64_t refused = 0;
  for (std::uint64_t first = 100'000; refused == 0 && first < 200'000; first += 10) {
    const std::uint64_t before = digest(tree);
    bool is_stored = false;
    {
      const NoMoreMemory no_more;
      is_stored = tree.store(first, first + 3, 7);
    }
    if (is_stored) continue;
    refused = first;
    EXPECT_EQ(digest(tree), before);
    EXPECT_EQ(tree.validate(), std::nullopt);
  }
  ASSERT_NE(refused, 0U) << "there was room for all of them";
  EXPECT_TRUE(tree.store(refused, refused + 3, 7));
  EXPECT_EQ(tree.validate(), std::nullopt);
}

TEST(MapleTreeAllocations, none_after_clear) {
  Tree tree;
  std::mt19937_64 random{1};
  change(tree, random, 3000, 100'000);
  const std::uint64_t before = allocations();
  for (unsigned round = 0; round < 5; ++round) {
    tree.clear();
    change(tree, random, 2000, 3000);
  }
  EXPECT_EQ(allocations(), before);
}

TEST(MapleTreeAllocations, none_in_a_tree_of_one_node_nor_in_its_copies) {
  const std::uint64_t before = allocations();
  Tree tree;
  for (std::uint64_t i = 0; i < 31; ++i) ASSERT_TRUE(tree.store(10 * i, 10 * i + 4, 1));
  const Tree copy = tree.duplicate();
  const Tree moved = std::move(tree);
  EXPECT_EQ(copy.size() + moved.size(), 62U);
  EXPECT_EQ(allocations(), before);
}

TEST(MapleTreeAllocations, one_for_a_copy_of_a_large_tree) {
  Tree tree;
  std::mt19937_64 random{1};
  change(tree, random, 3000, 10'000);
  const std::uint64_t before = allocations();
  const Tree copy = tree.duplicate();
  EXPECT_EQ(allocations(), before + 1);
  EXPECT_EQ(copy.size(), tree.size());
}

TEST(MapleTreeAllocations, none_for_a_copy_into_a_tree_that_was_as_large) {
  Tree trees[3];
  std::mt19937_64 random{1};
  for (Tree& tree : trees) change(tree, random, 3000, 20'000);
  ASSERT_TRUE(trees[2].erase(100, Tree::kKeyMax));
  Tree copy = trees[0].duplicate();
  copy.copy(trees[1]);
  const std::uint64_t before = allocations();
  // Large over large, of one node over large, and back.
  for (const Tree* const tree : {&trees[1], &trees[2], &trees[0]}) {
    copy.copy(*tree);
    EXPECT_EQ(digest(copy), digest(*tree));
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(copy.validate(), std::nullopt);
  // What is copied is nobody else's.
  ASSERT_TRUE(copy.erase(0, Tree::kKeyMax));
  EXPECT_EQ(trees[0].validate(), std::nullopt);
  EXPECT_GT(trees[0].size(), 1000U);
}

TEST(MapleTreeAllocations, none_where_one_reads) {
  Tree tree;
  std::mt19937_64 random{1};
  change(tree, random, 3000, 10'000);
  const std::uint64_t before = allocations();
  std::uint64_t sum = 0;
  for (const auto& entry : tree) sum += entry.value;
  for (std::uint64_t key = 0; key < 30'000; key += 7) {
    sum += tree.load(key) + tree.find(key).value_or(Tree::Entry{}).first;
    sum += tree.lowest_empty_area(key, 40'000, 20).value_or(0);
    sum += tree.highest_empty_area(0, key, 20).value_or(0);
  }
  EXPECT_NE(sum, 0U);
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace vmadiff::impl
