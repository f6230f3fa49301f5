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

#include "properties/claim.h"
#include "properties/exemptions.h"
#include "properties/finding.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::properties {

/// One system in a lockstep, with its states before and after the present step.
struct Side {
  spec::System* system = nullptr;
  spec::Observes observes;
  spec::Outcome outcome;
  /// Found equal to the first side in all that there is to see, at the present step.
  bool same_as_first = false;
  /// The two states take turns, so that a step moves no memory.
  std::array<spec::Snapshot, 2> states;
  std::size_t newest = 0;

  [[nodiscard]] const spec::Snapshot& before() const { return states[1 - newest]; }
  [[nodiscard]] const spec::Snapshot& after() const { return states[newest]; }
  [[nodiscard]] spec::Snapshot& after() { return states[newest]; }
};

/// A finding without its sequence: what the checker completes.
struct Observed {
  Claim claim;
  std::size_t step;
  std::string explanation;
  std::string reason;
  std::vector<View> views;
};
using ObservedResult = std::expected<std::optional<Observed>, spec::ToolFault>;

/// What every check needs to know, besides the systems.
struct Rules {
  const spec::Setup& setup;
  const spec::KernelProfile& profile;
  const Selection& selection;
  ExemptionCounts& exemptions;
};

[[nodiscard]] View view(const Side& side);
/// "ENOMEM", "ok", "died": what of an outcome goes into a fingerprint.
[[nodiscard]] std::string kind_of(const spec::Outcome& outcome);

class Lockstep {
 public:
  Lockstep(std::vector<spec::System*> systems, const Rules& rules);

  /// Runs all of `sequence`, up to the first finding. With `blame_trees` the systems' own data
  /// structures are checked after every step; without, after the last.
  [[nodiscard]] ObservedResult run(const spec::Sequence& sequence, bool blame_trees);

  /// The outcomes of the first system in the last run, and the states after it.
  [[nodiscard]] const std::vector<spec::Outcome>& outcomes() const { return outcomes_; }
  [[nodiscard]] std::span<Side> sides() { return sides_; }

 private:
  [[nodiscard]] std::expected<void, spec::ToolFault> start();
  [[nodiscard]] std::optional<Observed> check_equivalence(const spec::Syscall& call,
                                                          std::size_t step);
  [[nodiscard]] std::optional<Observed> check_side(const Side& side, const spec::Syscall& call,
                                                   std::size_t step);
  [[nodiscard]] std::optional<Observed> check_trees(std::size_t step) const;

  Rules rules_;
  std::vector<Side> sides_;
  std::vector<spec::Outcome> outcomes_;
};

}  // namespace vmadiff::properties
