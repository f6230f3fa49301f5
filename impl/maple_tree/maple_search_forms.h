// impl: maple tree, part of maple_search.cc, which includes it once for each form: searches on top
// of count_below() and below_mask(), in a namespace of their own. VMADIFF_TARGET is what the
// compiler may take for granted of the processor; so that nothing compiled for a newer processor
// is ever shared with older ones, no function of the standard library is called here.

VMADIFF_TARGET MaplePlace walk(void* root, unsigned height, Key key) {
  const void* node = root;
  while (--height > 0) {
    const auto& inner = *static_cast<const MapleInner*>(node);
    node = inner.child[count_below(inner.pivot, key)];
  }
  // The tree is not changed; who asked may, if it is theirs.
  auto* leaf = const_cast<MapleLeafKeys*>(static_cast<const MapleLeafKeys*>(node));
  return {leaf, count_below(leaf->last, key)};
}

VMADIFF_TARGET void walk_path(void* root, unsigned height, Key key, MaplePath& path) {
  void* node = root;
  unsigned depth = 0;
  for (; depth + 1 < height; ++depth) {
    const auto& inner = *static_cast<const MapleInner*>(node);
    const unsigned slot = count_below(inner.pivot, key);
    path.node[depth] = node;
    path.slot[depth] = slot;
    node = inner.child[slot];
  }
  path.node[depth] = node;
  path.slot[depth] = count_below(static_cast<const MapleLeafKeys*>(node)->last, key);
}

VMADIFF_TARGET Key inner_gap(const MapleInner& inner) {
  Key longest = 0;
  for (unsigned slot = 0; slot < kMapleSlots; ++slot) {
    longest = inner.gap[slot] > longest ? inner.gap[slot] : longest;
  }
  return longest;
}

/// Slot i of `gap` becomes what is free before entry i > 0; 0 for free slots.
VMADIFF_TARGET void gaps_between(const MapleLeafKeys& leaf, Key* gap) {
  gap[0] = 0;
  for (unsigned slot = 1; slot < kMapleSlots; ++slot) {
    gap[slot] = slot < leaf.count ? leaf.first[slot] - leaf.last[slot - 1] - 1 : 0;
  }
}

/// Overflows to 0 only for a gap of all 2^64 keys, which only a root leaf has.
VMADIFF_TARGET Key leaf_gap(const MapleLeafKeys& leaf, Key min) {
  if (leaf.count == 0) return Key{0} - min;
  Key longest = leaf.first[0] - min;
  for (unsigned slot = 1; slot < kMapleLeafSlotsMax; ++slot) {
    const Key gap = slot < leaf.count ? leaf.first[slot] - leaf.last[slot - 1] - 1 : 0;
    longest = gap > longest ? gap : longest;
  }
  const Key behind = leaf.next == nullptr ? kKeyMax - leaf.last[leaf.count - 1] : 0;
  return behind > longest ? behind : longest;
}

/// Room in front of entry `slot` of a leaf, or behind the last one.
VMADIFF_TARGET bool room_before(const MapleLeafKeys& leaf, unsigned slot, Key min, Key low, Key top,
                                Key size, Key& start, Key& stop) {
  if (slot > 0 && leaf.last[slot - 1] == kKeyMax) return false;
  const Key behind = slot == leaf.count ? kKeyMax : leaf.first[slot] - 1;
  start = slot > 0 ? leaf.last[slot - 1] + 1 : min;
  if (slot < leaf.count && leaf.first[slot] == start) return false;
  start = start > low ? start : low;
  stop = behind < top ? behind : top;
  return start <= stop && stop - start >= size - 1;
}

