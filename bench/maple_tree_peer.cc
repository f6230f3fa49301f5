// bench: how fast? This file: impl's maple tree does a peer's work.
#include <cstdlib>

#include "bench/peers.h"
#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::bench {
namespace {

using Tree = impl::MapleTree<std::uint64_t>;

Tree& of(void* tree) { return *static_cast<Tree*>(tree); }
const Tree& of(const void* tree) { return *static_cast<const Tree*>(tree); }

void store(Tree& tree, std::uint64_t first, std::uint64_t last, std::uint64_t value) {
  if (!tree.store(first, last, value)) std::abort();
}

void* build(const PeerRange* ranges, std::size_t count) {
  auto* tree = new Tree;
  for (std::size_t i = 0; i < count; ++i) {
    store(*tree, ranges[i].first, ranges[i].last, ranges[i].value);
  }
  return tree;
}

void destroy(void* tree) { delete &of(tree); }

std::uint64_t look_up(const void* tree, const std::uint64_t* keys, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += of(tree).load(keys[i]);
  return sum;
}

std::uint64_t look_up_dependent(const void* tree, const std::uint64_t* keys, std::size_t count,
                                std::uint64_t none) {
  std::uint64_t sum = 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = of(tree).load(keys[i] + (value & none));
    sum += value;
  }
  return sum;
}

std::uint64_t iterate(const void* tree) {
  std::uint64_t sum = 0;
  for (const auto& [first, last, value] : of(tree)) sum += first ^ last ^ value;
  return sum;
}

void churn(void* tree, const PeerRange* ranges, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    store(of(tree), ranges[i].first, ranges[i].last, 0);
    store(of(tree), ranges[i].first, ranges[i].last, ranges[i].value);
  }
}

void split_and_merge(void* tree, const PeerRange* ranges, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [first, last, value] = ranges[i];
    store(of(tree), first + (last - first) / 2 + 1, last, value + 8);
    store(of(tree), first, last, value);
  }
}

std::uint64_t lowest_gap(const void* tree, const PeerWindow* windows, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [low, high, size] = windows[i];
    sum += of(tree).lowest_empty_area(low, high, size).value_or(0);
  }
  return sum;
}

std::uint64_t highest_gap(const void* tree, const PeerWindow* windows, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [low, high, size] = windows[i];
    sum += of(tree).highest_empty_area(low, high, size).value_or(0);
  }
  return sum;
}

void duplicate(const void* tree) {
  const Tree copy = of(tree).duplicate();
  if (copy.height() == 0) std::abort();
}

std::size_t bytes(const void* tree) {
  return tree == nullptr ? 0 : of(tree).node_count() * sizeof(impl::MapleNode<std::uint64_t>);
}

}  // namespace

const Peer kMapleTreePeer{"ours",    build, destroy,         look_up,    look_up_dependent,
                          iterate,   churn, split_and_merge, lowest_gap, highest_gap,
                          duplicate, bytes};

}  // namespace vmadiff::bench
