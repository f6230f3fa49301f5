// bench: what one call costs on the model, on the implementation, and on both with every step
// compared. Read the ratios; items_per_second is calls.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "impl/implementation.h"
#include "model/model.h"
#include "properties/checker.h"
#include "properties/generate/generator.h"
#include "spec/kernel_profile.h"

namespace vmadiff {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kSequences = 256;

std::vector<spec::Sequence> sequences() {
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  std::vector<spec::Sequence> out(kSequences);
  for (std::size_t i = 0; i < kSequences; ++i) {
    properties::generate(properties::sequence_seed(kSeed, i), options, out[i]);
  }
  return out;
}

void run(benchmark::State& state, spec::System& system, bool with_snapshots) {
  const auto all = sequences();
  const auto setup = spec::Setup::standard();
  spec::Snapshot snapshot;
  std::int64_t calls = 0;
  for (auto _ : state) {
    for (const spec::Sequence& sequence : all) {
      if (!system.start(setup)) state.SkipWithError("start failed");
      for (const spec::Step& step : sequence) {
        benchmark::DoNotOptimize(system.apply(step.process, step.call));
        if (with_snapshots) benchmark::DoNotOptimize(system.snapshot(step.process, snapshot));
      }
      calls += static_cast<std::int64_t>(sequence.size());
    }
  }
  state.SetItemsProcessed(calls);
}

spec::KernelProfile profile() { return *spec::profile_named(spec::kDefaultProfileName); }

void BM_Model(benchmark::State& state) { run(state, *model::make_model(profile()), false); }
void BM_Implementation(benchmark::State& state) {
  run(state, *impl::make_implementation(profile()), false);
}
void BM_ModelWithSnapshots(benchmark::State& state) {
  run(state, *model::make_model(profile()), true);
}
void BM_ImplementationWithSnapshots(benchmark::State& state) {
  run(state, *impl::make_implementation(profile()), true);
}

void BM_EveryStepCompared(benchmark::State& state) {
  const auto all = sequences();
  const auto model = model::make_model(profile());
  const auto impl = impl::make_implementation(profile());
  properties::CheckerOptions options{.profile = profile(),
                                     .setup = spec::Setup::standard(),
                                     .properties = *properties::PropertySet::parse("equivalence"),
                                     .relation_every = 1,
                                     .make_like = nullptr};
  properties::Checker checker({model.get(), impl.get()}, options);
  for (auto _ : state) {
    for (const spec::Sequence& sequence : all) {
      benchmark::DoNotOptimize(checker.check(sequence, properties::Observation::kAtEnd));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(checker.tally().operations));
}

BENCHMARK(BM_Model);
BENCHMARK(BM_Implementation);
BENCHMARK(BM_ModelWithSnapshots);
BENCHMARK(BM_ImplementationWithSnapshots);
BENCHMARK(BM_EveryStepCompared);

}  // namespace
}  // namespace vmadiff
