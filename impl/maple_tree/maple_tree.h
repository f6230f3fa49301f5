// impl: what happens, fast? This file: a maple tree. Knows nothing of VMAs.
//
// Why a tree of ranges: an address space is a list of ranges that are looked up by address, walked
// in order, overwritten as a whole, and searched for room. A map from start addresses answers the
// first three; only a tree that also tracks the longest gap below each inner node answers the last
// one without a walk. Linux keeps its VMAs in such a tree (lib/maple_tree.c), with gaps as empty
// slots; this one has larger nodes, whose slots are compared all at once (maple_search.h), keeps
// both ends of a range, so that a gap needs no slot, and links its leaves. docs/performance.md says
// what that is worth.
//
// Keys are 64-bit, ranges closed: [first, last], first <= last. A range maps to a value T, a
// trivial type of at most 8 bytes; T{} ("null") means that nothing is there. Values are not owned.
// Two neighbouring ranges with equal values stay two entries.
//
// Thread safety: none; const functions may run at the same time. Every change invalidates cursors.
//
// Invariants, each checked by validate():
//  1. Every node covers a range of keys, the root all 64-bit keys, and the children of an inner
//     node part it without a hole: pivots ascend strictly and lie within [min, max) of the node.
//  2. All leaves are at the same depth, height() - 1.
//  3. A leaf that is not the root has 8 to 31 entries, an inner node that is not the root 8 to 32
//     children, a root inner node at least 2.
//  4. The entries of a leaf ascend, do not overlap, are not null and lie within its node, which
//     ends with the last of them (but for the last leaf): a gap therefore lies in one leaf, and
//     wherever a leaf has a key of its own, an entry at or behind that key is in the same leaf (but
//     for the last one).
//  5. An inner node's gap[i] is exactly the longest gap below child[i], in keys.
//  6. The nodes in use are exactly those that can be reached.
//  7. Leaves are linked in order.
//  8. Free slots hold the last key of all, null and no gap.
//
// Memory: 832 bytes a node from a pool per tree, the first one in the tree itself. An entry costs
// 27 bytes in a full leaf, a gap none, plus a twentieth for inner nodes. Nodes are never given back
// before the tree dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "impl/maple_tree/maple_node.h"
#include "impl/maple_tree/maple_search.h"

namespace vmadiff::impl {

template <typename T>
struct MapleTreePeer;  // for tests: breaks trees on purpose

template <typename T>
class MapleTree {
 public:
  using Key = std::uint64_t;
  static constexpr Key kKeyMax = ~Key{0};

  /// Closed range [first, last].
  struct Entry {
    Key first = 0;
    Key last = 0;
    T value{};
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  class Cursor;
  class Iterator;

  /// An empty tree. Nothing is allocated.
  MapleTree() { make_empty(); }
  MapleTree(MapleTree&& other) noexcept;
  MapleTree& operator=(MapleTree&& other) noexcept;
  MapleTree(const MapleTree&) = delete;
  MapleTree& operator=(const MapleTree&) = delete;
  ~MapleTree() = default;

  /// A tree of the same shape with the same values. Throws std::bad_alloc.
  [[nodiscard]] MapleTree duplicate() const;
  /// Becomes such a tree, in the memory that it has. Throws std::bad_alloc, and is empty then.
  void copy(const MapleTree& other);

  [[nodiscard]] bool is_empty() const;
  /// Number of entries; walks the leaves.
  [[nodiscard]] std::size_t size() const;
  /// Levels of nodes; 1 for a tree whose root is a leaf.
  [[nodiscard]] unsigned height() const { return height_; }
  [[nodiscard]] std::size_t node_count() const { return pool_.in_use() + (root_ == &own_ ? 1 : 0); }

