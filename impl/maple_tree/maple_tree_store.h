// impl: maple tree, part of maple_tree.h: changing it.
//
// A store that stays within one leaf, and leaves it a legal leaf, edits it in place. Any other one
// gathers what is left of the outermost affected leaves, and the new range between them, in a
// buffer; pulls in a neighbouring leaf where that would be too little for a leaf; cuts the buffer
// into new leaves; and then replaces the old ones in the level above in the same manner, until one
// node takes the change in place or a new root is made. Old nodes give up the children that live
// on, so that freeing the replaced subtrees at the end frees exactly what is dead.
#pragma once

#include <algorithm>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

/// What the affected leaves will hold. At most: a leaf before and one behind the range (or pulled
/// in), the new range, what sticks out at both sides, and a further leaf pulled in.
template <typename T>
struct MapleTree<T>::LeafBuffer {
  static constexpr unsigned kCapacity = 4 * kMapleLeafSlots;
  unsigned count = 0;
  Key last[kCapacity];
  T value[kCapacity];

  void push(Key end, T what) {
    if (count > 0 && is_null(what) && is_null(value[count - 1])) {
      last[count - 1] = end;
      return;
    }
    last[count] = end;
    value[count] = what;
    ++count;
  }
  void push(const MapleLeaf<T>& leaf, unsigned from, unsigned to, Key max) {
    for (unsigned slot = from; slot < to; ++slot)
      push(slot_last(leaf, slot, max), leaf.value[slot]);
  }
};

/// New nodes of one level, ascending, in place of the old ones.
template <typename T>
struct MapleTree<T>::Replacements {
  static constexpr unsigned kCapacity = 5;
  unsigned count = 0;
  Node* node[kCapacity];
  Key last[kCapacity];
  Key gap[kCapacity];

  void push(Node* fresh, Key end, Key longest) {
    node[count] = fresh;
    last[count] = end;
    gap[count] = longest;
    ++count;
  }
};

/// The children of the affected inner nodes of one level.
template <typename T>
struct MapleTree<T>::InnerBuffer {
  static constexpr unsigned kCapacity = 4 * kMapleInnerSlots;
  unsigned count = 0;
  Node* child[kCapacity];
  Key last[kCapacity];
  Key gap[kCapacity];

  void push(Node* node, Key end, Key longest) {
    child[count] = node;
    last[count] = end;
    gap[count] = longest;
    ++count;
  }
  /// Takes over the children [from, to): the old node no longer has them.
  void take(MapleInner<Node>& inner, unsigned from, unsigned to, Key max) {
    for (unsigned slot = from; slot < to; ++slot) {
      push(inner.child[slot], slot_last(inner, slot, max), inner.gap[slot]);
      inner.child[slot] = nullptr;
    }
  }
};

/// Moves `count` slots of an array from one place in it to another, which may overlap.
template <typename U>
void shift_slots(U* slots, unsigned from, unsigned to, unsigned count) {
  if (to <= from) {
    std::copy_n(slots + from, count, slots + to);
  } else {
    std::copy_backward(slots + from, slots + from + count, slots + to + count);
  }
}

// --- entry points -----------------------------------------------------------------------------

template <typename T>
bool MapleTree<T>::preallocate(Key /*first*/, Key /*last*/) {
  if (fail_countdown_ != 0) {
    --fail_countdown_;
    if (fail_countdown_ == 0) return false;
  }
  if (height_ == kMapleHeightMax) return false;
  // The bound does not depend on the range: each level is cut anew at two places at the most.
  return pool_.reserve(std::size_t{height_ + 1} * Replacements::kCapacity);
}

template <typename T>
bool MapleTree<T>::store(Key first, Key last, T value) {
  if (!preallocate(first, last)) return false;
  store_preallocated(first, last, value);
  return true;
}

template <typename T>
void MapleTree<T>::store_preallocated(Key first, Key last, T value) {
  Path path;
  walk(first, path);
  if (!store_in_leaf(path, first, last, value)) store_slowly(path, first, last, value);
}

