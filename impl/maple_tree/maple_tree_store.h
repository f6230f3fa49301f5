// impl: maple tree, part of maple_tree.h: changing it.
//
// A store that stays within one leaf, and leaves it a legal leaf, edits it in place. Any other one
// gathers what is left of the outermost affected leaves, and the new range between them, in a
// buffer; pulls in a neighbouring leaf where that would be too little for a leaf; cuts the buffer
// into new leaves; and then replaces the old ones in the level above in the same manner, until one
// node takes the change in place or a new root is made. Old nodes give up the children that live
// on, so that freeing the replaced subtrees at the end frees exactly what is dead.
//
// The way to the leaf that was changed last is kept: what is mapped, split or merged next is often
// there. Gaps are compared before they are counted: only where the longest one of a node became
// shorter are all of its slots looked at.
#pragma once

#include <algorithm>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

/// What the affected leaves will hold. At most: a leaf before and one behind the range (or pulled
/// in), the new range, what sticks out at both sides, and a further leaf pulled in.
template <typename T>
struct MapleTree<T>::LeafBuffer {
  static constexpr unsigned kCapacity = 4 * kMapleSlots;
  unsigned count = 0;
  Key last[kCapacity];
  Key first[kCapacity];
  T value[kCapacity];

  void push(Key begin, Key end, T what) {
    first[count] = begin;
    last[count] = end;
    value[count] = what;
    ++count;
  }
  void push(const Leaf& leaf, unsigned from, unsigned to) {
    std::copy(leaf.first + from, leaf.first + to, first + count);
    std::copy(leaf.last + from, leaf.last + to, last + count);
    std::copy(leaf.value + from, leaf.value + to, value + count);
    count += to - from;
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
  static constexpr unsigned kCapacity = 4 * kMapleSlots;
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
  void take(MapleInner& inner, unsigned from, unsigned to, Key max) {
    for (unsigned slot = from; slot < to; ++slot) {
      push(static_cast<Node*>(inner.child[slot]), pivot_of(inner, slot, max), inner.gap[slot]);
      inner.child[slot] = nullptr;
    }
  }
};

/// Moves `count` slots of an array from one place in it to another, which may overlap.
template <typename U>
void shift_slots(U* slots, unsigned from, unsigned to, unsigned count) {
  if (to <= from) {
    std::copy(slots + from, slots + from + count, slots + to);
  } else {
    std::copy_backward(slots + from, slots + from + count, slots + to + count);
  }
}

// --- paths ------------------------------------------------------------------------------------

template <typename T>
auto MapleTree<T>::node_min(const Path& path, unsigned depth) -> Key {
  while (depth > 0 && path.slot[depth - 1] == 0) --depth;
  return depth == 0 ? 0 : inner_of(path.node[depth - 1]).pivot[path.slot[depth - 1] - 1] + 1;
}

template <typename T>
auto MapleTree<T>::node_max(const Path& path, unsigned depth) -> Key {
  while (depth > 0 && path.slot[depth - 1] + 1 == inner_of(path.node[depth - 1]).count) --depth;
  return depth == 0 ? kKeyMax : inner_of(path.node[depth - 1]).pivot[path.slot[depth - 1]];
}

template <typename T>
bool MapleTree<T>::step_right(Path& path, unsigned depth) {
  unsigned up = depth;
  while (up > 0 && path.slot[up - 1] + 1 == inner_of(path.node[up - 1]).count) --up;
  if (up == 0) return false;
  ++path.slot[up - 1];
  for (; up <= depth; ++up) {
    path.node[up] = inner_of(path.node[up - 1]).child[path.slot[up - 1]];
    path.slot[up] = 0;
  }
  return true;
}

template <typename T>
bool MapleTree<T>::step_left(Path& path, unsigned depth) {
  unsigned up = depth;
  while (up > 0 && path.slot[up - 1] == 0) --up;
  if (up == 0) return false;
  --path.slot[up - 1];
  for (; up < depth; ++up) {
    path.node[up] = inner_of(path.node[up - 1]).child[path.slot[up - 1]];
    path.slot[up] = inner_of(path.node[up]).count - 1;
  }
  path.node[depth] = inner_of(path.node[depth - 1]).child[path.slot[depth - 1]];
  path.slot[depth] = 0;
  return true;
}

/// Leads path_ to the slot for `key`, from the leaf where it ends already if that is the one.
template <typename T>
void MapleTree<T>::find_place(Key key) {
  const unsigned depth = height_ - 1;
  if (path_is_known_) {
    const Leaf& leaf = leaf_of(path_.node[depth]);
    if (leaf.count > 0 && leaf.first[0] <= key &&
        (leaf.next == nullptr || key <= leaf.last[leaf.count - 1])) {
      path_.slot[depth] = maple_search->count_below(leaf.last, key);
      return;
    }
  }
  maple_search->walk_path(root_, height_, key, path_);
  path_is_known_ = true;
}

// --- entry points -----------------------------------------------------------------------------

template <typename T>
bool MapleTree<T>::is_to_fail() {
  const bool fails = fail_countdown_ == 1;
  if (fail_countdown_ > 0) --fail_countdown_;
  return fails;
}

template <typename T>
bool MapleTree<T>::reserve() {
  assert(height_ < kMapleHeightMax);  // at least 8^15 keys are below it
  // The bound does not depend on the range: each level is cut anew at two places at the most.
  return pool_.reserve(std::size_t{height_ + 1} * Replacements::kCapacity);
}

template <typename T>
bool MapleTree<T>::preallocate(Key /*first*/, Key /*last*/) {
  return !is_to_fail() && reserve();
}

template <typename T>
bool MapleTree<T>::store(Key first, Key last, T value) {
  if (is_to_fail()) return false;
  find_place(first);
  if (store_in_leaf(first, last, value)) return true;
  if (!reserve()) return false;
  store_slowly(first, last, value);
  return true;
}

template <typename T>
void MapleTree<T>::store_preallocated(Key first, Key last, T value) {
  find_place(first);
  if (!store_in_leaf(first, last, value)) store_slowly(first, last, value);
}

// --- within one leaf --------------------------------------------------------------------------

/// In front of an entry of a leaf that begins with `min`, or behind the last one.
template <typename T>
auto MapleTree<T>::gap_before(const Leaf& leaf, unsigned slot, Key min) -> Key {
  const Key from = slot == 0 ? min : leaf.last[slot - 1] + 1;
  if (slot < leaf.count) return leaf.first[slot] - from;
  return leaf.next == nullptr && (slot == 0 || from != 0) ? kKeyMax - from + 1 : 0;
}

template <typename T>
bool MapleTree<T>::store_in_leaf(Key first, Key last, T value) {
  const unsigned depth = height_ - 1;
  Leaf& leaf = leaf_of(path_.node[depth]);
  const unsigned count = leaf.count;
  const unsigned from = path_.slot[depth];  // entries [from, to) are replaced
  unsigned to = from;
  while (to < count && leaf.first[to] <= last) ++to;
  const unsigned dead = to - from;
  const bool is_last_leaf = leaf.next == nullptr;
  const bool is_stored = !is_null(value);
  if (to == count && !is_last_leaf && last > leaf.last[count - 1]) return false;
  const unsigned left = dead > 0 && leaf.first[from] < first ? 1 : 0;  // something sticks out
  const unsigned right = dead > 0 && last < leaf.last[to - 1] ? 1 : 0;
  const unsigned fresh = left + (is_stored ? 1 : 0) + right;
  if (dead + fresh == 0) return true;
  const unsigned new_count = count - dead + fresh;
  if (new_count > kMapleLeafSlotsMax || (depth > 0 && new_count < kMapleSlotsMin)) return false;
  if (to == count && !is_last_leaf && !is_stored && right == 0) {
    return erase_end_of_leaf(leaf, from, first);
  }

  const Key min = depth > 0 && from == 0 ? node_min(path_, depth) : 0;
  Key lost = 0;
  if (depth > 0) {
    for (unsigned slot = from; slot <= to; ++slot) {
      lost = std::max(lost, gap_before(leaf, slot, min));
    }
  }
  const Key end = right > 0 ? leaf.last[to - 1] : 0;
  const T behind = right > 0 ? leaf.value[to - 1] : T{};
  if (fresh != dead) {
    shift_slots(leaf.last, to, from + fresh, count - to);
    shift_slots(leaf.first, to, from + fresh, count - to);
    shift_slots(leaf.value, to, from + fresh, count - to);
    leaf.count = new_count;
    for (unsigned slot = new_count; slot < count; ++slot) {
      leaf.last[slot] = leaf.first[slot] = kKeyMax;
      leaf.value[slot] = T{};
    }
  }
  unsigned at = from;
  if (left > 0) leaf.last[at++] = first - 1;
  if (is_stored) {
    leaf.first[at] = first;
    leaf.last[at] = last;
    leaf.value[at++] = value;
  }
  if (right > 0) {
    leaf.first[at] = last + 1;
    leaf.last[at] = end;
    leaf.value[at] = behind;
  }
  if (depth > 0) {
    Key made = 0;
    for (unsigned slot = from; slot <= from + fresh; ++slot) {
      made = std::max(made, gap_before(leaf, slot, min));
    }
    update_gaps(path_, depth, lost, made);
  }
  return true;
}

/// Entries from `from` on, or what of it is at or behind `first`, give way to the gap that begins
/// the next leaf: this one ends earlier.
template <typename T>
bool MapleTree<T>::erase_end_of_leaf(Leaf& leaf, unsigned from, Key first) {
  const unsigned depth = height_ - 1;
  Path next = path_;
  if (!step_right(next, depth)) return false;
  // Enough entries for a leaf stay in front of it: no gap that is asked for begins with the leaf.
  assert(from > 0);
  Key lost = 0;
  for (unsigned slot = from; slot < leaf.count; ++slot) {
    lost = std::max(lost, gap_before(leaf, slot, 0));
  }
  Key made = 0;
  unsigned new_count = from;
  if (leaf.first[from] < first) {
    made = gap_before(leaf, from, 0);
    leaf.last[from] = first - 1;
    ++new_count;
  }
  for (unsigned slot = new_count; slot < leaf.count; ++slot) {
    leaf.last[slot] = leaf.first[slot] = kKeyMax;
    leaf.value[slot] = T{};
  }
  leaf.count = new_count;
  const Key max = leaf.last[new_count - 1];
  unsigned up = depth;
  while (path_.slot[up - 1] + 1 == inner_of(path_.node[up - 1]).count) --up;
  inner_of(path_.node[up - 1]).pivot[path_.slot[up - 1]] = max;
  update_gaps(path_, depth, lost, made);
  update_gaps(next, depth, 0, leaf.next->first[0] - max - 1);
  return true;
}

/// In node path[depth] gaps of at most `lost` keys have become others of at most `made`: carries
/// its longest gap up as far as that changes.
template <typename T>
void MapleTree<T>::update_gaps(const Path& path, unsigned depth, Key lost, Key made) {
  for (; depth > 0; --depth) {
    Key& known = inner_of(path.node[depth - 1]).gap[path.slot[depth - 1]];
    const Key before = known;
    if (made < before) {
      if (lost < before) return;
      made = depth + 1 == height_
                 ? maple_search->leaf_gap(leaf_of(path.node[depth]), node_min(path, depth))
                 : maple_search->inner_gap(inner_of(path.node[depth]));
    }
    if (made == before) return;
    known = made;
    lost = before;
  }
}

// --- over several leaves, or with a split or a merge ------------------------------------------

template <typename T>
void MapleTree<T>::store_slowly(Key first, Key last, T value) {
  const unsigned depth = height_ - 1;
  path_is_known_ = false;
  Path& left = path_;
  Path right = left;
  if (last > node_max(left, depth)) maple_search->walk_path(root_, height_, last, right);
  const Leaf& left_leaf = leaf_of(left.node[depth]);
  const Leaf& right_leaf = leaf_of(right.node[depth]);
  const unsigned from = left.slot[depth];
  const unsigned to = maple_search->count_below(right_leaf.last, last);

  LeafBuffer buffer;
  buffer.push(left_leaf, 0, from);
  if (from < left_leaf.count && left_leaf.first[from] < first) {
    buffer.push(left_leaf.first[from], first - 1, left_leaf.value[from]);
  }
  if (!is_null(value)) buffer.push(first, last, value);
  unsigned behind = to;
  if (to < right_leaf.count && right_leaf.first[to] <= last) {
    if (last < right_leaf.last[to])
      buffer.push(last + 1, right_leaf.last[to], right_leaf.value[to]);
    ++behind;
  }
  buffer.push(right_leaf, behind, right_leaf.count);
  const Growth growth = from == 0 ? Growth::kDownwards
                        : behind == right_leaf.count && right_leaf.next == nullptr
                            ? Growth::kUpwards
                            : Growth::kEverywhere;
  pull_leaves(buffer, left, right);

  Replacements fresh;
  make_leaves(buffer, left, right, growth, fresh);
  replace_children(left, right, fresh, growth);
}

/// Until the buffer is enough for a leaf and ends where the outermost one does.
template <typename T>
void MapleTree<T>::pull_leaves(LeafBuffer& buffer, Path& left, Path& right) {
  const unsigned depth = height_ - 1;
  while (true) {
    const bool is_enough = buffer.count >= kMapleSlotsMin;
    if (is_enough && buffer.last[buffer.count - 1] == node_max(right, depth)) return;
    if (step_right(right, depth)) {
      const Leaf& leaf = leaf_of(right.node[depth]);
      buffer.push(leaf, 0, leaf.count);
      continue;
    }
    if (is_enough || !step_left(left, depth)) return;
    const LeafBuffer behind = buffer;
    const Leaf& leaf = leaf_of(left.node[depth]);
    buffer.count = 0;
    buffer.push(leaf, 0, leaf.count);
    std::copy_n(behind.first, behind.count, buffer.first + buffer.count);
    std::copy_n(behind.last, behind.count, buffer.last + buffer.count);
    std::copy_n(behind.value, behind.count, buffer.value + buffer.count);
    buffer.count += behind.count;
  }
}

/// Where piece 1, 2, … of `count` slots ends, so that none has more than `most`.
template <typename T>
unsigned MapleTree<T>::cut_at(unsigned count, unsigned pieces, unsigned piece, unsigned most,
                              Growth growth) {
  if (pieces == 2 && piece == 1) {
    if (growth == Growth::kUpwards) return std::min(most, count - kMapleSlotsMin);
    if (growth == Growth::kDownwards) return count - std::min(most, count - kMapleSlotsMin);
  }
  return count * piece / pieces;
}

template <typename T>
void MapleTree<T>::make_leaves(const LeafBuffer& buffer, const Path& left, const Path& right,
                               Growth growth, Replacements& out) {
  const unsigned depth = height_ - 1;
  MapleLeafKeys* before = leaf_of(left.node[depth]).prev;
  MapleLeafKeys* const behind = leaf_of(right.node[depth]).next;
  Key min = node_min(left, depth);
  const unsigned pieces =
      buffer.count == 0 ? 1 : (buffer.count + kMapleLeafSlotsMax - 1) / kMapleLeafSlotsMax;
  unsigned from = 0;
  for (unsigned piece = 1; piece <= pieces; ++piece) {
    const unsigned to = cut_at(buffer.count, pieces, piece, kMapleLeafSlotsMax, growth);
    Node* node = pool_.take();
    Leaf& leaf = node->leaf;
    leaf.count = to - from;
    std::copy(buffer.first + from, buffer.first + to, leaf.first);
    std::copy(buffer.last + from, buffer.last + to, leaf.last);
    std::copy(buffer.value + from, buffer.value + to, leaf.value);
    std::fill(leaf.first + leaf.count, leaf.first + kMapleSlots, kKeyMax);
    std::fill(leaf.last + leaf.count, leaf.last + kMapleSlots, kKeyMax);
    std::fill(leaf.value + leaf.count, leaf.value + kMapleSlots, T{});
    leaf.prev = before;
    if (before != nullptr) before->next = &leaf;
    leaf.next = piece == pieces ? behind : &leaf;  // not null where another one follows
    before = &leaf;
    const Key max = piece == pieces && behind == nullptr ? kKeyMax : buffer.last[to - 1];
    out.push(node, max, maple_search->leaf_gap(leaf, min));
    min = max + 1;
    from = to;
  }
  if (behind != nullptr) behind->prev = before;
}

/// The leaves from left to right have become `fresh`: does the same for the levels above them.
template <typename T>
void MapleTree<T>::replace_children(Path& left, Path& right, Replacements& fresh, Growth growth) {
  Node* const old_root = root_;
  for (unsigned depth = height_ - 1; depth-- > 0;) {
    auto& from = inner_of(left.node[depth]);
    auto& to = inner_of(right.node[depth]);
    if (&from == &to && replace_in_place(left, right.slot[depth], depth, fresh)) return;
    const Key from_max = node_max(left, depth);
    const Key to_max = node_max(right, depth);
    InnerBuffer buffer;
    buffer.take(from, 0, left.slot[depth], from_max);
    for (unsigned i = 0; i < fresh.count; ++i) {
      buffer.push(fresh.node[i], fresh.last[i], fresh.gap[i]);
    }
    buffer.take(to, right.slot[depth] + 1, to.count, to_max);
    pull_inner(buffer, left, right, depth);
    fresh.count = 0;
    make_inner(buffer, growth, fresh);
  }
  grow_root(fresh, old_root);
}

/// Children [path[depth].slot, end_slot] become `fresh`, if the node stays a legal one.
template <typename T>
bool MapleTree<T>::replace_in_place(Path& path, unsigned end_slot, unsigned depth,
                                    const Replacements& fresh) {
  auto& inner = inner_of(path.node[depth]);
  const unsigned from = path.slot[depth];
  const unsigned old_count = inner.count;
  const unsigned tail = old_count - 1 - end_slot;
  const unsigned count = from + fresh.count + tail;
  if (count > kMapleInnerSlotsMax || count < (depth == 0 ? 2 : kMapleSlotsMin)) return false;
  Key lost = 0;
  for (unsigned slot = from; slot <= end_slot; ++slot) {
    lost = std::max(lost, inner.gap[slot]);
    free_below(static_cast<Node*>(inner.child[slot]), depth + 1, height_);
  }
  const unsigned tail_to = from + fresh.count;
  if (tail > 0) {
    shift_slots(inner.child, end_slot + 1, tail_to, tail);
    shift_slots(inner.gap, end_slot + 1, tail_to, tail);
    shift_slots(inner.pivot, end_slot + 1, tail_to, tail);
  }
  Key made = 0;
  for (unsigned i = 0; i < fresh.count; ++i) {
    const unsigned slot = from + i;
    inner.child[slot] = fresh.node[i];
    inner.gap[slot] = fresh.gap[i];
    inner.pivot[slot] = fresh.last[i];
    made = std::max(made, fresh.gap[i]);
  }
  inner.count = count;
  inner.pivot[count - 1] = kKeyMax;
  for (unsigned slot = count; slot < old_count; ++slot) {
    inner.pivot[slot] = kKeyMax;
    inner.gap[slot] = 0;
  }
  update_gaps(path, depth, lost, made);
  return true;
}

template <typename T>
void MapleTree<T>::pull_inner(InnerBuffer& buffer, Path& left, Path& right, unsigned depth) {
  while (buffer.count < kMapleSlotsMin) {
    if (step_right(right, depth)) {
      auto& inner = inner_of(right.node[depth]);
      buffer.take(inner, 0, inner.count, node_max(right, depth));
      continue;
    }
    if (!step_left(left, depth)) return;
    const InnerBuffer behind = buffer;
    auto& inner = inner_of(left.node[depth]);
    buffer.count = 0;
    buffer.take(inner, 0, inner.count, node_max(left, depth));
    for (unsigned i = 0; i < behind.count; ++i) {
      buffer.push(behind.child[i], behind.last[i], behind.gap[i]);
    }
  }
}

template <typename T>
void MapleTree<T>::make_inner(const InnerBuffer& buffer, Growth growth, Replacements& out) {
  // Downwards is so in a leaf alone: what is added in front of a leaf is rarely in front of all.
  if (growth == Growth::kDownwards) growth = Growth::kEverywhere;
  const unsigned pieces = (buffer.count + kMapleInnerSlotsMax - 1) / kMapleInnerSlotsMax;
  unsigned from = 0;
  for (unsigned piece = 1; piece <= pieces; ++piece) {
    const unsigned to = cut_at(buffer.count, pieces, piece, kMapleInnerSlotsMax, growth);
    Node* node = pool_.take();
    fill_inner(*node, buffer.child + from, buffer.last + from, buffer.gap + from, to - from);
    out.push(node, buffer.last[to - 1], maple_search->inner_gap(node->inner));
    from = to;
  }
}

template <typename T>
void MapleTree<T>::fill_inner(Node& node, Node* const* child, const Key* last, const Key* gap,
                              unsigned count) {
  auto& inner = node.inner;
  inner.count = count;
  std::copy(child, child + count, inner.child);
  std::copy(gap, gap + count, inner.gap);
  std::copy(last, last + count - 1, inner.pivot);
  std::fill(inner.gap + count, inner.gap + kMapleSlots, 0);
  std::fill(inner.pivot + count - 1, inner.pivot + kMapleSlots, kKeyMax);
}

/// The whole root has become `fresh`: one more level for several nodes; levels with a single
/// child go.
template <typename T>
void MapleTree<T>::grow_root(const Replacements& fresh, Node* old_root) {
  free_below(old_root, 0, height_);
  if (fresh.count == 1) {
    root_ = fresh.node[0];
    while (height_ > 1 && root_->inner.count == 1) {
      Node* child = static_cast<Node*>(root_->inner.child[0]);
      pool_.give_back(root_);
      root_ = child;
      --height_;
    }
    return;
  }
  root_ = pool_.take();
  fill_inner(*root_, fresh.node, fresh.last, fresh.gap, fresh.count);
  ++height_;
}

/// Frees a node and what is left below it, in a tree of the given height.
template <typename T>
void MapleTree<T>::free_below(Node* node, unsigned depth, unsigned height) {
  if (depth + 1 < height) {
    for (unsigned slot = 0; slot < node->inner.count; ++slot) {
      if (node->inner.child[slot] != nullptr) {
        free_below(static_cast<Node*>(node->inner.child[slot]), depth + 1, height);
      }
    }
  }
  if (node != &own_) pool_.give_back(node);
}

}  // namespace vmadiff::impl
