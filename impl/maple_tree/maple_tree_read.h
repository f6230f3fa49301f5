// impl: maple tree, part of maple_tree.h: looking up, walking, searching for room, copying.
#pragma once

#include <algorithm>
#include <new>
#include <utility>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

// --- slots of one node ------------------------------------------------------------------------

template <typename T>
template <typename NodeKind>
unsigned MapleTree<T>::slot_of(const NodeKind& node, Key key) {
  // Counting costs less than a loop that ends at the place, which no branch predictor foresees.
  unsigned slot = 0;
  for (unsigned i = 0; i + 1 < node.count; ++i) slot += node.pivot[i] < key ? 1 : 0;
  return slot;
}

template <typename T>
template <typename NodeKind>
auto MapleTree<T>::slot_first(const NodeKind& node, unsigned slot, Key min) -> Key {
  return slot == 0 ? min : node.pivot[slot - 1] + 1;
}

template <typename T>
template <typename NodeKind>
auto MapleTree<T>::slot_last(const NodeKind& node, unsigned slot, Key max) -> Key {
  return slot + 1 == node.count ? max : node.pivot[slot];
}

/// Overflows to 0 only for a gap of all 2^64 keys, which only a root leaf has.
template <typename T>
auto MapleTree<T>::longest_gap(const MapleLeaf<T>& leaf, Key min, Key max) -> Key {
  const auto gap_of = [](T value, Key first, Key last) {
    return is_null(value) ? last - first + 1 : 0;
  };
  Key longest = 0;
  Key first = min;
  for (unsigned slot = 0; slot + 1 < leaf.count; ++slot) {
    longest = std::max(longest, gap_of(leaf.value[slot], first, leaf.pivot[slot]));
    first = leaf.pivot[slot] + 1;
  }
  return std::max(longest, gap_of(leaf.value[leaf.count - 1], first, max));
}

template <typename T>
auto MapleTree<T>::longest_gap(const MapleInner<Node>& inner) -> Key {
  return *std::max_element(inner.gap, inner.gap + inner.count);
}

// --- paths ------------------------------------------------------------------------------------

template <typename T>
auto MapleTree<T>::walk(Key key) const -> Walk {
  Walk at{root_, 0, 0, kKeyMax};
  for (unsigned depth = 0; depth + 1 < height_; ++depth) {
    const auto& inner = at.leaf->inner;
    const unsigned slot = slot_of(inner, key);
    at = {inner.child[slot], 0, slot_first(inner, slot, at.min), slot_last(inner, slot, at.max)};
  }
  at.slot = slot_of(at.leaf->leaf, key);
  return at;
}

template <typename T>
void MapleTree<T>::walk(Key key, Path& path) const {
  Step* step = path.step;
  *step = {root_, 0, 0, kKeyMax};
  for (unsigned depth = 0; depth + 1 < height_; ++depth) {
    const auto& inner = step->node->inner;
    const unsigned slot = step->slot = slot_of(inner, key);
    step[1] = {inner.child[slot], 0, slot_first(inner, slot, step->min),
               slot_last(inner, slot, step->max)};
    ++step;
  }
  step->slot = slot_of(step->node->leaf, key);
}

template <typename T>
bool MapleTree<T>::step_right(Path& path, unsigned depth) const {
  unsigned up = depth;
  while (up > 0 && path.step[up - 1].slot + 1 == path.step[up - 1].node->inner.count) --up;
  if (up == 0) return false;
  ++path.step[up - 1].slot;
  for (; up <= depth; ++up) {
    const Step& above = path.step[up - 1];
    const auto& inner = above.node->inner;
    path.step[up] = {inner.child[above.slot], 0, slot_first(inner, above.slot, above.min),
                     slot_last(inner, above.slot, above.max)};
  }
  return true;
}

template <typename T>
bool MapleTree<T>::step_left(Path& path, unsigned depth) const {
  unsigned up = depth;
  while (up > 0 && path.step[up - 1].slot == 0) --up;
  if (up == 0) return false;
  --path.step[up - 1].slot;
  for (; up <= depth; ++up) {
    const Step& above = path.step[up - 1];
    const auto& inner = above.node->inner;
    Node* child = inner.child[above.slot];
    const bool is_leaf = up + 1 == height_;
    path.step[up] = {child, (is_leaf ? child->leaf.count : child->inner.count) - 1,
                     slot_first(inner, above.slot, above.min),
                     slot_last(inner, above.slot, above.max)};
  }
  return true;
}

