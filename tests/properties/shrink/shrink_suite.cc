// tests/properties: what must hold of generated sequences and of everything they shrink to.
#include "../suite.h"

namespace vmadiff::properties {
namespace {

bool is_fine(const spec::Sequence& sequence, const spec::Setup& setup) {
  for (const spec::Step& step : sequence) {
    if (spec::unmodelled_reason(step.call) || spec::touches_reserved(setup, step)) return false;
  }
  return true;
}

TEST(Shrinks, AreSequencesThatEverySystemCanRun) {
  const GeneratorOptions options = generator_options();
  const auto sequences = any_sequence(options);
  holds("a generated sequence and its shrinks are modelled and keep away from reserved memory", 200,
        [&] {
          const Generated generated = *sequences;
          RC_ASSERT(is_fine(generated.sequence, options.setup));
          auto candidates = simpler(generated.sequence, Landmarks::of(options.setup));
          int seen = 0;
          while (auto candidate = candidates.next()) {
            RC_ASSERT(candidate->size() <= generated.sequence.size());
            RC_ASSERT(!(*candidate == generated.sequence));
            for (const spec::Step& step : *candidate) {
              RC_ASSERT(!spec::unmodelled_reason(step.call).has_value());
            }
            ++seen;
          }
          RC_ASSERT(seen > 0 || generated.sequence.empty());
        });
}

TEST(Shrinks, PrintAndParseToThemselves) {
  const auto sequences = any_sequence(generator_options());
  holds("parsing the text of a generated sequence gives the sequence", 300, [&] {
    const Generated generated = *sequences;
    const auto read = spec::parse_trace(print_trace(generated.sequence));
    RC_ASSERT(read.errors.empty());
    RC_ASSERT(read.trace.sequence == generated.sequence);
  });
}

}  // namespace
}  // namespace vmadiff::properties
