// validate() says what is broken: each test breaks one invariant of a sound tree on purpose.
#include <gtest/gtest.h>

#include "impl/maple_tree/maple_tree.h"
#include "maple_tree_oracle.h"

namespace vmadiff::impl {

template <>
struct MapleTreePeer<std::uint64_t> {
  static auto& root(Tree& tree) { return *tree.root_; }
  static auto& child(Tree::Node& node, unsigned slot) {
    return *static_cast<Tree::Node*>(node.inner.child[slot]);
  }
  static auto& first_leaf(Tree& tree) {
    auto* node = tree.root_;
    for (unsigned depth = 1; depth < tree.height_; ++depth) node = &child(*node, 0);
    return node->leaf;
  }
  static auto& pool(Tree& tree) { return tree.pool_; }
  static void set_height(Tree& tree, unsigned height) { tree.height_ = height; }
};

namespace {

using Peer = MapleTreePeer<std::uint64_t>;

/// Height 3: entries [10i, 10i+4].
Tree sound() {
  Tree tree;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    if (!tree.store(10 * i, 10 * i + 4, i + 1)) break;
  }
  return tree;
}

void expect_broken(const Tree& tree, std::string_view what) {
  const std::string broken = tree.validate().value_or("sound");
  EXPECT_NE(broken.find(what), std::string::npos) << broken << "\nexpected: " << what;
}

TEST(MapleTreeValidate, sound_tree_is_sound) {
  Tree tree = sound();
  EXPECT_EQ(tree.height(), 3U);
  EXPECT_EQ(tree.validate(), std::nullopt);
}

TEST(MapleTreeValidate, entries_that_overlap) {
  Tree tree = sound();
  Peer::first_leaf(tree).first[3] = Peer::first_leaf(tree).last[2];
  expect_broken(tree, "leaf at depth 2");
  expect_broken(tree, "entry 3 is [0x18, 0x22], expected one in [0x19, ");
}

TEST(MapleTreeValidate, entry_that_ends_before_it_begins) {
  Tree tree = sound();
  Peer::first_leaf(tree).last[3] = 29;
  expect_broken(tree, "entry 3 is [0x1e, 0x1d]");
}

TEST(MapleTreeValidate, entry_behind_its_leaf) {
  Tree tree = sound();
  auto& leaf = Peer::first_leaf(tree);
  leaf.last[leaf.count - 1] += 1;
  expect_broken(tree, "expected one in");
}

TEST(MapleTreeValidate, entry_behind_one_that_ends_with_the_last_key) {
  Tree tree;
  ASSERT_TRUE(tree.store(5, Tree::kKeyMax, 1));
  auto& leaf = Peer::root(tree).leaf;
  leaf.first[1] = 7;
  leaf.last[1] = 8;
  leaf.value[1] = 2;
  leaf.count = 2;
  expect_broken(tree, "entry 1 is [0x7, 0x8]");
}

TEST(MapleTreeValidate, inner_pivot_outside_the_node) {
  Tree tree = sound();
  Peer::root(tree).inner.pivot[Peer::root(tree).inner.count - 2] = Tree::kKeyMax;
  expect_broken(tree, "inner node at depth");
}

TEST(MapleTreeValidate, gap_too_small_in_a_leaf_parent) {
  Tree tree = sound();
  Peer::child(Peer::root(tree), 0).inner.gap[1] = 3;
  expect_broken(tree, "gap 1 is 0x3, the longest below it is 0x5");
}

TEST(MapleTreeValidate, gap_too_large_at_the_root) {
  Tree tree = sound();
  Peer::root(tree).inner.gap[0] = 6;
  expect_broken(tree, "inner node at depth 0");
  expect_broken(tree, "gap 0 is 0x6, the longest below it is 0x5");
}

TEST(MapleTreeValidate, value_lost) {
  Tree tree = sound();
  Peer::first_leaf(tree).value[2] = 0;
  expect_broken(tree, "entry 2 is null");
}

TEST(MapleTreeValidate, leaf_that_ends_before_its_last_key) {
  Tree tree = sound();
  auto& leaf = Peer::first_leaf(tree);
  leaf.last[leaf.count - 1] -= 1;
  expect_broken(tree, "and it is not the last leaf");
}

TEST(MapleTreeValidate, leaf_with_too_few_entries) {
  Tree tree = sound();
  Peer::first_leaf(tree).count = 7;
  expect_broken(tree, "7 slots, expected 8 to 31");
}

TEST(MapleTreeValidate, leaf_whose_free_slots_hold_something) {
  Tree tree = sound();
  auto& leaf = Peer::first_leaf(tree);
  leaf.value[leaf.count] = 1;
  expect_broken(tree, "is not empty");
  leaf.value[leaf.count] = 0;
  leaf.last[31] = 5;
  expect_broken(tree, "free slot 31 is not empty");
}

TEST(MapleTreeValidate, leaf_that_is_not_linked) {
  Tree tree = sound();
  auto& leaf = Peer::first_leaf(tree);
  MapleLeafKeys* const next = leaf.next;
  next->prev = nullptr;
  expect_broken(tree, "is not linked with the leaf before");
  next->prev = &leaf;
  leaf.next = next->next;
  expect_broken(tree, "is not linked with the leaf before");
  leaf.next = nullptr;
  expect_broken(tree, "is not linked as the last leaf, or without being it");
}

TEST(MapleTreeValidate, inner_node_with_too_many_slots) {
  Tree tree = sound();
  Peer::root(tree).inner.count = 33;
  expect_broken(tree, "33 slots, expected 2 to 32");
}

TEST(MapleTreeValidate, inner_node_whose_free_slots_hold_something) {
  Tree tree = sound();
  Peer::root(tree).inner.gap[31] = 1;
  expect_broken(tree, "free slot 31 is not empty");
  Peer::root(tree).inner.gap[31] = 0;
  Peer::root(tree).inner.pivot[31] = 1;
  expect_broken(tree, "free slot 32 is not empty");
}

TEST(MapleTreeValidate, child_that_is_missing) {
  Tree tree = sound();
  Peer::root(tree).inner.child[1] = nullptr;
  expect_broken(tree, "child 1 is missing");
}

TEST(MapleTreeValidate, node_that_leaked) {
  Tree tree = sound();
  ASSERT_TRUE(Peer::pool(tree).reserve(1));
  (void)Peer::pool(tree).take();
  expect_broken(tree, "are in use");
}

TEST(MapleTreeValidate, height_that_cannot_be) {
  Tree tree = sound();
  Peer::set_height(tree, 0);
  expect_broken(tree, "height 0");
}

}  // namespace
}  // namespace vmadiff::impl