// --- within one leaf --------------------------------------------------------------------------

template <typename T>
bool MapleTree<T>::store_in_leaf(Path& path, Key first, Key last, T value) {
  const Step& step = path.step[height_ - 1];
  if (last > step.max) return false;
  auto& leaf = step.node->leaf;
  unsigned from = step.slot;  // slots [from, to] are replaced
  unsigned to = from;
  while (slot_last(leaf, to, step.max) < last) ++to;
  Key from_first = slot_first(leaf, from, step.min);
  Key to_last = slot_last(leaf, to, step.max);
  if (is_null(value)) {
    // Neighbouring gaps become one with this one.
    if (from_first == first && from > 0 && is_null(leaf.value[from - 1])) {
      from_first = slot_first(leaf, --from, step.min);
    }
    if (to_last == last && to + 1 < leaf.count && is_null(leaf.value[to + 1])) {
      to_last = slot_last(leaf, ++to, step.max);
    }
    if (is_null(leaf.value[from])) first = from_first;
    if (is_null(leaf.value[to])) last = to_last;
  }
  const T before = leaf.value[from];
  const T behind = leaf.value[to];
  const unsigned left = from_first < first ? 1 : 0;  // something sticks out
  const unsigned right = last < to_last ? 1 : 0;
  const unsigned tail = leaf.count - 1 - to;
  const unsigned count = from + left + 1 + right + tail;
  const bool is_last_leaf = step.max == kKeyMax;
  const bool ends_null = tail > 0    ? is_null(leaf.value[leaf.count - 1])
                         : right > 0 ? is_null(behind)
                                     : is_null(value);
  if (count > kMapleLeafSlots || (height_ > 1 && count < kMapleLeafSlotsMin) ||
      (ends_null && !is_last_leaf)) {
    return false;
  }

  const unsigned at = from + left;
  const unsigned tail_to = at + 1 + right;
  if (tail > 0) {
    shift_slots(leaf.value, to + 1, tail_to, tail);
    shift_slots(leaf.pivot, to + 1, tail_to, tail - 1);
  }
  const auto put = [&](unsigned slot, Key end, T what) {
    leaf.value[slot] = what;
    if (slot + 1 < count) leaf.pivot[slot] = end;
  };
  if (left > 0) put(from, first - 1, before);
  put(at, last, value);
  if (right > 0) put(at + 1, to_last, behind);
  leaf.count = count;
  update_gaps(path, height_ - 1);
  return true;
}

/// Node path[depth] was edited in place: carries its longest gap up as far as that changes.
template <typename T>
void MapleTree<T>::update_gaps(const Path& path, unsigned depth) {
  for (; depth > 0; --depth) {
    const Step& step = path.step[depth];
    const Key gap = depth + 1 == height_ ? longest_gap(step.node->leaf, step.min, step.max)
                                         : longest_gap(step.node->inner);
    Key& known = path.step[depth - 1].node->inner.gap[path.step[depth - 1].slot];
    if (known == gap) return;
    known = gap;
  }
}

// --- over several leaves, or with a split or a merge ------------------------------------------

template <typename T>
void MapleTree<T>::store_slowly(Path& left, Key first, Key last, T value) {
  Path right = left;
  if (last > left.step[height_ - 1].max) walk(last, right);
  const Step& from = left.step[height_ - 1];
  const Step to = right.step[height_ - 1];
  const auto& left_leaf = from.node->leaf;
  const auto& right_leaf = to.node->leaf;
  const unsigned to_slot = slot_of(right_leaf, last);
  const Key to_last = slot_last(right_leaf, to_slot, to.max);

  LeafBuffer buffer;
  buffer.push(left_leaf, 0, from.slot, from.max);
  if (slot_first(left_leaf, from.slot, from.min) < first) {
    buffer.push(first - 1, left_leaf.value[from.slot]);
  }
  buffer.push(last, value);
  if (last < to_last) buffer.push(to_last, right_leaf.value[to_slot]);
  buffer.push(right_leaf, to_slot + 1, right_leaf.count, to.max);
  pull_leaves(buffer, left, right);

  Replacements fresh;
  make_leaves(buffer, left.step[height_ - 1].min, fresh);
  replace_children(left, right, fresh);
}

