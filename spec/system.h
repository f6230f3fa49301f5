// spec: the one interface behind which every system under test stands: the model, the
// implementation, a real kernel. Nothing below cli/ knows which ones are being compared.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/allocation_faults.h"
#include "spec/outcome.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::spec {

/// A fault of the tool (not of a system under test): what happened, where, and what would be right.
struct ToolFault {
  std::string message;
  /// It is of this one sequence: the next can be run all the same.
  bool passes = false;
};

/// A sequence that will be run, and the set-up in which it begins.
struct Announced {
  const Setup* setup = nullptr;
  const Sequence* sequence = nullptr;
};

class System {
 public:
  System() = default;
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  virtual ~System() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Observes observes() const = 0;

  /// Back to the beginning, whatever was before. `setup` outlives the run that follows.
  virtual std::expected<void, ToolFault> start(const Setup& setup) = 0;

  /// Runs one call. Requires a started system and a modelled call. After a death every further
  /// call is a death, until start().
  virtual Outcome apply(ProcessId process, const Syscall& call) = 0;

  /// Runs a whole sequence; outcomes[i] belongs to sequence[i]. A system for which a step is dear
  /// (another process) does it in one go; no snapshot is possible in between.
  virtual void apply_all(std::span<const Step> sequence, std::vector<Outcome>& outcomes) {
    outcomes.clear();
    for (const Step& step : sequence) outcomes.push_back(apply(step.process, step.call));
  }

  /// The same behind start(), with a look behind each step at its process: states[0] is the first
  /// process before all steps, states[i + 1] the one of step i behind it. Ends behind a death, of
  /// which there is an outcome and no state. `states` may have more than those, kept for their
  /// memory. A system that is far away does it in one go.
  virtual std::expected<void, ToolFault> apply_and_look(std::span<const Step> sequence,
                                                        std::vector<Outcome>& outcomes,
                                                        std::vector<Snapshot>& states) {
    if (states.size() < sequence.size() + 1) states.resize(sequence.size() + 1);
    outcomes.clear();
    if (auto seen = snapshot(0, states[0]); !seen) return seen;
    for (const Step& step : sequence) {
      outcomes.push_back(apply(step.process, step.call));
      if (outcomes.back().is_death()) return {};
      if (auto seen = snapshot(step.process, states[outcomes.size()]); !seen) return seen;
    }
    return {};
  }

  /// Says that these will be run next, each by start() and apply_all(), in this order; some may be
  /// left out. A system that is far away runs them ahead. Nothing is kept of what they point to.
  virtual void will_run(std::span<const Announced> /*sequences*/) {}

  /// What is known of the last death (the signal, a hang), one line; empty where there was none.
  [[nodiscard]] virtual std::string_view death_note() const { return {}; }

  /// A death since this was last asked that was no doing of the system: the process was killed from
  /// outside, or a bound of the tool's own was reached. What was given since start() then says
  /// nothing of the system. Nothing where all deaths are its own.
  [[nodiscard]] virtual std::optional<ToolFault> take_setback() { return std::nullopt; }

  /// What else is known of it, several lines: the console of a machine that died, and what it was
  /// given to run.
  [[nodiscard]] virtual std::string_view death_log() const { return {}; }
  /// Whether start() takes seconds after a death. Who tries often then tries less.
  [[nodiscard]] virtual bool is_death_dear() const { return false; }

  /// Writes the present state into `out`, reusing its memory. A fault only from systems that are
  /// other processes.
  virtual std::expected<void, ToolFault> snapshot(ProcessId process, Snapshot& out) = 0;

  /// Whether the three that follow will be asked about the runs that begin or are announced from
  /// now on; unless this says no, they will. Where not, they may know nothing.
  virtual void ask_what_is_left(bool /*asked*/) {}

  /// Ends the run, so that it is to be asked once and last: all processes and mappings of it go.
  /// How many pages more, or fewer, the machine has committed (Committed_AS) than when the run
  /// began. Nothing where that is not known: not observed, or nobody has survived the run.
  virtual std::expected<std::optional<std::int64_t>, ToolFault> left_committed() {
    return std::nullopt;
  }

  /// The same, behind left_committed or in its place: the machine's pool of huge pages, less what
  /// it was when the run began; differences wrap. Nothing where that is not known.
  virtual std::expected<std::optional<HugePages>, ToolFault> left_in_pool() { return std::nullopt; }

  /// The same, behind both or in their place: how many allocations of its own the system
  /// has not given back, less those that it had when the run began. Nothing where that is not
  /// known.
  virtual std::expected<std::optional<std::int64_t>, ToolFault> left_allocated() {
    return std::nullopt;
  }

  /// How long the calls of all runs have taken by themselves, as far as the system notes it; it
  /// never falls.
  [[nodiscard]] virtual std::chrono::nanoseconds bare_time() const { return {}; }

  /// Whether a snapshot costs much more than a call. The runner then uses apply_all.
  [[nodiscard]] virtual bool is_remote() const { return false; }

  /// How to make its allocations fail, or null where that cannot be done.
  [[nodiscard]] virtual AllocationFaults* allocation_faults() { return nullptr; }

  /// Describes an invariant of the system's own data structures that is broken (the maple tree's),
  /// or nothing.
  [[nodiscard]] virtual std::optional<std::string> broken_invariant() const { return std::nullopt; }
};

}  // namespace vmadiff::spec