  /// The value at `key`, or null.
  [[nodiscard]] T load(Key key) const;
  /// The lowest entry that overlaps [key, limit].
  [[nodiscard]] std::optional<Entry> find(Key key, Key limit = kKeyMax) const;
  /// The highest entry that overlaps [limit, key].
  [[nodiscard]] std::optional<Entry> find_reverse(Key key, Key limit = 0) const;

  /// Ascending; `for (const auto& entry : tree)`.
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;
  /// Calls visit(value) for every entry in ascending order: the fastest walk.
  template <typename Visit>
  void for_each_value(Visit&& visit) const;

  /// Takes enough nodes aside for one store over [first, last], whatever the value, so that it
  /// cannot fail. False, with nothing changed, where memory is exhausted or failure was injected.
  [[nodiscard]] bool preallocate(Key first, Key last);
  /// Maps [first, last] to `value`, whatever was there before; what sticks out of an entry at
  /// either side stays. Preallocates by itself: false, with nothing changed, where that fails.
  [[nodiscard]] bool store(Key first, Key last, T value);
  /// The same after a successful preallocate() that no other change has followed.
  void store_preallocated(Key first, Key last, T value);
  /// store(first, last, null).
  [[nodiscard]] bool erase(Key first, Key last) { return store(first, last, T{}); }
  /// Back to the empty tree in constant time; the memory stays with the pool. Never fails.
  void clear();

  /// The lowest (highest) key k such that nothing is in [k, k + size) and this lies within the
  /// half-open window [low, high). Nothing if there is none, or if size is 0. To look for another
  /// one, ask again with a narrower window.
  [[nodiscard]] std::optional<Key> lowest_empty_area(Key low, Key high, Key size) const;
  [[nodiscard]] std::optional<Key> highest_empty_area(Key low, Key high, Key size) const;

  /// Describes the first broken invariant, or nothing. Works in release builds.
  [[nodiscard]] std::optional<std::string> validate() const;

  /// The preallocation after `successes` further ones fails, once. For tests.
  void fail_preallocate_after(std::uint64_t successes) { fail_countdown_ = successes + 1; }

 private:
  friend struct MapleTreePeer<T>;
  using Pool = MapleNodePool<T>;
  using Node = typename Pool::Node;

  using Leaf = MapleLeaf<T>;
  using Path = MaplePath;

  struct LeafBuffer;
  struct InnerBuffer;
  struct Replacements;
  struct Check;
  /// Where entries are added: a node that overflows is cut so that the fuller part stays full.
  enum class Growth : std::uint8_t { kEverywhere, kUpwards, kDownwards };

  [[nodiscard]] static bool is_null(T value) { return value == T{}; }
  [[nodiscard]] static Leaf& leaf_of(void* node) { return static_cast<Node*>(node)->leaf; }
  [[nodiscard]] static const Leaf& leaf_of(const MapleLeafKeys* keys) {
    return *static_cast<const Leaf*>(keys);
  }
  [[nodiscard]] static MapleInner& inner_of(void* node) { return static_cast<Node*>(node)->inner; }
  [[nodiscard]] static Key pivot_of(const MapleInner& inner, unsigned slot, Key max) {
    return slot + 1 == inner.count ? max : inner.pivot[slot];
  }

  [[nodiscard]] MaplePlace walk(Key key) const { return maple_search->walk(root_, height_, key); }
  void prefetch_values(const Leaf& leaf, unsigned slot) const;
  [[nodiscard]] const Leaf& first_leaf() const;
  [[nodiscard]] std::optional<Key> lowest_below(const void* node, unsigned depth, Key min, Key low,
                                                Key top, Key size) const;
  [[nodiscard]] std::optional<Key> highest_below(const void* node, unsigned depth, Key min, Key low,
                                                 Key top, Key size) const;
  /// The keys that path[depth] covers, closed.
  [[nodiscard]] static Key node_min(const Path& path, unsigned depth);
  [[nodiscard]] static Key node_max(const Path& path, unsigned depth);
  /// Moves path[depth] to the next (previous) node of that depth, path[0..depth) with it.
  [[nodiscard]] static bool step_right(Path& path, unsigned depth);
  [[nodiscard]] static bool step_left(Path& path, unsigned depth);

