// impl: what happens, fast? This file: the nodes of the maple tree and the pool they come from.
// Knows nothing of VMAs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace vmadiff::impl {

inline constexpr unsigned kMapleLeafSlots = 16;     ///< MAPLE_RANGE64_SLOTS
inline constexpr unsigned kMapleInnerSlots = 10;    ///< MAPLE_ARANGE64_SLOTS
inline constexpr unsigned kMapleLeafSlotsMin = 6;   ///< of every leaf but a root
inline constexpr unsigned kMapleInnerSlotsMin = 4;  ///< of every inner node but a root
inline constexpr unsigned kMapleHeightMax = 16;     ///< levels; 4^15 * 6 ranges at the least
inline constexpr std::size_t kMapleNodeBytes = 256;

/// Slot i covers (pivot[i-1], pivot[i]]; the last one ends where its parent says that the node
/// ends, so it needs no pivot. A null value is a gap.
template <typename T>
struct MapleLeaf {
  std::uint64_t pivot[kMapleLeafSlots - 1];
  T value[kMapleLeafSlots];
  std::uint32_t count;  ///< slots in use
};

/// The same for children. gap[i] is the length in keys of the longest gap below child[i].
template <typename Node>
struct MapleInner {
  std::uint64_t pivot[kMapleInnerSlots - 1];
  Node* child[kMapleInnerSlots];
  std::uint64_t gap[kMapleInnerSlots];
  std::uint32_t count;
};

/// 256 bytes. Whether it is a leaf follows from its depth: all leaves are at the same one.
template <typename T>
union alignas(kMapleNodeBytes) MapleNode {
  MapleLeaf<T> leaf;
  MapleInner<MapleNode> inner;
  MapleNode* next_free;
};

/// Nodes by the chunk, given back to a free list: after warm-up nothing is allocated. Not
/// thread-safe. Nodes stay where they are until the pool dies.
template <typename T>
class MapleNodePool {
 public:
  using Node = MapleNode<T>;
  static_assert(std::is_trivial_v<T>, "a value is a pointer or a number");
  static_assert(sizeof(Node) == kMapleNodeBytes, "a value has at most 8 bytes");

  /// Makes sure that `count` takes in a row succeed. False where memory is exhausted.
  [[nodiscard]] bool reserve(std::size_t count) {
    while (free_count_ + (chunks_.size() * kChunkNodes - fresh_) < count) {
      std::unique_ptr<Node[]> chunk{new (std::nothrow) Node[kChunkNodes]};
      if (chunk == nullptr) return false;
      chunks_.push_back(std::move(chunk));
    }
    return true;
  }

  /// Requires a reservation. The node's content is undefined.
  [[nodiscard]] Node* take() {
    ++in_use_;
    if (free_ != nullptr) {
      Node* node = free_;
      free_ = node->next_free;
      --free_count_;
      return node;
    }
    Node* node = &chunks_[fresh_ / kChunkNodes][fresh_ % kChunkNodes];
    ++fresh_;
    return node;
  }

  void give_back(Node* node) {
    node->next_free = free_;
    free_ = node;
    ++free_count_;
    --in_use_;
  }

  /// Every node is free again; the memory is kept.
  void reset() {
    free_ = nullptr;
    free_count_ = fresh_ = in_use_ = 0;
  }

  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  static constexpr std::size_t kChunkNodes = 64;
  std::vector<std::unique_ptr<Node[]>> chunks_;
  Node* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t fresh_ = 0;  ///< nodes below this one have been handed out at least once
  std::size_t in_use_ = 0;
};

}  // namespace vmadiff::impl
