// impl: what happens, fast? This file: the nodes of the maple tree and the pool they come from.
// Knows nothing of VMAs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmadiff::impl {

inline constexpr unsigned kMapleSlots = 32;  ///< of every array in a node: whole vectors of 8 keys
inline constexpr unsigned kMapleLeafSlotsMax =
    kMapleSlots - 1;  ///< one is free: a search ends there
inline constexpr unsigned kMapleInnerSlotsMax = kMapleSlots;
inline constexpr unsigned kMapleSlotsMin = kMapleSlots / 4;  ///< of every node but a root
inline constexpr unsigned kMapleHeightMax = 16;              ///< levels

/// The part of a leaf that searches read, whatever its values are. Slot i is an entry over
/// [first[i], last[i]]. Slots from `count` on are free: there both are the last key of all.
struct MapleLeafKeys {
  std::uint64_t last[kMapleSlots];
  std::uint64_t first[kMapleSlots];
  MapleLeafKeys* prev;  ///< leaves are linked in order
  MapleLeafKeys* next;
  std::uint32_t count;
};

/// In free slots the value is null.
template <typename T>
struct MapleLeaf : MapleLeafKeys {
  T value[kMapleSlots];
};

/// Slot i is a child that covers (pivot[i-1], pivot[i]]; the last one ends where the node does, and
/// its pivot, as those of free slots, is the last key of all. gap[i] is the length in keys of the
/// longest gap below child[i], 0 in free slots.
struct MapleInner {
  std::uint64_t pivot[kMapleSlots];
  void* child[kMapleSlots];
  std::uint64_t gap[kMapleSlots];
  std::uint32_t count;
};

/// Whether it is a leaf follows from its depth: all leaves are at the same one.
template <typename T>
union alignas(64) MapleNode {
  MapleLeaf<T> leaf;
  MapleInner inner;
  MapleNode* next_free;
};

/// Nodes by the chunk, given back to a free list: after warm-up nothing is allocated. Not
/// thread-safe. Nodes stay where they are until the pool dies.
template <typename T>
class MapleNodePool {
 public:
  using Node = MapleNode<T>;
  static_assert(std::is_trivial_v<T>, "a value is a pointer or a number");

  MapleNodePool() = default;
  MapleNodePool(MapleNodePool&& other) noexcept { *this = std::move(other); }
  MapleNodePool& operator=(MapleNodePool&& other) noexcept {
    chunks_ = std::exchange(other.chunks_, {});
    free_ = std::exchange(other.free_, nullptr);
    chunk_ = std::exchange(other.chunk_, 0);
    used_ = std::exchange(other.used_, 0);
    available_ = std::exchange(other.available_, 0);
    nodes_ = std::exchange(other.nodes_, 0);
    return *this;
  }
  MapleNodePool(const MapleNodePool&) = delete;
  MapleNodePool& operator=(const MapleNodePool&) = delete;
  ~MapleNodePool() = default;

  /// Makes sure that `count` takes in a row succeed. False where memory is exhausted.
  [[nodiscard]] bool reserve(std::size_t count) {
    return count <= available_ || allocate(count - available_);
  }

  /// Requires a reservation. The node's content is undefined.
  [[nodiscard]] Node* take() {
    --available_;
    if (free_ != nullptr) {
      Node* node = free_;
      free_ = node->next_free;
      return node;
    }
    if (used_ == chunks_[chunk_].size) {
      ++chunk_;
      used_ = 0;
    }
    return &chunks_[chunk_].nodes[used_++];
  }

  void give_back(Node* node) {
    node->next_free = free_;
    free_ = node;
    ++available_;
  }

  /// Every node is free again; the memory is kept.
  void reset() {
    free_ = nullptr;
    chunk_ = used_ = 0;
    available_ = nodes_;
  }

  [[nodiscard]] std::size_t in_use() const { return nodes_ - available_; }

 private:
  struct Chunk {
    std::unique_ptr<Node[]> nodes;
    std::size_t size;
  };

  /// Each chunk is twice as large as the one before, up to a limit, and large enough.
  [[nodiscard]] bool allocate(std::size_t lacking) {
    constexpr std::size_t kLargest = 64;
    const std::size_t size =
        std::max(lacking, std::min(kLargest, std::max<std::size_t>(nodes_, 4)));
    try {
      chunks_.push_back({std::unique_ptr<Node[]>{new Node[size]}, size});
    } catch (const std::bad_alloc&) {
      return false;
    }
    nodes_ += size;
    available_ += size;
    return true;
  }

  std::vector<Chunk> chunks_;
  Node* free_ = nullptr;
  std::size_t chunk_ =
      0;  ///< of the nodes not in the free list those from here on were never taken
  std::size_t used_ = 0;
  std::size_t available_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace vmadiff::impl
