// impl: maple tree, part of maple_tree.h: the check of its invariants, and whole-tree operations.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

/// One check: walks in order and keeps the first thing that is wrong. It computes gaps by itself.
template <typename T>
struct MapleTree<T>::Check {
  const MapleTree& tree;
  std::optional<std::string> broken;
  std::size_t nodes = 0;
  const MapleLeafKeys* before = nullptr;

  template <typename... Args>
  void fail(unsigned depth, Key min, Key max, fmt::format_string<Args...> what, Args&&... args) {
    if (broken) return;
    broken = fmt::format("maple tree: {} at depth {} [{:#x}, {:#x}]: {}",
                         depth + 1 == tree.height_ ? "leaf" : "inner node", depth, min, max,
                         fmt::format(what, std::forward<Args>(args)...));
  }

  bool count_is_sound(unsigned count, unsigned depth, Key min, Key max, unsigned least,
                      unsigned most) {
    if (count >= least && count <= most) return true;
    fail(depth, min, max, "{} slots, expected {} to {}", count, least, most);
    return false;
  }

  /// Returns the longest gap.
  Key leaf(const Leaf& leaf, unsigned depth, Key min, Key max) {
    const unsigned least = depth == 0 ? 0 : kMapleSlotsMin;
    if (!count_is_sound(leaf.count, depth, min, max, least, kMapleLeafSlotsMax)) return 0;
    Key longest = 0;
    Key from = min;
    for (unsigned slot = 0; slot < leaf.count; ++slot) {
      const Key first = leaf.first[slot];
      const Key last = leaf.last[slot];
      if (first < from || last < first || last > max || (slot > 0 && from == 0)) {
        fail(depth, min, max, "entry {} is [{:#x}, {:#x}], expected one in [{:#x}, {:#x}]", slot,
             first, last, from, max);
        return 0;
      }
      if (is_null(leaf.value[slot])) fail(depth, min, max, "entry {} is null", slot);
      longest = std::max(longest, first - from);
      from = last + 1;
    }
    const bool is_full = leaf.count > 0 && from == 0;
    if (max != kKeyMax && from != max + 1) {
      fail(depth, min, max, "ends at {:#x}, and it is not the last leaf", from - 1);
    }
    for (unsigned slot = leaf.count; slot < kMapleSlots; ++slot) {
      if (leaf.last[slot] != kKeyMax || leaf.first[slot] != kKeyMax || !is_null(leaf.value[slot])) {
        fail(depth, min, max, "free slot {} is not empty", slot);
      }
    }
    if (leaf.prev != before || (before != nullptr && before->next != &leaf)) {
      fail(depth, min, max, "is not linked with the leaf before");
    }
    if ((leaf.next == nullptr) != (max == kKeyMax)) {
      fail(depth, min, max, "is not linked as the last leaf, or without being it");
    }
    before = &leaf;
    return max != kKeyMax || is_full ? longest : std::max(longest, kKeyMax - from + 1);
  }

  /// Returns the longest gap below.
  Key below(const Node& node, unsigned depth, Key min, Key max) {
    ++nodes;
    if (depth + 1 == tree.height_) return leaf(node.leaf, depth, min, max);
    const MapleInner& inner = node.inner;
    const unsigned least = depth == 0 ? 2 : kMapleSlotsMin;
    if (!count_is_sound(inner.count, depth, min, max, least, kMapleInnerSlotsMax)) return 0;
    Key longest = 0;
    Key first = min;
    for (unsigned slot = 0; slot < inner.count && !broken; ++slot) {
      const Key last = pivot_of(inner, slot, max);
      if (slot + 1 < inner.count && (last < first || last >= max)) {
        fail(depth, min, max, "pivot {} is {:#x}, expected one in [{:#x}, {:#x})", slot, last,
             first, max);
        return 0;
      }
      if (inner.child[slot] == nullptr) {
        fail(depth, min, max, "child {} is missing", slot);
        return 0;
      }
      const Key gap = below(*static_cast<Node*>(inner.child[slot]), depth + 1, first, last);
      if (gap != inner.gap[slot]) {
        fail(depth, min, max, "gap {} is {:#x}, the longest below it is {:#x}", slot,
             inner.gap[slot], gap);
      }
      longest = std::max(longest, gap);
      first = last + 1;
    }
    for (unsigned slot = inner.count; slot <= kMapleSlots && !broken; ++slot) {
      if (inner.pivot[slot - 1] != kKeyMax || (slot < kMapleSlots && inner.gap[slot] != 0)) {
        fail(depth, min, max, "free slot {} is not empty", slot);
      }
    }
    return longest;
  }
};

