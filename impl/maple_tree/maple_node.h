// impl: what happens, fast? This file: the nodes of the maple tree and the pool they come from.
// Knows nothing of VMAs.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace vmadiff::impl {

inline constexpr unsigned kMapleSlots = 32;  ///< of every array in a node: whole vectors of 8 keys
inline constexpr unsigned kMapleLeafSlotsMax =
    kMapleSlots - 1;  ///< one is free: a search ends there
inline constexpr unsigned kMapleInnerSlotsMax = kMapleSlots;
inline constexpr unsigned kMapleSlotsMin = kMapleSlots / 4;  ///< of every node but a root
inline constexpr std::size_t kMapleLine = 64;                ///< what a processor fetches at once
inline constexpr unsigned kMapleHeightMax = 16;              ///< levels

/// The part of a leaf that searches read, whatever its values are. Slot i is an entry over
/// [first[i], last[i]]. Slots from `count` on are free: there both are the last key of all.
struct MapleLeafKeys {
  MapleLeafKeys* prev;  ///< leaves are linked in order
  MapleLeafKeys* next;
  std::uint32_t count;
  alignas(kMapleLine) std::uint64_t last[kMapleSlots];
  std::uint64_t first[kMapleSlots];
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
  std::uint32_t count;
  alignas(kMapleLine) std::uint64_t pivot[kMapleSlots];
  void* child[kMapleSlots];
  std::uint64_t gap[kMapleSlots];
};

/// Whether it is a leaf follows from its depth: all leaves are at the same one.
template <typename T>
union alignas(kMapleLine) MapleNode {
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
  MapleNodePool(MapleNodePool&& other) noexcept { swap(other); }
  MapleNodePool& operator=(MapleNodePool&& other) noexcept {
    MapleNodePool{std::move(other)}.swap(*this);
    return *this;
  }
  MapleNodePool(const MapleNodePool&) = delete;
  MapleNodePool& operator=(const MapleNodePool&) = delete;
  ~MapleNodePool() {
    while (chunks_ != nullptr) ::operator delete(std::exchange(chunks_, chunks_->next));
  }

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
    while (used_ == chunk_->size) {
      chunk_ = chunk_->next;
      used_ = 0;
    }
    return chunk_->nodes + used_++;
  }

  void give_back(Node* node) {
    node->next_free = free_;
    free_ = node;
    ++available_;
  }

  /// Every node is free again; the memory is kept.
  void reset() {
    free_ = nullptr;
    chunk_ = chunks_;
    used_ = 0;
    available_ = nodes_;
  }

  [[nodiscard]] std::size_t in_use() const { return nodes_ - available_; }

 private:
  /// Begins a piece of memory; the nodes follow at the next line.
  struct Chunk {
    Chunk* next;
    std::size_t size;
    Node* nodes;
  };

  /// Each chunk is as large as all before it, up to a limit, and large enough. Alignment is made by
  /// hand, since allocators take more time for it than for memory.
  [[nodiscard]] bool allocate(std::size_t lacking) {
    constexpr std::size_t kLargest = 64;
    const std::size_t size =
        std::max(lacking, std::min(kLargest, std::max<std::size_t>(nodes_, 4)));
    std::size_t space = size * sizeof(Node) + alignof(Node);
    void* memory = ::operator new(sizeof(Chunk) + space, std::nothrow);
    if (memory == nullptr) return false;
    void* place = static_cast<std::byte*>(memory) + sizeof(Chunk);
    [[maybe_unused]] const void* const aligned =
        std::align(alignof(Node), size * sizeof(Node), place, space);
    assert(aligned != nullptr && "there is room for the alignment");
    auto* chunk = new (memory) Chunk{nullptr, size, static_cast<Node*>(place)};
    (chunks_ == nullptr ? chunks_ : newest_->next) = chunk;
    if (chunk_ == nullptr) chunk_ = chunk;
    newest_ = chunk;
    nodes_ += size;
    available_ += size;
    return true;
  }

  void swap(MapleNodePool& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(newest_, other.newest_);
    std::swap(chunk_, other.chunk_);
    std::swap(used_, other.used_);
    std::swap(free_, other.free_);
    std::swap(available_, other.available_);
    std::swap(nodes_, other.nodes_);
  }

  Chunk* chunks_ = nullptr;  ///< in the order they were made
  Chunk* newest_ = nullptr;
  Chunk* chunk_ = nullptr;  ///< of the nodes not in the free list those from here on were not taken
  std::size_t used_ = 0;
  Node* free_ = nullptr;
  std::size_t available_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace vmadiff::impl