  /// For duplicate(): a tree of one node, and one whose nodes are yet to come.
  explicit MapleTree(unsigned height) : height_(height) {}
  explicit MapleTree(const Leaf& only) : root_(&own_) { own_.leaf = only; }
  [[nodiscard]] bool is_to_fail();
  [[nodiscard]] bool reserve();
  void find_place(Key key);
  [[nodiscard]] bool store_in_leaf(Key first, Key last, T value);
  [[nodiscard]] bool erase_end_of_leaf(Leaf& leaf, unsigned from, Key first);
  void store_slowly(Key first, Key last, T value);
  void pull_leaves(LeafBuffer& buffer, Path& left, Path& right);
  void replace_children(Path& left, Path& right, Replacements& fresh, Growth growth);
  [[nodiscard]] bool replace_in_place(Path& path, unsigned end_slot, unsigned depth,
                                      const Replacements& fresh);
  void pull_inner(InnerBuffer& buffer, Path& left, Path& right, unsigned depth);
  void make_leaves(const LeafBuffer& buffer, const Path& left, const Path& right, Growth growth,
                   Replacements& out);
  [[nodiscard]] static unsigned cut_at(unsigned count, unsigned pieces, unsigned piece,
                                       unsigned most, Growth growth);
  void make_inner(const InnerBuffer& buffer, Growth growth, Replacements& out);
  void fill_inner(Node& node, Node* const* child, const Key* last, const Key* gap, unsigned count);
  void grow_root(const Replacements& fresh, Node* old_root);
  [[nodiscard]] static Key gap_before(const Leaf& leaf, unsigned slot, Key min);
  void update_gaps(const Path& path, unsigned depth, Key lost, Key made);
  void free_below(Node* node, unsigned depth, unsigned height);

  void copy_nodes(const MapleTree& other);
  [[nodiscard]] Node* copy_below(const Node& node, unsigned depth, Pool& pool, Leaf*& before) const;
  void make_empty();
  void take_over(MapleTree& other);

  Pool pool_;
  Node* root_ = nullptr;
  unsigned height_ = 1;
  bool path_is_known_ = false;  ///< path_ leads to the leaf that was changed last
  Path path_;
  std::uint64_t fail_countdown_ = 0;  ///< 0: no failure to come
  Node own_;                          ///< the root of a small tree: most trees are
};

/// A place in a tree: one entry or a gap. Any change of the tree invalidates it.
template <typename T>
class MapleTree<T>::Cursor {
 public:
  explicit Cursor(const MapleTree& tree) : tree_(&tree) {}

  /// Goes to what is at `key`; its value, null in a gap. A gap is seen as a whole.
  T seek(Key key);
  /// To the next (previous) entry; null, and behind the last (before the first), if there is none.
  /// On a cursor that was never placed: to the first (last) one.
  T next();
  T prev();

  /// The closed range of the entry or gap. Requires is_placed().
  [[nodiscard]] Key first() const;
  [[nodiscard]] Key last() const;
  [[nodiscard]] T value() const;
  [[nodiscard]] bool is_placed() const { return place_ == Place::kEntry || place_ == Place::kGap; }

 private:
  enum class Place : std::uint8_t { kNowhere, kBeforeFirst, kEntry, kGap, kBehindLast };
  [[nodiscard]] T to_entry(const Leaf* leaf, unsigned slot);

  const MapleTree* tree_;
  const Leaf* leaf_ = nullptr;
  unsigned slot_ = 0;  ///< in a gap: of the entry behind it
  Place place_ = Place::kNowhere;
};

}  // namespace vmadiff::impl

#include "impl/maple_tree/maple_tree_read.h"
#include "impl/maple_tree/maple_tree_store.h"
#include "impl/maple_tree/maple_tree_validate.h"
