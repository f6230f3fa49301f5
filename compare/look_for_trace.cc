// compare: looking for traces that tell kernels apart.
#include "compare/look_for_trace.h"

#include <array>
#include <memory>
#include <utility>

#include "properties/claims/difference.h"
#include "properties/generate/generator.h"
#include "properties/generate/setups.h"
#include "properties/shrink/minimize.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

/// What every machine has. A trace with others could be asked of few.
constexpr std::array kFiles{spec::FileClass::kMemfd, spec::FileClass::kFile,
                            spec::FileClass::kFileReadOnly, spec::FileClass::kZero,
                            spec::FileClass::kHugetlb};

/// Two models that run the same sequences, used again and again.
class Pair {
 public:
  explicit Pair(const ToldApart& two)
      : a_(systems::make_like(systems::kModel, two.a)),
        b_(systems::make_like(systems::kModel, two.b)),
        seen_(two.seen) {}

  std::optional<std::size_t> first_step_apart(const spec::Setup& setup,
                                              const spec::Sequence& sequence) {
    // Models run in this process and have no faults.
    (void)a_->start(setup);
    (void)b_->start(setup);
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      const auto& [process, call, expected] = sequence[i];
      if (a_->apply(process, call) != b_->apply(process, call)) return i;
      (void)a_->snapshot(process, of_a_);
      (void)b_->snapshot(process, of_b_);
      if (properties::difference(of_a_, of_b_, seen_)) return i;
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<spec::System> a_;
  std::unique_ptr<spec::System> b_;
  spec::Observes seen_;
  // Kept for their memory.
  spec::Snapshot of_a_;
  spec::Snapshot of_b_;
};

}  // namespace

std::optional<std::size_t> first_step_apart(const ToldApart& two, const spec::Setup& setup,
                                            const spec::Sequence& sequence) {
  return Pair{two}.first_step_apart(setup, sequence);
}

std::optional<TraceFound> look_for_trace(const ToldApart& two, const TraceSearch& search) {
  using properties::SetupVariation;
  Pair pair{two};
  properties::GeneratorOptions generator;
  generator.setup = search.setup;
  generator.setup_variation = SetupVariation::kMapLimitAndPool;
  // A trace is asked of every kernel, and read by people: no long openings.
  generator.openings = false;
  generator.file_classes.assign(kFiles.begin(), kFiles.end());
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < search.sequences; ++i) {
    if (search.interrupted && search.interrupted()) return std::nullopt;
    const auto seed = properties::sequence_seed(search.seed, i);
    auto setup = properties::varied_setup(seed, search.setup, generator.setup_variation)
                     .value_or(search.setup);
    properties::generate(seed, generator, sequence);
    if (!pair.first_step_apart(setup, sequence)) continue;
    if (pair.first_step_apart(search.setup, sequence)) setup = search.setup;
    const auto shows = [&](const spec::Sequence& candidate) {
      return pair.first_step_apart(setup, candidate).has_value();
    };
    auto small = properties::smallest(std::move(sequence), setup, shows,
                                      {.interrupted = search.interrupted});
    if (const auto step = pair.first_step_apart(setup, small)) small.resize(*step + 1);
    return TraceFound{.sequence = std::move(small), .setup = std::move(setup)};
  }
  return std::nullopt;
}

}  // namespace vmadiff::compare
