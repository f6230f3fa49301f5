// impl: maple tree, part of maple_tree.h: looking up, walking, searching for room.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

// --- looking up -------------------------------------------------------------------------------

/// What a value points to is read next, and what its neighbours point to soon. In a small tree all
/// of that is near, and asking for it would only take time.
template <typename T>
void MapleTree<T>::prefetch_values(const Leaf& leaf, unsigned slot) const {
  constexpr unsigned kHeightOfSmall = 3;
  if constexpr (std::is_pointer_v<T>) {
    if (height_ <= kHeightOfSmall) return;
    const unsigned first = slot == 0 ? 0 : slot - 1;
    for (unsigned i = first; i < std::min(first + 3, kMapleSlots); ++i) {
      const auto* value = reinterpret_cast<const char*>(leaf.value[i]);
      __builtin_prefetch(value);
      __builtin_prefetch(value + kMapleLine);
    }
  }
}

template <typename T>
T MapleTree<T>::load(Key key) const {
  const auto [keys, slot] = walk(key);
  const Leaf& leaf = leaf_of(keys);
  prefetch_values(leaf, slot);
  return leaf.first[slot] <= key ? leaf.value[slot] : T{};
}

template <typename T>
auto MapleTree<T>::find(Key key, Key limit) const -> std::optional<Entry> {
  const auto [keys, slot] = walk(key);
  const Leaf& leaf = leaf_of(keys);
  prefetch_values(leaf, slot);
  // By invariant 4 what follows `key` is in this leaf, and behind the last leaf there is nothing.
  if (is_null(leaf.value[slot]) || leaf.first[slot] > limit || key > limit) return std::nullopt;
  return Entry{leaf.first[slot], leaf.last[slot], leaf.value[slot]};
}

template <typename T>
auto MapleTree<T>::find_reverse(Key key, Key limit) const -> std::optional<Entry> {
  if (key < limit) return std::nullopt;
  auto [keys, slot] = walk(key);
  prefetch_values(leaf_of(keys), slot);
  if (is_null(leaf_of(keys).value[slot]) || keys->first[slot] > key) {
    if (slot == 0) {
      // A gap begins this leaf: the entry before it is the last one of the leaf before.
      if (keys->prev == nullptr) return std::nullopt;
      keys = keys->prev;
      slot = keys->count;
    }
    --slot;
  }
  if (keys->last[slot] < limit) return std::nullopt;
  return Entry{keys->first[slot], keys->last[slot], leaf_of(keys).value[slot]};
}

template <typename T>
auto MapleTree<T>::first_leaf() const -> const Leaf& {
  void* node = root_;
  for (unsigned depth = 1; depth < height_; ++depth) node = inner_of(node).child[0];
  return leaf_of(node);
}

template <typename T>
bool MapleTree<T>::is_empty() const {
  return height_ == 1 && root_->leaf.count == 0;
}

template <typename T>
std::size_t MapleTree<T>::size() const {
  std::size_t entries = 0;
  for (const MapleLeafKeys* leaf = &first_leaf(); leaf != nullptr; leaf = leaf->next) {
    entries += leaf->count;
  }
  return entries;
}

/// What a walk will read next, if there is more, while it is busy here.
inline void prefetch_leaf(const MapleLeafKeys* leaf) {
  if (leaf == nullptr) return;
  const auto* bytes = reinterpret_cast<const char*>(leaf);
  for (std::size_t at = 0; at < sizeof(MapleLeaf<void*>); at += kMapleLine) {
    __builtin_prefetch(bytes + at);
  }
}

template <typename T>
template <typename Visit>
void MapleTree<T>::for_each_value(Visit&& visit) const {
  for (const MapleLeafKeys* leaf = &first_leaf(); leaf != nullptr; leaf = leaf->next) {
    prefetch_leaf(leaf->next);
    for (unsigned slot = 0; slot < leaf->count; ++slot) visit(leaf_of(leaf).value[slot]);
  }
}

// --- walking ----------------------------------------------------------------------------------

template <typename T>
T MapleTree<T>::Cursor::to_entry(const Leaf* leaf, unsigned slot) {
  leaf_ = leaf;
  slot_ = slot;
  place_ = Place::kEntry;
  return value();
}

template <typename T>
T MapleTree<T>::Cursor::seek(Key key) {
  const auto [keys, slot] = tree_->walk(key);
  leaf_ = &leaf_of(keys);
  slot_ = slot;
  const bool is_entry = slot < keys->count && keys->first[slot] <= key;
  place_ = is_entry ? Place::kEntry : Place::kGap;
  return value();
}

template <typename T>
T MapleTree<T>::Cursor::next() {
  if (place_ == Place::kBehindLast) return T{};
  if (!is_placed() && !is_null(seek(0))) return value();
  const unsigned slot = place_ == Place::kGap ? slot_ : slot_ + 1;
  if (slot < leaf_->count) return to_entry(leaf_, slot);
  if (leaf_->next != nullptr) return to_entry(&leaf_of(leaf_->next), 0);
  place_ = Place::kBehindLast;
  return T{};
}