/// Until the buffer is enough for a leaf and does not end in a gap that goes on in the next one.
template <typename T>
void MapleTree<T>::pull_leaves(LeafBuffer& buffer, Path& left, Path& right) {
  const unsigned depth = height_ - 1;
  while (buffer.count < kMapleLeafSlotsMin || is_null(buffer.value[buffer.count - 1])) {
    if (step_right(right, depth)) {
      const Step& step = right.step[depth];
      buffer.push(step.node->leaf, 0, step.node->leaf.count, step.max);
      continue;
    }
    if (buffer.count >= kMapleLeafSlotsMin || !step_left(left, depth)) return;
    const Step& step = left.step[depth];
    const LeafBuffer behind = buffer;
    buffer.count = 0;
    buffer.push(step.node->leaf, 0, step.node->leaf.count, step.max);
    for (unsigned i = 0; i < behind.count; ++i) buffer.push(behind.last[i], behind.value[i]);
  }
}

/// Even pieces, but a gap is never the last slot of a piece: it goes to the piece before the next
/// entry. For that each piece has one slot to spare.
template <typename T>
void MapleTree<T>::make_leaves(const LeafBuffer& buffer, Key min, Replacements& out) {
  constexpr unsigned kFull = kMapleLeafSlots - 1;
  const unsigned pieces = buffer.count <= kMapleLeafSlots ? 1 : (buffer.count + kFull - 1) / kFull;
  unsigned from = 0;
  for (unsigned piece = 1; piece <= pieces; ++piece) {
    unsigned to = buffer.count * piece / pieces;
    if (to < buffer.count && is_null(buffer.value[to - 1])) ++to;
    Node* node = pool_.take();
    auto& leaf = node->leaf;
    leaf.count = to - from;
    std::copy(buffer.value + from, buffer.value + to, leaf.value);
    std::copy(buffer.last + from, buffer.last + to - 1, leaf.pivot);
    const Key max = buffer.last[to - 1];
    out.push(node, max, longest_gap(leaf, min, max));
    min = max + 1;
    from = to;
  }
}

/// The leaves from left to right have become `fresh`: does the same for the levels above them.
template <typename T>
void MapleTree<T>::replace_children(Path& left, Path& right, Replacements& fresh) {
  Node* const old_root = root_;
  for (unsigned depth = height_ - 1; depth-- > 0;) {
    Step& from = left.step[depth];
    Step& to = right.step[depth];
    if (from.node == to.node && replace_in_place(left, to.slot, depth, fresh)) return;
    InnerBuffer buffer;
    auto& right_inner = to.node->inner;
    const unsigned right_count = right_inner.count;
    buffer.take(from.node->inner, 0, from.slot, from.max);
    for (unsigned i = 0; i < fresh.count; ++i) {
      buffer.push(fresh.node[i], fresh.last[i], fresh.gap[i]);
    }
    buffer.take(right_inner, to.slot + 1, right_count, to.max);
    pull_inner(buffer, left, right, depth);
    fresh.count = 0;
    make_inner(buffer, fresh);
  }
  grow_root(fresh, old_root);
}

