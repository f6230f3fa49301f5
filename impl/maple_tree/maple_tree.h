// impl: what happens, fast? This file: a maple tree. Knows nothing of VMAs.
//
// Why a tree of ranges: an address space is a list of ranges that are looked up by address, walked
// in order, overwritten as a whole, and searched for room. A map from start addresses answers the
// first three; only a tree that also tracks the longest gap below each inner node answers the last
// one without a walk. Linux keeps its VMAs in such a tree (lib/maple_tree.c); this one has its
// shape (256-byte nodes, 16 slots in a leaf, 10 in an inner node, gaps as empty slots) and
// algorithms of its own.
//
// Keys are 64-bit, ranges closed: [first, last], first <= last. A range maps to a value T, a
// trivial type of at most 8 bytes; T{} ("null") means that nothing is there. Values are not owned.
// Two neighbouring ranges with equal values stay two entries.
//
// Thread safety: none; const functions may run at the same time. Every change invalidates cursors.
//
// Invariants, each checked by validate():
//  1. Every node covers a range of keys, the root all 64-bit keys, and its slots part it without a
//     hole: pivots ascend strictly and lie within [min, max) of the node.
//  2. All leaves are at the same depth, height() - 1.
//  3. A leaf that is not the root has 6 to 16 slots, an inner node that is not the root 4 to 10, a
//     root leaf at least 1, a root inner node at least 2.
//  4. No two neighbouring slots of a leaf are null, and only the last leaf may end in a null slot:
//     a gap therefore lies in one leaf, and wherever a leaf has a key of its own, an entry at or
//     behind that key is in the same leaf (but for the last one).
//  5. An inner node's gap[i] is exactly the longest gap below child[i], in keys.
//  6. The nodes in use are exactly those that can be reached.
//
// Memory: 256 bytes a node from a pool per tree. An entry costs 16 bytes in a full leaf, a gap the
// same, plus about a tenth for inner nodes. Nodes are never given back before the tree dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "impl/maple_tree/maple_node.h"

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

  /// An empty tree. Throws std::bad_alloc where not even its root can be had.
  MapleTree();
  MapleTree(MapleTree&& other) noexcept;
  MapleTree& operator=(MapleTree&& other) noexcept;
  MapleTree(const MapleTree&) = delete;
  MapleTree& operator=(const MapleTree&) = delete;
  ~MapleTree() = default;

  /// A tree of the same shape with the same values. Throws std::bad_alloc.
  [[nodiscard]] MapleTree duplicate() const;

  [[nodiscard]] bool is_empty() const;
  /// Number of entries; walks the tree.
  [[nodiscard]] std::size_t size() const;
  /// Levels of nodes; 1 for a tree whose root is a leaf.
  [[nodiscard]] unsigned height() const { return height_; }
  [[nodiscard]] std::size_t node_count() const { return pool_.in_use(); }

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

  struct Step {
    Node* node;
    unsigned slot;
    Key min;  ///< of the node, closed
    Key max;
  };
  struct Path {
    Step step[kMapleHeightMax];
  };
  struct Walk {
    Node* leaf;
    unsigned slot;
    Key min;
    Key max;
  };
  struct LeafBuffer;
  struct InnerBuffer;
  struct Replacement;
  struct Replacements;
  struct Check;

  [[nodiscard]] static bool is_null(T value) { return value == T{}; }
  template <typename NodeKind>
  [[nodiscard]] static unsigned slot_of(const NodeKind& node, Key key);
  template <typename NodeKind>
  [[nodiscard]] static Key slot_first(const NodeKind& node, unsigned slot, Key min);
  template <typename NodeKind>
  [[nodiscard]] static Key slot_last(const NodeKind& node, unsigned slot, Key max);
  [[nodiscard]] static Key longest_gap(const MapleLeaf<T>& leaf, Key min, Key max);
  [[nodiscard]] static Key longest_gap(const MapleInner<Node>& inner);

  [[nodiscard]] Walk walk(Key key) const;
  void walk(Key key, Path& path) const;
  /// Moves path[depth] to the next (previous) node of that depth, path[0..depth) with it.
  [[nodiscard]] bool step_right(Path& path, unsigned depth) const;
  [[nodiscard]] bool step_left(Path& path, unsigned depth) const;

  [[nodiscard]] bool store_in_leaf(Path& path, Key first, Key last, T value);
  void store_slowly(Path& left, Key first, Key last, T value);
  void pull_leaves(LeafBuffer& buffer, Path& left, Path& right);
  void replace_children(Path& left, Path& right, Replacements& fresh);
  [[nodiscard]] bool replace_in_place(Path& path, unsigned end_slot, unsigned depth,
                                      const Replacements& fresh);
  void pull_inner(InnerBuffer& buffer, Path& left, Path& right, unsigned depth);
  void make_leaves(const LeafBuffer& buffer, Key min, Replacements& out);
  void make_inner(const InnerBuffer& buffer, Replacements& out);
  void grow_root(const Replacements& fresh, Node* old_root);
  void update_gaps(const Path& path, unsigned depth);
  void free_below(Node* node, unsigned depth, unsigned height);

  [[nodiscard]] std::optional<Key> lowest_below(const Node& node, unsigned depth, Key min, Key max,
                                                Key low, Key top, Key size) const;
  [[nodiscard]] std::optional<Key> highest_below(const Node& node, unsigned depth, Key min, Key max,
                                                 Key low, Key top, Key size) const;
  template <typename Visit>
  void visit_below(const Node& node, unsigned depth, Visit& visit) const;
  [[nodiscard]] Node* copy_below(const Node& node, unsigned depth, Pool& pool) const;
  void make_empty();

  Pool pool_;
  Node* root_ = nullptr;
  unsigned height_ = 1;
  std::uint64_t fail_countdown_ = 0;  ///< 0: no failure to come
};

/// A place in a tree: one slot, an entry or a gap. Any change of the tree invalidates it.
template <typename T>
class MapleTree<T>::Cursor {
 public:
  explicit Cursor(const MapleTree& tree) : tree_(&tree) {}

  /// Goes to the slot that contains `key`; its value, null in a gap. A gap is seen as a whole.
  T seek(Key key);
  /// To the next (previous) entry; null, and behind the last (before the first), if there is none.
  /// On a cursor that was never placed: to the first (last) one.
  T next();
  T prev();

  /// The slot's closed range. Requires is_placed().
  [[nodiscard]] Key first() const;
  [[nodiscard]] Key last() const;
  [[nodiscard]] T value() const;
  [[nodiscard]] bool is_placed() const { return place_ == Place::kSlot; }

 private:
  enum class Place : std::uint8_t { kNowhere, kBeforeFirst, kSlot, kBehindLast };
  [[nodiscard]] const Step& leaf_step() const { return path_.step[tree_->height_ - 1]; }

  const MapleTree* tree_;
  Place place_ = Place::kNowhere;
  Path path_;
};

}  // namespace vmadiff::impl

#include "impl/maple_tree/maple_tree_read.h"
#include "impl/maple_tree/maple_tree_store.h"
#include "impl/maple_tree/maple_tree_validate.h"