/// A gap is only of use where it lies in the window, so a child with a long enough gap may still
/// yield nothing.
VMADIFF_TARGET bool lowest_below(const void* node, unsigned height, Key min, Key low, Key top,
                                 Key size, Key& found) {
  if (height == 1) {
    const auto& leaf = *static_cast<const MapleLeafKeys*>(node);
    const unsigned last = leaf.next == nullptr ? leaf.count : leaf.count - 1;
    Key start = 0;
    Key stop = 0;
    const unsigned from = count_below(leaf.last, low);
    if (from > last) return false;
    if (room_before(leaf, from, min, low, top, size, start, stop)) return found = start, true;
    Key gap[kMapleSlots];
    gaps_between(leaf, gap);
    std::uint32_t slots = ~below_mask(gap, size) & ~((std::uint32_t{2} << from) - 1);
    // The longest of all is looked at last, and by itself.
    for (; slots != 0; slots &= slots - 1) {
      const auto slot = static_cast<unsigned>(__builtin_ctz(slots));
      if (room_before(leaf, slot, min, low, top, size, start, stop)) return found = start, true;
      if (start > top) return false;
    }
    if (last != leaf.count || from == last) return false;
    if (!room_before(leaf, last, min, low, top, size, start, stop)) return false;
    return found = start, true;
  }
  const auto& inner = *static_cast<const MapleInner*>(node);
  const unsigned from = count_below(inner.pivot, low);
  std::uint32_t slots = ~below_mask(inner.gap, size) & ~((std::uint32_t{1} << from) - 1);
  for (; slots != 0; slots &= slots - 1) {
    const auto slot = static_cast<unsigned>(__builtin_ctz(slots));
    const Key first = slot == 0 ? min : inner.pivot[slot - 1] + 1;
    if (first > top) return false;
    if (lowest_below(inner.child[slot], height - 1, first, low, top, size, found)) return true;
  }
  return false;
}

VMADIFF_TARGET bool highest_below(const void* node, unsigned height, Key min, Key low, Key top,
                                  Key size, Key& found) {
  if (height == 1) {
    const auto& leaf = *static_cast<const MapleLeafKeys*>(node);
    Key start = 0;
    Key stop = 0;
    const unsigned to = count_below(leaf.last, top);
    // Where `top` is in an entry, or behind the last one of a leaf that is not the last.
    if (to < leaf.count || leaf.next == nullptr) {
      if (room_before(leaf, to, min, low, top, size, start, stop)) {
        return found = stop - (size - 1), true;
      }
    }
    Key gap[kMapleSlots];
    gaps_between(leaf, gap);
    std::uint32_t slots = ~below_mask(gap, size) & ((std::uint32_t{1} << to) - 1);
    while (slots != 0) {
      const auto slot = 31 - static_cast<unsigned>(__builtin_clz(slots));
      if (room_before(leaf, slot, min, low, top, size, start, stop)) {
        return found = stop - (size - 1), true;
      }
      if (leaf.last[slot - 1] < low) return false;
      slots ^= std::uint32_t{1} << slot;
    }
    if (to == 0 || !room_before(leaf, 0, min, low, top, size, start, stop)) return false;
    return found = stop - (size - 1), true;
  }
  const auto& inner = *static_cast<const MapleInner*>(node);
  const unsigned to = count_below(inner.pivot, top);
  std::uint32_t slots = ~below_mask(inner.gap, size);
  if (to + 1 < 32) slots &= (std::uint32_t{1} << (to + 1)) - 1;
  while (slots != 0) {
    const auto slot = 31 - static_cast<unsigned>(__builtin_clz(slots));
    if (slot + 1 < inner.count && inner.pivot[slot] < low) return false;
    const Key first = slot == 0 ? min : inner.pivot[slot - 1] + 1;
    if (highest_below(inner.child[slot], height - 1, first, low, top, size, found)) return true;
    slots ^= std::uint32_t{1} << slot;
  }
  return false;
}

VMADIFF_TARGET bool lowest_room(const void* root, unsigned height, Key low, Key top, Key size,
                                Key& found) {
  return lowest_below(root, height, 0, low, top, size, found);
}

VMADIFF_TARGET bool highest_room(const void* root, unsigned height, Key low, Key top, Key size,
                                 Key& found) {
  return highest_below(root, height, 0, low, top, size, found);
}

constexpr MapleSearch kForm{kName,     &count_below, &walk,        &walk_path,
                            &leaf_gap, &inner_gap,   &lowest_room, &highest_room};