// --- looking up -------------------------------------------------------------------------------

template <typename T>
T MapleTree<T>::load(Key key) const {
  const Walk at = walk(key);
  return at.leaf->leaf.value[at.slot];
}

template <typename T>
auto MapleTree<T>::find(Key key, Key limit) const -> std::optional<Entry> {
  const Walk at = walk(key);
  const auto& leaf = at.leaf->leaf;
  unsigned slot = at.slot;
  // By invariant 4 one step is enough, and behind the last leaf there is nothing.
  if (is_null(leaf.value[slot])) {
    if (++slot == leaf.count) return std::nullopt;
  }
  const Key first = slot_first(leaf, slot, at.min);
  if (first > limit || key > limit) return std::nullopt;
  return Entry{first, slot_last(leaf, slot, at.max), leaf.value[slot]};
}

template <typename T>
auto MapleTree<T>::find_reverse(Key key, Key limit) const -> std::optional<Entry> {
  if (key < limit) return std::nullopt;
  const Walk at = walk(key);
  const auto& leaf = at.leaf->leaf;
  unsigned slot = at.slot;
  if (is_null(leaf.value[slot])) {
    if (slot == 0) {
      // The gap begins its leaf: the entry before it is the last one of the leaf before.
      if (at.min == 0 || at.min - 1 < limit) return std::nullopt;
      return find_reverse(at.min - 1, limit);
    }
    --slot;
  }
  const Key last = slot_last(leaf, slot, at.max);
  if (last < limit) return std::nullopt;
  return Entry{slot_first(leaf, slot, at.min), last, leaf.value[slot]};
}

template <typename T>
bool MapleTree<T>::is_empty() const {
  return !find(0);
}

template <typename T>
std::size_t MapleTree<T>::size() const {
  std::size_t entries = 0;
  for_each_value([&](T) { ++entries; });
  return entries;
}

template <typename T>
template <typename Visit>
void MapleTree<T>::for_each_value(Visit&& visit) const {
  visit_below(*root_, 0, visit);
}

template <typename T>
template <typename Visit>
void MapleTree<T>::visit_below(const Node& node, unsigned depth, Visit& visit) const {
  if (depth + 1 == height_) {
    for (unsigned slot = 0; slot < node.leaf.count; ++slot) {
      if (!is_null(node.leaf.value[slot])) visit(node.leaf.value[slot]);
    }
    return;
  }
  for (unsigned slot = 0; slot < node.inner.count; ++slot) {
    visit_below(*node.inner.child[slot], depth + 1, visit);
  }
}

// --- walking ----------------------------------------------------------------------------------

template <typename T>
T MapleTree<T>::Cursor::seek(Key key) {
  tree_->walk(key, path_);
  place_ = Place::kSlot;
  return value();
}

template <typename T>
T MapleTree<T>::Cursor::next() {
  if (place_ == Place::kBehindLast) return T{};
  if (place_ != Place::kSlot && !is_null(seek(0))) return value();
  const unsigned depth = tree_->height_ - 1;
  Step& step = path_.step[depth];
  do {
    if (++step.slot < step.node->leaf.count) continue;
    if (!tree_->step_right(path_, depth)) {
      place_ = Place::kBehindLast;
      return T{};
    }
  } while (is_null(value()));
  return value();
}

template <typename T>
T MapleTree<T>::Cursor::prev() {
  if (place_ == Place::kBeforeFirst) return T{};
  if (place_ != Place::kSlot && !is_null(seek(kKeyMax))) return value();
  const unsigned depth = tree_->height_ - 1;
  Step& step = path_.step[depth];
  do {
    if (step.slot > 0) {
      --step.slot;
    } else if (!tree_->step_left(path_, depth)) {
      place_ = Place::kBeforeFirst;
      return T{};
    }
  } while (is_null(value()));
  return value();
}

template <typename T>
auto MapleTree<T>::Cursor::first() const -> Key {
  return slot_first(leaf_step().node->leaf, leaf_step().slot, leaf_step().min);
}

template <typename T>
auto MapleTree<T>::Cursor::last() const -> Key {
  return slot_last(leaf_step().node->leaf, leaf_step().slot, leaf_step().max);
}

