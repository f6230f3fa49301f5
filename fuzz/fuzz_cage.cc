// fuzz_cage: does the cage hold, whatever a trace does?
//
// Strategy
//   The bytes are a sequence (codec.h), run on this machine's kernel as it is: calls that reach the
//   agent's own memory are not left out, as they are everywhere else.
//
// Invariants
//   - Every call has an outcome, and no fault is one of the tool's own.
//   - Whatever became of the agent, the next sequence begins as the first one did: the same layout,
//     the same counters, one process.
//   - No more processes are left than one agent can have.
#include "fuzz/fuzz_cage.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "fuzz/codec.h"
#include "kernel/host/host.h"
#include "spec/snapshot.h"
#include "spec/system.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {
namespace {

/// An agent, and all that it may fork, twice: those of one sequence may still be at their end.
constexpr std::size_t kProcessesMax = 1 + 2 * 64;

/// A call takes microseconds; many of these traces have an agent wait for ever.
constexpr std::chrono::milliseconds kPatience{200};
/// Some have the kernel walk terabytes.
constexpr std::chrono::seconds kCpuLimit{1};

struct Cage {
  std::string why_not;
  spec::Setup setup;
  std::unique_ptr<spec::System> host;
  spec::Snapshot initial;

  std::optional<std::string> begin(spec::Snapshot& seen) {
    if (auto begun = host->start(setup); !begun) return begun.error().message;
    if (auto read = host->snapshot(0, seen); !read) return read.error().message;
    return std::nullopt;
  }

  static Cage make() {
    Cage cage;
    const auto found = kernel::probe_host();
    if (!found.can_run) return {.why_not = found.why_not, .setup = {}, .host = {}, .initial = {}};
    auto setup = kernel::read_setup();
    auto host = kernel::make_host({.timeout = kPatience, .cpu_limit = kCpuLimit});
    if (!setup || !host) {
      cage.why_not = (setup ? host.error() : setup.error()).message;
      return cage;
    }
    cage.setup = *std::move(setup);
    cage.host = *std::move(host);
    cage.why_not = cage.begin(cage.initial).value_or("");
    return cage;
  }
};

Cage& cage() {
  static Cage one = Cage::make();
  return one;
}

std::size_t child_count() {
  std::ifstream file{"/proc/thread-self/children"};
  return static_cast<std::size_t>(
      std::distance(std::istream_iterator<int>{file}, std::istream_iterator<int>{}));
}

}  // namespace

const std::string& why_no_cage() { return cage().why_not; }

std::optional<std::string> run_cage(std::span<const std::uint8_t> bytes) {
  Cage& here = cage();
  if (!here.why_not.empty()) return std::nullopt;
  const Input input = decode(bytes);
  const auto failure = [&](std::string_view what) {
    return fmt::format("{}\n\n{}", what, spec::print_trace(input.sequence));
  };
  spec::Snapshot seen;
  if (auto fault = here.begin(seen)) return failure(*fault);
  std::vector<spec::Outcome> outcomes;
  here.host->apply_all(input.sequence, outcomes);
  if (outcomes.size() != input.sequence.size()) {
    return failure(fmt::format("{} outcomes for {} calls", outcomes.size(), input.sequence.size()));
  }
  if (const auto setback = here.host->take_setback(); setback && !setback->passes)
    return failure(setback->message);
  if (auto fault = here.begin(seen)) return failure(fmt::format("afterwards: {}", *fault));
  if (seen.vmas != here.initial.vmas || seen.counters != here.initial.counters ||
      seen.brk != here.initial.brk || seen.merge_any != here.initial.merge_any)
    return failure("the sequence behind it does not begin as the first one did");
  if (child_count() > kProcessesMax) return failure("processes pile up");
  return std::nullopt;
}

}  // namespace vmadiff::fuzz