/// Children [path[depth].slot, end_slot] become `fresh`, if the node stays a legal one.
template <typename T>
bool MapleTree<T>::replace_in_place(Path& path, unsigned end_slot, unsigned depth,
                                    const Replacements& fresh) {
  const Step& step = path.step[depth];
  auto& inner = step.node->inner;
  const unsigned dead = end_slot + 1 - step.slot;
  const unsigned tail = inner.count - 1 - end_slot;
  const unsigned count = step.slot + fresh.count + tail;
  if (count > kMapleInnerSlots || count < (depth == 0 ? 2 : kMapleInnerSlotsMin)) return false;
  for (unsigned i = 0; i < dead; ++i) free_below(inner.child[step.slot + i], depth + 1, height_);
  const unsigned tail_to = step.slot + fresh.count;
  if (tail > 0) {
    shift_slots(inner.child, end_slot + 1, tail_to, tail);
    shift_slots(inner.gap, end_slot + 1, tail_to, tail);
    shift_slots(inner.pivot, end_slot + 1, tail_to, tail - 1);
  }
  for (unsigned i = 0; i < fresh.count; ++i) {
    const unsigned slot = step.slot + i;
    inner.child[slot] = fresh.node[i];
    inner.gap[slot] = fresh.gap[i];
    if (slot + 1 < count) inner.pivot[slot] = fresh.last[i];
  }
  inner.count = count;
  update_gaps(path, depth);
  return true;
}

template <typename T>
void MapleTree<T>::pull_inner(InnerBuffer& buffer, Path& left, Path& right, unsigned depth) {
  while (buffer.count < kMapleInnerSlotsMin) {
    if (step_right(right, depth)) {
      const Step& step = right.step[depth];
      buffer.take(step.node->inner, 0, step.node->inner.count, step.max);
      continue;
    }
    if (!step_left(left, depth)) return;
    const Step& step = left.step[depth];
    const InnerBuffer behind = buffer;
    buffer.count = 0;
    buffer.take(step.node->inner, 0, step.node->inner.count, step.max);
    for (unsigned i = 0; i < behind.count; ++i) {
      buffer.push(behind.child[i], behind.last[i], behind.gap[i]);
    }
  }
}

template <typename T>
void MapleTree<T>::make_inner(const InnerBuffer& buffer, Replacements& out) {
  const unsigned pieces = (buffer.count + kMapleInnerSlots - 1) / kMapleInnerSlots;
  unsigned from = 0;
  for (unsigned piece = 1; piece <= pieces; ++piece) {
    const unsigned to = buffer.count * piece / pieces;
    Node* node = pool_.take();
    auto& inner = node->inner;
    inner.count = to - from;
    std::copy(buffer.child + from, buffer.child + to, inner.child);
    std::copy(buffer.gap + from, buffer.gap + to, inner.gap);
    std::copy(buffer.last + from, buffer.last + to - 1, inner.pivot);
    out.push(node, buffer.last[to - 1], longest_gap(inner));
    from = to;
  }
}

/// The whole root has become `fresh`: one more level for several nodes; levels with a single
/// child go.
template <typename T>
void MapleTree<T>::grow_root(const Replacements& fresh, Node* old_root) {
  free_below(old_root, 0, height_);
  if (fresh.count == 1) {
    root_ = fresh.node[0];
    while (height_ > 1 && root_->inner.count == 1) {
      Node* child = root_->inner.child[0];
      pool_.give_back(root_);
      root_ = child;
      --height_;
    }
    return;
  }
  root_ = pool_.take();
  auto& inner = root_->inner;
  inner.count = fresh.count;
  std::copy(fresh.node, fresh.node + fresh.count, inner.child);
  std::copy(fresh.gap, fresh.gap + fresh.count, inner.gap);
  std::copy(fresh.last, fresh.last + fresh.count - 1, inner.pivot);
  ++height_;
}

/// Frees a node and what is left below it, in a tree of the given height.
template <typename T>
void MapleTree<T>::free_below(Node* node, unsigned depth, unsigned height) {
  if (depth + 1 < height) {
    for (unsigned slot = 0; slot < node->inner.count; ++slot) {
      if (node->inner.child[slot] != nullptr) {
        free_below(node->inner.child[slot], depth + 1, height);
      }
    }
  }
  pool_.give_back(node);
}

}  // namespace vmadiff::impl
