// impl: what happens, fast? This file: searches in the nodes of a maple tree, whatever its values
// are, in a form for each kind of processor. Knows nothing of VMAs.
//
// A search compares a key with all slots of a node at once and counts, with no branch that depends
// on the outcome: vectors of 8 keys (AVX-512) or 4 (AVX2), or halving where there are none. Which
// form is used is decided once, by what the processor has.
#pragma once

#include <cstdint>
#include <span>

#include "impl/maple_tree/maple_node.h"

namespace vmadiff::impl {

/// From the root (depth 0) to a slot of a leaf.
struct MaplePath {
  void* node[kMapleHeightMax];
  unsigned slot[kMapleHeightMax];
};

struct MaplePlace {
  MapleLeafKeys* leaf;
  unsigned slot;
};

struct MapleSearch {
  const char* name;
  /// The slots of sorted keys that are less than `key`.
  unsigned (*count_below)(const std::uint64_t* keys, std::uint64_t key);
  /// The first slot of the leaf responsible for `key` that ends at or behind it; a free one where
  /// there is none. `height` is that of the tree.
  MaplePlace (*walk)(void* root, unsigned height, std::uint64_t key);
  void (*walk_path)(void* root, unsigned height, std::uint64_t key, MaplePath& path);
  /// The longest gap in a leaf that covers the keys from `min` on, and below an inner node.
  std::uint64_t (*leaf_gap)(const MapleLeafKeys& leaf, std::uint64_t min);
  std::uint64_t (*inner_gap)(const MapleInner& inner);
  /// Where to look for `size` > 0 keys in [low, top], closed, top not the last key of all; slots
  /// as bits. The outermost children have their gaps partly outside, so they may have less room.
  std::uint32_t (*children_with_room)(const MapleInner& inner, std::uint64_t low, std::uint64_t top,
                                      std::uint64_t size);
  /// There is room in front of these slots of a leaf that covers the keys from `min` on; behind the
  /// last entry is in front of a free slot.
  std::uint32_t (*room_in_leaf)(const MapleLeafKeys& leaf, std::uint64_t min, std::uint64_t low,
                                std::uint64_t top, std::uint64_t size);
};

/// The fastest form that this processor can run.
extern const MapleSearch* maple_search;
/// All that it can run, the fastest first.
[[nodiscard]] std::span<const MapleSearch> maple_searches();

}  // namespace vmadiff::impl
