// bench: how fast? This file: the maple tree beside its peers (peers.h), each given the same work
// in one run, in turns that Google Benchmark shuffles; then a table of medians. Before that all
// have to give the same answers.
//
//   bench.sh [--benchmark_filter=churn/] [other options of Google Benchmark]
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/given.h"
#include "bench/peers.h"
#include "bench/table.h"

namespace vmadiff::bench {
namespace {

constexpr std::array<std::size_t, 5> kCounts{16, 128, 1024, 16'384, 65'530};
constexpr std::size_t kBatch = 1024;

/// One tree with what is asked of it, and where in the questions it is.
struct Place {
  const Peer& peer;
  const Given& given;
  void* tree;
  std::size_t at = 0;

  [[nodiscard]] std::size_t next_batch() {
    at = (at + kBatch) % kAsked;
    return at;
  }
};

struct Workload {
  const char* name;
  /// Returns how many items that were.
  std::size_t (*run)(Place& place);
};

constexpr std::uint64_t kNone = 0;

const Workload kWorkloads[] = {
    {"lookup, independent",
     [](Place& p) {
       benchmark::DoNotOptimize(p.peer.look_up(p.tree, &p.given.keys[p.next_batch()], kBatch));
       return kBatch;
     }},
    {"lookup, dependent",
     [](Place& p) {
       benchmark::DoNotOptimize(
           p.peer.look_up_dependent(p.tree, &p.given.keys[p.next_batch()], kBatch, kNone));
       return kBatch;
     }},
    {"iterate",
     [](Place& p) {
       benchmark::DoNotOptimize(p.peer.iterate(p.tree));
       return p.given.ranges.size();
     }},
    {"churn",
     [](Place& p) {
       p.peer.churn(p.tree, &p.given.touched[p.next_batch()], kBatch);
       return kBatch;
     }},
    {"split+merge",
     [](Place& p) {
       p.peer.split_and_merge(p.tree, &p.given.touched[p.next_batch()], kBatch);
       return kBatch;
     }},
    {"lowest gap",
     [](Place& p) {
       benchmark::DoNotOptimize(
           p.peer.lowest_gap(p.tree, &p.given.windows_up[p.next_batch()], kBatch));
       return kBatch;
     }},
    {"highest gap",
     [](Place& p) {
       benchmark::DoNotOptimize(
           p.peer.highest_gap(p.tree, &p.given.windows_down[p.next_batch()], kBatch));
       return kBatch;
     }},
    {"duplicate",
     [](Place& p) {
       p.peer.duplicate(p.tree);
       return p.given.ranges.size();
     }},
    {"build",
     [](Place& p) {
       p.peer.destroy(p.peer.build(p.given.ranges.data(), p.given.ranges.size()));
       return p.given.ranges.size();
     }},
};

/// "churn/1024/absl" in its three parts.
struct Name {
  std::string workload;
  std::size_t count;
  std::string peer;

  explicit Name(const std::string& text)
      : workload(text.substr(0, text.find('/'))),
        count(std::strtoull(text.c_str() + workload.size() + 1, nullptr, 10)),
        peer(text.substr(text.find('/', workload.size() + 1) + 1)) {}
};

class TableReporter : public benchmark::BenchmarkReporter {
 public:
  explicit TableReporter(Table& table) : table_(table) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const Name name{run.run_name.function_name};
      table_.add(name.workload, name.count, name.peer, 1e9 / run.counters.at("items_per_second"));
    }
  }

 private:
  Table& table_;
};

/// What all have to agree on: once before anything is measured.
std::string answers(Place& p) {
  p.peer.churn(p.tree, p.given.touched.data(), kBatch);
  p.peer.split_and_merge(p.tree, p.given.touched.data(), kBatch);
  p.peer.duplicate(p.tree);
  return fmt::format(
      "{:x} {:x} {:x} {:x} {:x}", p.peer.look_up(p.tree, p.given.keys.data(), kAsked),
      p.peer.look_up_dependent(p.tree, p.given.keys.data(), kBatch, kNone), p.peer.iterate(p.tree),
      p.peer.lowest_gap(p.tree, p.given.windows_up.data(), kBatch),
      p.peer.highest_gap(p.tree, p.given.windows_down.data(), kBatch));
}

int run(int argc, char** argv) {
  std::vector<std::string> options{argv, argv + argc};
  for (const char* given : {"--benchmark_enable_random_interleaving=true",
                            "--benchmark_repetitions=9", "--benchmark_min_time=0.01"}) {
    options.insert(options.begin() + 1, given);
  }
  std::vector<char*> arguments;
  for (auto& option : options) arguments.push_back(option.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  const auto all = peers();
  std::vector<std::string> names;
  for (const Peer* peer : all) names.emplace_back(peer->name);
  Table table{names};
  std::vector<std::unique_ptr<Given>> givens;
  std::vector<std::unique_ptr<Place>> places;
  for (const std::size_t n : kCounts) {
    const Given& what = *givens.emplace_back(std::make_unique<Given>(given(n)));
    std::optional<std::string> expected;
    for (const Peer* peer : all) {
      const std::size_t before = peer->bytes(nullptr);
      void* tree = peer->build(what.ranges.data(), n);
      Place& place = *places.emplace_back(std::make_unique<Place>(Place{*peer, what, tree}));
      const std::size_t bytes = peer->bytes(tree) - before;
      if (bytes != 0) {
        table.add_bytes(n, peer->name, static_cast<double>(bytes) / static_cast<double>(n));
      }
      const std::string found = answers(place);
      if (!expected) expected = found;
      if (found != *expected) {
        fmt::print(stderr, "bench: N = {}, {}: other answers than {}\n{}\n{}\n", n, peer->name,
                   all.front()->name, found, *expected);
        return 1;
      }
      for (const Workload& workload : kWorkloads) {
        benchmark::RegisterBenchmark(fmt::format("{}/{}/{}", workload.name, n, peer->name).c_str(),
                                     [&place, &workload](benchmark::State& state) {
                                       std::size_t items = 0;
                                       for (auto _ : state) items += workload.run(place);
                                       state.SetItemsProcessed(static_cast<std::int64_t>(items));
                                     });
      }
    }
  }
  TableReporter reporter{table};
  benchmark::RunSpecifiedBenchmarks(&reporter);
  fmt::print("{}", table.text());
  for (const auto& place : places) place->peer.destroy(place->tree);
  return 0;
}

}  // namespace
}  // namespace vmadiff::bench

int main(int argc, char** argv) { return vmadiff::bench::run(argc, argv); }
