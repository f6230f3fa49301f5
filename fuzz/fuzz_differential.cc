// fuzz_differential: do model and implementation agree, and do both keep the rules?
//
// Strategy
//   The bytes are a kernel profile and a sequence of calls (codec.h). Calls that may touch the
//   program's own memory are left out; the rest runs on the model and on the implementation of that
//   profile, from the standard set-up. The mutator (mutator.h) changes sequences as sequences, so
//   nearly every execution is one that a person could have written.
//
// Invariants, after every call
//   - Both systems gave the same outcome, and show the same VMAs, counters, break and KSM flag.
//   - Every invariant of one state holds on both, the maple tree's among them, but for those that
//     the profile is known to violate (known_violations.h).
//
// Besides the code, the cells of behaviour that an input meets count as coverage
// (cell_counters.h).
//
// It prints and returns; it writes nothing. libFuzzer keeps the crashing input.
#include "fuzz/fuzz_differential.h"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <vector>

#include "fuzz/cell_counters.h"
#include "fuzz/decode.h"
#include "fuzz/known_violations.h"
#include "impl/implementation.h"
#include "model/model.h"
#include "properties/checker.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {
namespace {

using properties::Checker;
using properties::Finding;

/// Systems and checker of one profile. They are kept between inputs: building them costs more than
/// most inputs do.
struct Bench {
  explicit Bench(const spec::KernelProfile& profile)
      : model(model::make_model(profile)), impl(impl::make_implementation(profile)) {
    properties::CheckerOptions options;
    options.profile = profile;
    options.setup = spec::Setup::standard();
    options.properties = properties_for(profile);
    options.coverage = &coverage;
    options.notes_only_cells = true;  // all that is asked for (cell_counters.h)
    checker = std::make_unique<Checker>(std::vector<spec::System*>{model.get(), impl.get()},
                                        std::move(options));
  }
  std::unique_ptr<spec::System> model;
  std::unique_ptr<spec::System> impl;
  std::unique_ptr<Checker> checker;
  properties::Coverage coverage;  ///< of the present input
};

Bench& bench_of(std::size_t profile) {
  static std::vector<std::unique_ptr<Bench>> benches(spec::profiles().size());
  auto& bench = benches[profile];
  if (!bench) bench = std::make_unique<Bench>(spec::profiles()[profile]);
  return *bench;
}

std::optional<std::string> check(Checker& checker, const spec::Sequence& sequence) {
  const auto result = checker.check(sequence, properties::Observation::kEveryStep);
  if (!result) return fmt::format("tool fault: {}", result.error().message);
  if (!*result) return std::nullopt;
  return failure_text(**result);
}

void append_view(std::string& out, const properties::View& view) {
  fmt::format_to(std::back_inserter(out), "\n{}: = {}\n", view.system, spec::text(view.outcome));
  const spec::Snapshot& state = view.snapshot;
  for (const spec::Vma& vma : state.vmas) {
    fmt::format_to(std::back_inserter(out), "  {}", spec::text(vma));
    if (vma.anon_vma != spec::kNoAnonVma) {
      fmt::format_to(std::back_inserter(out), " anon_vma {}", vma.anon_vma);
    }
    out += '\n';
  }
  fmt::format_to(std::back_inserter(out),
                 "  map_count {} total_vm {} locked_vm {} data_vm {} stack_vm {} exec_vm {} "
                 "brk {:#x} merge_any {}\n",
                 state.counters.map_count, state.counters.total_vm, state.counters.locked_vm,
                 state.counters.data_vm, state.counters.stack_vm, state.counters.exec_vm, state.brk,
                 state.merge_any);
}

}  // namespace

std::string failure_text(const Finding& finding, std::string_view systems) {
  std::string out = fmt::format("{} does not hold\n{}\n\n# profile: {}\n# claim: {}\n",
                                finding.claim, finding.explanation, finding.profile, finding.claim);
  for (std::size_t i = 0; i < finding.sequence.size() && i <= finding.step; ++i) {
    if (i == finding.step) out += "# >>> the next call shows it\n";
    out += spec::text(finding.sequence[i]);
    out += '\n';
  }
  for (const properties::View& view : finding.views) append_view(out, view);
  out += fmt::format(
      "\nTo replay: save the lines from '# profile' to the last call as X.trace, then\n"
      "  vmadiff minimize X.trace -o Y.trace --systems {1} --profile '{0}'\n"
      "  vmadiff replay Y.trace --systems {1} --profile '{0}'\n",
      finding.profile, systems);
  return out;
}

std::optional<std::string> differential_failure(const Input& input, spec::System& expected,
                                                spec::System& actual,
                                                const properties::PropertySet& claims) {
  properties::CheckerOptions options;
  options.profile = input.kernel_profile();
  options.setup = spec::Setup::standard();
  options.properties = claims;
  Checker checker{{&expected, &actual}, std::move(options)};
  return check(checker, runnable(input).sequence);
}

std::optional<std::string> run_differential(std::span<const std::uint8_t> bytes) {
  const Input input = runnable(decode(bytes));
  Bench& bench = bench_of(input.profile);
  bench.coverage = {};
  auto failure = check(*bench.checker, input.sequence);
  count_cells(bench.coverage);
  return failure;
}

}  // namespace vmadiff::fuzz
