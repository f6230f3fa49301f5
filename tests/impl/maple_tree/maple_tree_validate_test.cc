// validate() says what is broken: each test breaks one invariant of a sound tree on purpose.
#include <gtest/gtest.h>

#include "impl/maple_tree/maple_tree.h"
#include "maple_tree_oracle.h"

namespace vmadiff::impl {

template <>
struct MapleTreePeer<std::uint64_t> {
  static auto& root(Tree& tree) { return *tree.root_; }
  static auto& first_leaf(Tree& tree) {
    auto* node = tree.root_;
    for (unsigned depth = 1; depth < tree.height_; ++depth) node = node->inner.child[0];
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
  for (std::uint64_t i = 0; i < 100; ++i) {
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

TEST(MapleTreeValidate, leaf_pivot_that_does_not_ascend) {
  Tree tree = sound();
  Peer::first_leaf(tree).pivot[3] = Peer::first_leaf(tree).pivot[2];
  expect_broken(tree, "leaf at depth 2");
  expect_broken(tree, "pivot 3");
}

TEST(MapleTreeValidate, inner_pivot_outside_the_node) {
  Tree tree = sound();
  Peer::root(tree).inner.pivot[Peer::root(tree).inner.count - 2] = Tree::kKeyMax;
  expect_broken(tree, "inner node at depth");
}

TEST(MapleTreeValidate, gap_too_small_in_a_leaf_parent) {
  Tree tree = sound();
  Peer::root(tree).inner.child[0]->inner.gap[1] = 3;
  expect_broken(tree, "gap 1 is 0x3, the longest below it is 0x5");
}

TEST(MapleTreeValidate, gap_too_large_at_the_root) {
  Tree tree = sound();
  Peer::root(tree).inner.gap[0] = 6;
  expect_broken(tree, "inner node at depth 0");
  expect_broken(tree, "gap 0 is 0x6, the longest below it is 0x5");
}

TEST(MapleTreeValidate, value_lost_without_the_gap_being_known) {
  Tree tree = sound();
  Peer::first_leaf(tree).value[2] = 0;
  expect_broken(tree, "both null");
}

TEST(MapleTreeValidate, leaf_that_ends_in_null) {
  Tree tree = sound();
  auto& leaf = Peer::first_leaf(tree);
  leaf.value[leaf.count - 1] = 0;
  leaf.value[leaf.count - 2] = 5;
  expect_broken(tree, "ends in a null slot");
}

TEST(MapleTreeValidate, leaf_with_too_few_slots) {
  Tree tree = sound();
  Peer::first_leaf(tree).count = 5;
  expect_broken(tree, "5 slots, expected 6 to 16");
}

TEST(MapleTreeValidate, inner_node_with_too_many_slots) {
  Tree tree = sound();
  Peer::root(tree).inner.count = 11;
  expect_broken(tree, "11 slots, expected 2 to 10");
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