template <typename T>
T MapleTree<T>::Cursor::prev() {
  if (place_ == Place::kBeforeFirst) return T{};
  if (!is_placed() && !is_null(seek(kKeyMax))) return value();
  if (slot_ > 0) return to_entry(leaf_, slot_ - 1);
  if (leaf_->prev != nullptr) return to_entry(&leaf_of(leaf_->prev), leaf_->prev->count - 1);
  place_ = Place::kBeforeFirst;
  return T{};
}

template <typename T>
auto MapleTree<T>::Cursor::first() const -> Key {
  if (place_ == Place::kEntry) return leaf_->first[slot_];
  if (slot_ > 0) return leaf_->last[slot_ - 1] + 1;
  return leaf_->prev == nullptr ? 0 : leaf_->prev->last[leaf_->prev->count - 1] + 1;
}

template <typename T>
auto MapleTree<T>::Cursor::last() const -> Key {
  if (place_ == Place::kEntry) return leaf_->last[slot_];
  return slot_ < leaf_->count ? leaf_->first[slot_] - 1 : kKeyMax;
}

template <typename T>
T MapleTree<T>::Cursor::value() const {
  return place_ == Place::kEntry ? leaf_->value[slot_] : T{};
}

/// An input iterator over entries; at the end it is in no leaf.
template <typename T>
class MapleTree<T>::Iterator {
 public:
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(const MapleLeafKeys* leaf) { enter(leaf); }
  [[nodiscard]] Entry operator*() const {
    return {leaf_->first[slot_], leaf_->last[slot_], leaf_of(leaf_).value[slot_]};
  }
  Iterator& operator++() {
    if (++slot_ == count_) enter(leaf_->next);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& a, const Iterator& b) {
    return a.leaf_ == b.leaf_ && a.slot_ == b.slot_;
  }

 private:
  void enter(const MapleLeafKeys* leaf) {
    leaf_ = leaf;
    slot_ = count_ = 0;
    if (leaf == nullptr) return;
    count_ = leaf->count;
    prefetch_leaf(leaf->next);
  }

  const MapleLeafKeys* leaf_;
  unsigned slot_;
  unsigned count_;
};

template <typename T>
auto MapleTree<T>::begin() const -> Iterator {
  return Iterator{is_empty() ? nullptr : &first_leaf()};
}

template <typename T>
auto MapleTree<T>::end() const -> Iterator {
  return Iterator{nullptr};
}

// --- searching for room -----------------------------------------------------------------------
// Whatever ends before it begins has room in no leaf: nobody asks before that.

template <typename T>
auto MapleTree<T>::lowest_empty_area(Key low, Key high, Key size) const -> std::optional<Key> {
  if (size == 0) return std::nullopt;
  return lowest_below(root_, 0, 0, low, high - 1, size);
}

template <typename T>
auto MapleTree<T>::highest_empty_area(Key low, Key high, Key size) const -> std::optional<Key> {
  if (size == 0) return std::nullopt;
  return highest_below(root_, 0, 0, low, high - 1, size);
}

/// [low, top] is the window, closed; the node covers the keys from `min` on.
template <typename T>
auto MapleTree<T>::lowest_below(const void* node, unsigned depth, Key min, Key low, Key top,
                                Key size) const -> std::optional<Key> {
  if (depth + 1 == height_) {
    const auto& leaf = *static_cast<const MapleLeafKeys*>(node);
    const std::uint32_t slots = maple_search->room_in_leaf(leaf, min, low, top, size);
    if (slots == 0) return std::nullopt;
    const auto slot = static_cast<unsigned>(std::countr_zero(slots));
    return std::max(low, slot == 0 ? min : leaf.last[slot - 1] + 1);
  }
  const auto& inner = *static_cast<const MapleInner*>(node);
  std::uint32_t slots = maple_search->children_with_room(inner, low, top, size);
  for (; slots != 0; slots &= slots - 1) {
    const auto slot = static_cast<unsigned>(std::countr_zero(slots));
    const Key first = slot == 0 ? min : inner.pivot[slot - 1] + 1;
    const auto found = lowest_below(inner.child[slot], depth + 1, first, low, top, size);
    if (found) return found;
  }
  return std::nullopt;
}

template <typename T>
auto MapleTree<T>::highest_below(const void* node, unsigned depth, Key min, Key low, Key top,
                                 Key size) const -> std::optional<Key> {
  if (depth + 1 == height_) {
    const auto& leaf = *static_cast<const MapleLeafKeys*>(node);
    const std::uint32_t slots = maple_search->room_in_leaf(leaf, min, low, top, size);
    if (slots == 0) return std::nullopt;
    const auto slot = static_cast<unsigned>(std::bit_width(slots)) - 1;
    return std::min(top, slot == leaf.count ? kKeyMax : leaf.first[slot] - 1) - (size - 1);
  }
  const auto& inner = *static_cast<const MapleInner*>(node);
  std::uint32_t slots = maple_search->children_with_room(inner, low, top, size);
  while (slots != 0) {
    const auto slot = static_cast<unsigned>(std::bit_width(slots)) - 1;
    const Key first = slot == 0 ? min : inner.pivot[slot - 1] + 1;
    const auto found = highest_below(inner.child[slot], depth + 1, first, low, top, size);
    if (found) return found;
    slots ^= std::uint32_t{1} << slot;
  }
  return std::nullopt;
}

}  // namespace vmadiff::impl
