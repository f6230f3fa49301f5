// impl: maple tree, part of maple_search.cc, which includes it once for each form: searches on top
// of count_below() and below_mask(), in a namespace of their own. VMADIFF_TARGET is what the
// compiler may take for granted of the processor; so that nothing compiled for a newer processor
// is ever shared with older ones, no function of the standard library is called here.

/// Both arrays that are read once the slot is known. A wait for memory that begins now costs less
/// than one that begins then.
VMADIFF_TARGET void prefetch_slots(const void* leaf) {
  const char* from = static_cast<const char*>(leaf) + offsetof(MapleLeafKeys, first);
  for (std::size_t i = 0; i < std::size_t{2} * kMapleSlots * sizeof(Key); i += kMapleLine) {
    __builtin_prefetch(from + i);
  }
}

VMADIFF_TARGET MaplePlace walk(void* root, unsigned height, Key key) {
  const void* node = root;
  while (--height > 0) {
    const auto& inner = *static_cast<const MapleInner*>(node);
    node = inner.child[count_below(inner.pivot, key)];
    if (height == 1) prefetch_slots(node);
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

VMADIFF_TARGET std::uint32_t children_with_room(const MapleInner& inner, Key low, Key top,
                                                Key size) {
  const std::uint32_t from = std::uint32_t{1} << count_below(inner.pivot, low);
  const std::uint32_t to = std::uint32_t{1} << count_below(inner.pivot, top);
  return ~below_mask(inner.gap, size) & ((to - from) | to);
}

VMADIFF_TARGET std::uint32_t room_in_leaf(const MapleLeafKeys& leaf, Key min, Key low, Key top,
                                          Key size) {
  const Key end = top + 1;
  Key room[kMapleSlots];
  for (unsigned slot = 1; slot < kMapleSlots; ++slot) {
    const Key behind = leaf.last[slot - 1] + 1;
    const Key start = behind > low ? behind : low;
    const Key stop = leaf.first[slot] < end ? leaf.first[slot] : end;
    room[slot] = stop > start ? stop - start : 0;
  }
  const Key start = min > low ? min : low;
  const Key stop = leaf.first[0] < end ? leaf.first[0] : end;
  room[0] = stop > start ? stop - start : 0;
  unsigned slots = leaf.count;
  if (leaf.next == nullptr && (slots == 0 || leaf.last[slots - 1] != kKeyMax)) ++slots;
  const auto used = static_cast<std::uint32_t>((std::uint64_t{1} << slots) - 1);
  return ~below_mask(room, size) & used;
}

constexpr MapleSearch kForm{kName,      &count_below,        &walk,        &walk_path, &leaf_gap,
                            &inner_gap, &children_with_room, &room_in_leaf};
