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

/// One check: walks in order and keeps the first thing that is wrong.
template <typename T>
struct MapleTree<T>::Check {
  const MapleTree& tree;
  std::optional<std::string> broken;
  std::size_t nodes = 0;

  template <typename... Args>
  void fail(unsigned depth, Key min, Key max, fmt::format_string<Args...> what, Args&&... args) {
    if (broken) return;
    broken = fmt::format("maple tree: {} at depth {} [{:#x}, {:#x}]: {}",
                         depth + 1 == tree.height_ ? "leaf" : "inner node", depth, min, max,
                         fmt::format(what, std::forward<Args>(args)...));
  }

  /// Invariants 1 and 3. False where the node cannot be looked at any further.
  template <typename NodeKind>
  bool slots_are_sound(const NodeKind& node, unsigned depth, Key min, Key max, unsigned least,
                       unsigned most) {
    if (node.count < least || node.count > most) {
      fail(depth, min, max, "{} slots, expected {} to {}", node.count, least, most);
      return false;
    }
    Key first = min;
    for (unsigned slot = 0; slot + 1 < node.count; ++slot) {
      const Key pivot = node.pivot[slot];
      if (pivot < first || pivot >= max) {
        fail(depth, min, max, "pivot {} is {:#x}, expected one in [{:#x}, {:#x})", slot, pivot,
             first, max);
        return false;
      }
      first = pivot + 1;
    }
    return true;
  }

  void leaf(const Node& node, unsigned depth, Key min, Key max) {
    const auto& leaf = node.leaf;
    const unsigned least = depth == 0 ? 1 : kMapleLeafSlotsMin;
    if (!slots_are_sound(leaf, depth, min, max, least, kMapleLeafSlots)) return;
    for (unsigned slot = 0; slot + 1 < leaf.count; ++slot) {
      if (is_null(leaf.value[slot]) && is_null(leaf.value[slot + 1])) {
        fail(depth, min, max, "slots {} and {} are both null", slot, slot + 1);
      }
    }
    if (max != kKeyMax && is_null(leaf.value[leaf.count - 1])) {
      fail(depth, min, max, "ends in a null slot, and it is not the last leaf");
    }
  }

  /// Returns the longest gap below.
  Key below(const Node& node, unsigned depth, Key min, Key max) {
    ++nodes;
    if (depth + 1 == tree.height_) {
      leaf(node, depth, min, max);
      return broken ? 0 : longest_gap(node.leaf, min, max);
    }
    const auto& inner = node.inner;
    const unsigned least = depth == 0 ? 2 : kMapleInnerSlotsMin;
    if (!slots_are_sound(inner, depth, min, max, least, kMapleInnerSlots)) return 0;
    Key longest = 0;
    for (unsigned slot = 0; slot < inner.count && !broken; ++slot) {
      if (inner.child[slot] == nullptr) {
        fail(depth, min, max, "child {} is missing", slot);
        return 0;
      }
      const Key gap = below(*inner.child[slot], depth + 1, slot_first(inner, slot, min),
                            slot_last(inner, slot, max));
      if (gap != inner.gap[slot]) {
        fail(depth, min, max, "gap {} is {:#x}, the longest below it is {:#x}", slot,
             inner.gap[slot], gap);
      }
      longest = std::max(longest, gap);
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
  if (!check.broken && check.nodes != pool_.in_use()) {
    return fmt::format("maple tree: {} nodes can be reached, {} are in use", check.nodes,
                       pool_.in_use());
  }
  return std::move(check.broken);
}

// --- whole trees ------------------------------------------------------------------------------

/// Requires a free node in the pool.
template <typename T>
void MapleTree<T>::make_empty() {
  root_ = pool_.take();
  root_->leaf.count = 1;
  root_->leaf.value[0] = T{};
  height_ = 1;
}

template <typename T>
MapleTree<T>::MapleTree() {
  if (!pool_.reserve(1)) throw std::bad_alloc{};
  make_empty();
}

template <typename T>
MapleTree<T>::MapleTree(MapleTree&& other) noexcept
    : pool_(std::move(other.pool_)),
      root_(std::exchange(other.root_, nullptr)),
      height_(other.height_),
      fail_countdown_(other.fail_countdown_) {}

template <typename T>
auto MapleTree<T>::operator=(MapleTree&& other) noexcept -> MapleTree& {
  pool_ = std::move(other.pool_);
  root_ = std::exchange(other.root_, nullptr);
  height_ = other.height_;
  fail_countdown_ = other.fail_countdown_;
  return *this;
}

template <typename T>
void MapleTree<T>::clear() {
  pool_.reset();
  make_empty();
  fail_countdown_ = 0;
}

template <typename T>
auto MapleTree<T>::duplicate() const -> MapleTree {
  MapleTree copy;
  if (!copy.pool_.reserve(pool_.in_use())) throw std::bad_alloc{};
  copy.pool_.reset();
  copy.root_ = copy_below(*root_, 0, copy.pool_);
  copy.height_ = height_;
  return copy;
}

template <typename T>
auto MapleTree<T>::copy_below(const Node& node, unsigned depth, Pool& pool) const -> Node* {
  Node* copy = pool.take();
  *copy = node;
  if (depth + 1 == height_) return copy;
  for (unsigned slot = 0; slot < node.inner.count; ++slot) {
    copy->inner.child[slot] = copy_below(*node.inner.child[slot], depth + 1, pool);
  }
  return copy;
}

}  // namespace vmadiff::impl
