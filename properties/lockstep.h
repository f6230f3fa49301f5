// properties: several systems run one sequence step by step, side by side; after each step every
// claim about one state and about two systems is checked. The hot path of a campaign: it allocates
// nothing and makes no text unless something is found.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "properties/attention.h"
#include "properties/claims/claim.h"
#include "properties/claims/exemptions.h"
#include "properties/claims/finding.h"
#include "properties/claims/past.h"
#include "properties/coverage/coverage.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::properties {

/// Two states of one process take turns, so that a step moves no memory.
struct History {
  std::array<spec::Snapshot, 2> states;
  std::size_t newest = 0;
  Past past;

  /// As one that has seen nothing; the memory is kept.
  void forget() {
    for (spec::Snapshot& state : states) state.clear();
    newest = 0;
    past = {};
  }
};

/// A whole run that was made in one go, before anybody looks at its first step: what
/// spec::System::apply_and_look gives.
struct Rehearsal {
  bool is_there = false;
  std::vector<spec::Outcome> outcomes;
  std::vector<spec::Snapshot> states;
};

/// One system in a lockstep, with the states before and after the present step of the process that
/// made it.
struct Side {
  spec::System* system = nullptr;
  spec::Observes observes;
  spec::Outcome outcome;
  /// Found equal to the first side in all that there is to see, at the present step.
  bool same_as_first = false;
  Rehearsal rehearsal;                ///< of the present sequence
  std::vector<History> processes{1};  ///< by number; more than there are
  std::size_t process_count = 1;      ///< those that were looked at in this run
  std::size_t process = 0;            ///< whose states before() and after() are

  /// Makes `number` the process that is looked at.
  void look_at(std::size_t number) {
    if (number >= processes.size()) processes.resize(number + 1);
    // What an earlier run left there is not this one's.
    for (; process_count <= number; ++process_count) processes[process_count].forget();
    process = number;
  }
  /// The newest state of a process that was looked at in this run.
  [[nodiscard]] const spec::Snapshot& last_state(std::size_t number) const {
    return processes[number].states[processes[number].newest];
  }
  [[nodiscard]] const Past& past() const { return history().past; }
  void forget_past() { history().past = {}; }
  void note_past(const spec::Syscall& call) { note(history().past, call, outcome); }
  void take_turns() { history().newest = 1 - history().newest; }
  [[nodiscard]] const spec::Snapshot& before() const {
    return history().states[1 - history().newest];
  }
  [[nodiscard]] const spec::Snapshot& after() const { return history().states[history().newest]; }
  [[nodiscard]] spec::Snapshot& after() { return history().states[history().newest]; }

 private:
  [[nodiscard]] const History& history() const { return processes[process]; }
  [[nodiscard]] History& history() { return processes[process]; }
};

/// A finding without its sequence: what the checker completes.
struct Observed {
  Claim claim;
  std::size_t step;
  std::string explanation;
  std::string reason;
  std::vector<View> views;
  std::string log = {};  ///< of a death
};
using ObservedResult = std::expected<std::optional<Observed>, spec::ToolFault>;

/// What every check needs to know, besides the systems.
struct Rules {
  const spec::Setup& setup;
  const spec::KernelProfile& profile;
  const Selection& selection;
  ExemptionCounts& exemptions;
  Coverage* coverage = nullptr;   ///< what the first system meets is noted there
  bool notes_only_cells = false;  ///< its arguments are not
};

[[nodiscard]] View view(const Side& side);
/// What of a death's note goes into a fingerprint.
[[nodiscard]] std::string reason_of(std::string_view death_note);
/// SystemSurvives does not hold: the system died in that step.
[[nodiscard]] Observed death(const Side& side, const spec::Syscall& call, std::size_t step);
/// "ENOMEM", "ok", "died": what of an outcome goes into a fingerprint.
[[nodiscard]] std::string kind_of(const spec::Outcome& outcome);

class Lockstep {
 public:
  Lockstep(const std::vector<spec::System*>& systems, const Rules& rules);

  /// Runs all of `sequence`, up to the first finding. With `blame_trees` the systems' own data
  /// structures are checked after every step; without, after the last. Results are compared at
  /// every step; so are states, but for very long sequences (attention.h).
  [[nodiscard]] ObservedResult run(const spec::Sequence& sequence, bool blame_trees);

  /// The outcomes of the first system in the last run, and the states after it.
  [[nodiscard]] const std::vector<spec::Outcome>& outcomes() const { return outcomes_; }
  [[nodiscard]] std::span<Side> sides() { return sides_; }
  /// The last run of a system, where it was made in one go; nullptr where it was not.
  [[nodiscard]] Rehearsal* rehearsal_of(const spec::System& system);
  /// After how many calls of the last run nobody looked.
  [[nodiscard]] std::size_t looks_left_out() const { return looks_left_out_; }

 private:
  [[nodiscard]] std::expected<void, spec::ToolFault> start(const spec::Sequence& sequence);
  [[nodiscard]] ObservedResult look(const spec::Step& step, std::size_t index, bool died);
  [[nodiscard]] ObservedResult look_at_the_rest(const spec::Step& last, std::size_t index);
  [[nodiscard]] bool is_overlooked(std::size_t process) const;
  void overlook(std::size_t process);
  [[nodiscard]] bool agree_on_outcomes() const;
  [[nodiscard]] std::optional<Observed> check_equivalence(const spec::Syscall& call,
                                                          std::size_t step);
  /// `is_transition`: the side's state before the call is known, too.
  [[nodiscard]] std::optional<Observed> check_side(const Side& side, const spec::Syscall& call,
                                                   std::size_t step, bool is_transition);
  [[nodiscard]] std::optional<Observed> check_trees(std::size_t step) const;

  Rules rules_;
  std::vector<Side> sides_;
  std::vector<spec::Outcome> outcomes_;
  Attention attention_{1, 0};
  std::vector<bool> overlooked_;  ///< processes whose newest state nobody has looked at
  std::size_t looks_left_out_ = 0;
};

}  // namespace vmadiff::properties
