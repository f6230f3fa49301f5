// bench: the maple tree beside boost's flat_map, the obvious alternative, doing the same work:
// ranges stored over and erased at random places, and looked up. The argument is the number of
// ranges.
#include <benchmark/benchmark.h>

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <random>
#include <vector>

#include "impl/maple_tree/maple_tree.h"

namespace vmadiff {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kSpan = 16;  // keys per place; each range covers half of its place

std::vector<std::uint64_t> places(std::int64_t count) {
  std::mt19937_64 random(kSeed);
  std::vector<std::uint64_t> out(4096);
  for (auto& place : out) place = random() % static_cast<std::uint64_t>(count);
  return out;
}

impl::MapleTree<std::uint64_t> full_tree(std::int64_t count) {
  impl::MapleTree<std::uint64_t> tree;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(count); ++i) {
    if (!tree.store(i * kSpan, i * kSpan + kSpan / 2 - 1, i + 1)) break;
  }
  return tree;
}

using FlatMap = boost::container::flat_map<std::uint64_t, std::uint64_t>;
FlatMap full_map(std::int64_t count) {
  FlatMap map;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(count); ++i) {
    map.emplace_hint(map.end(), i * kSpan, i + 1);
  }
  return map;
}

void BM_MapleTreeFind(benchmark::State& state) {
  const auto tree = full_tree(state.range(0));
  const auto where = places(state.range(0));
  for (auto _ : state) {
    for (const auto place : where) benchmark::DoNotOptimize(tree.load(place * kSpan + 1));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(where.size()));
}

void BM_FlatMapFind(benchmark::State& state) {
  const auto map = full_map(state.range(0));
  const auto where = places(state.range(0));
  for (auto _ : state) {
    for (const auto place : where) {
      benchmark::DoNotOptimize(std::prev(map.upper_bound(place * kSpan + 1))->second);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(where.size()));
}

void BM_MapleTreeEraseAndStore(benchmark::State& state) {
  auto tree = full_tree(state.range(0));
  const auto where = places(state.range(0));
  for (auto _ : state) {
    for (const auto place : where) {
      const auto first = place * kSpan;
      benchmark::DoNotOptimize(tree.erase(first, first + kSpan / 2 - 1));
      benchmark::DoNotOptimize(tree.store(first, first + kSpan / 2 - 1, place + 1));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(2 * where.size()));
}

void BM_FlatMapEraseAndStore(benchmark::State& state) {
  auto map = full_map(state.range(0));
  const auto where = places(state.range(0));
  for (auto _ : state) {
    for (const auto place : where) {
      map.erase(place * kSpan);
      map.emplace(place * kSpan, place + 1);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(2 * where.size()));
}

BENCHMARK(BM_MapleTreeFind)->Arg(16)->Arg(256)->Arg(65536);
BENCHMARK(BM_FlatMapFind)->Arg(16)->Arg(256)->Arg(65536);
BENCHMARK(BM_MapleTreeEraseAndStore)->Arg(16)->Arg(256)->Arg(65536);
BENCHMARK(BM_FlatMapEraseAndStore)->Arg(16)->Arg(256)->Arg(65536);

}  // namespace
}  // namespace vmadiff