template <typename T>
T MapleTree<T>::Cursor::value() const {
  return leaf_step().node->leaf.value[leaf_step().slot];
}

/// An input iterator over entries; the end is where the cursor stands on no slot.
template <typename T>
class MapleTree<T>::Iterator {
 public:
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;

  Iterator(const MapleTree& tree, bool at_end) : cursor_(tree) {
    if (!at_end) cursor_.next();
  }
  [[nodiscard]] Entry operator*() const {
    return {cursor_.first(), cursor_.last(), cursor_.value()};
  }
  Iterator& operator++() {
    cursor_.next();
    return *this;
  }
  void operator++(int) { cursor_.next(); }
  friend bool operator==(const Iterator& a, const Iterator& b) {
    if (!a.cursor_.is_placed() || !b.cursor_.is_placed()) {
      return a.cursor_.is_placed() == b.cursor_.is_placed();
    }
    return a.cursor_.first() == b.cursor_.first();
  }

 private:
  Cursor cursor_;
};

template <typename T>
auto MapleTree<T>::begin() const -> Iterator {
  return Iterator{*this, false};
}

template <typename T>
auto MapleTree<T>::end() const -> Iterator {
  return Iterator{*this, true};
}

// --- searching for room -----------------------------------------------------------------------

template <typename T>
auto MapleTree<T>::lowest_empty_area(Key low, Key high, Key size) const -> std::optional<Key> {
  if (size == 0 || high <= low || high - low < size) return std::nullopt;
  return lowest_below(*root_, 0, 0, kKeyMax, low, high - 1, size);
}

template <typename T>
auto MapleTree<T>::highest_empty_area(Key low, Key high, Key size) const -> std::optional<Key> {
  if (size == 0 || high <= low || high - low < size) return std::nullopt;
  return highest_below(*root_, 0, 0, kKeyMax, low, high - 1, size);
}

/// [low, top] is the window, closed. A gap is only of use where it lies in the window, so a child
/// with a long enough gap may still yield nothing.
template <typename T>
auto MapleTree<T>::lowest_below(const Node& node, unsigned depth, Key min, Key max, Key low,
                                Key top, Key size) const -> std::optional<Key> {
  const bool is_leaf = depth + 1 == height_;
  const unsigned count = is_leaf ? node.leaf.count : node.inner.count;
  const unsigned from = is_leaf ? slot_of(node.leaf, low) : slot_of(node.inner, low);
  Key first = is_leaf ? slot_first(node.leaf, from, min) : slot_first(node.inner, from, min);
  for (unsigned slot = from; slot < count && first <= top; ++slot) {
    const Key last = is_leaf ? slot_last(node.leaf, slot, max) : slot_last(node.inner, slot, max);
    if (is_leaf) {
      const Key start = std::max(first, low);
      const Key stop = std::min(last, top);
      if (is_null(node.leaf.value[slot]) && stop - start >= size - 1) return start;
    } else if (node.inner.gap[slot] >= size) {
      const auto found = lowest_below(*node.inner.child[slot], depth + 1, first, last,
                                      std::max(low, first), top, size);
      if (found) return found;
    }
    if (last == max) break;
    first = last + 1;
  }
  return std::nullopt;
}

template <typename T>
auto MapleTree<T>::highest_below(const Node& node, unsigned depth, Key min, Key max, Key low,
                                 Key top, Key size) const -> std::optional<Key> {
  const bool is_leaf = depth + 1 == height_;
  Key last = max;
  unsigned slot = is_leaf ? slot_of(node.leaf, top) : slot_of(node.inner, top);
  last = is_leaf ? slot_last(node.leaf, slot, max) : slot_last(node.inner, slot, max);
  while (true) {
    const Key first =
        is_leaf ? slot_first(node.leaf, slot, min) : slot_first(node.inner, slot, min);
    if (is_leaf) {
      const Key start = std::max(first, low);
      const Key stop = std::min(last, top);
      if (is_null(node.leaf.value[slot]) && stop - start >= size - 1) return stop - (size - 1);
    } else if (node.inner.gap[slot] >= size) {
      const auto found = highest_below(*node.inner.child[slot], depth + 1, first, last, low,
                                       std::min(top, last), size);
      if (found) return found;
    }
    if (slot == 0 || first <= low) return std::nullopt;
    --slot;
    last = first - 1;
  }
}

}  // namespace vmadiff::impl