template <typename T>
std::optional<std::string> MapleTree<T>::validate() const {
  if (height_ == 0 || height_ > kMapleHeightMax) {
    return fmt::format("maple tree: height {}, expected 1 to {}", height_, kMapleHeightMax);
  }
  Check check{.tree = *this, .broken = std::nullopt};
  check.below(*root_, 0, 0, kKeyMax);
  if (!check.broken && check.nodes != node_count()) {
    return fmt::format("maple tree: {} nodes can be reached, {} are in use", check.nodes,
                       node_count());
  }
  return std::move(check.broken);
}

// --- whole trees ------------------------------------------------------------------------------

template <typename T>
void MapleTree<T>::make_empty() {
  root_ = &own_;
  height_ = 1;
  path_is_known_ = false;
  fail_countdown_ = 0;
  Leaf& leaf = own_.leaf;
  leaf.count = 0;
  leaf.prev = leaf.next = nullptr;
  std::fill_n(leaf.first, kMapleSlots, kKeyMax);
  std::fill_n(leaf.last, kMapleSlots, kKeyMax);
  std::fill_n(leaf.value, kMapleSlots, T{});
}

/// The other one's nodes; it is empty afterwards.
template <typename T>
void MapleTree<T>::take_over(MapleTree& other) {
  pool_ = std::move(other.pool_);
  root_ = other.root_;
  height_ = other.height_;
  path_is_known_ = false;
  fail_countdown_ = other.fail_countdown_;
  if (root_ == &other.own_) {
    root_ = &own_;
    own_ = other.own_;
  }
  other.make_empty();
}

template <typename T>
MapleTree<T>::MapleTree(MapleTree&& other) noexcept {
  take_over(other);
}

template <typename T>
auto MapleTree<T>::operator=(MapleTree&& other) noexcept -> MapleTree& {
  if (this != &other) take_over(other);
  return *this;
}

template <typename T>
void MapleTree<T>::clear() {
  pool_.reset();
  make_empty();
}

template <typename T>
auto MapleTree<T>::duplicate() const -> MapleTree {
  if (height_ == 1) return MapleTree{root_->leaf};
  MapleTree copy{height_};
  copy.copy_nodes(*this);
  return copy;
}

template <typename T>
void MapleTree<T>::copy(const MapleTree& other) {
  clear();
  if (other.height_ == 1) {
    own_.leaf = other.root_->leaf;
  } else {
    copy_nodes(other);
  }
}

/// Of one that is higher than a node; all nodes of this one are free.
template <typename T>
void MapleTree<T>::copy_nodes(const MapleTree& other) {
  if (!pool_.reserve(other.pool_.in_use())) throw std::bad_alloc{};
  Leaf* before = nullptr;
  root_ = other.copy_below(*other.root_, 0, pool_, before);
  height_ = other.height_;
}

template <typename T>
auto MapleTree<T>::copy_below(const Node& node, unsigned depth, Pool& pool, Leaf*& before) const
    -> Node* {
  Node* copy = pool.take();
  *copy = node;
  if (depth + 1 == height_) {
    copy->leaf.prev = before;
    copy->leaf.next = nullptr;
    if (before != nullptr) before->next = &copy->leaf;
    before = &copy->leaf;
    return copy;
  }
  for (unsigned slot = 0; slot < node.inner.count; ++slot) {
    copy->inner.child[slot] =
        copy_below(*static_cast<Node*>(node.inner.child[slot]), depth + 1, pool, before);
  }
  return copy;
}

}  // namespace vmadiff::impl
