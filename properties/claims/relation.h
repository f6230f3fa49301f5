// properties: what the relations between two runs have in common. Each relation is a file of its
// own, which opens with the claim, its source, and what it does not cover.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "properties/claims/difference.h"
#include "properties/claims/exemptions.h"
#include "properties/claims/finding.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::properties {

/// One run of one sequence: what every call gave, and the states that were seen, of which there can
/// be more, for their memory.
struct Recording {
  std::vector<spec::Outcome> outcomes;
  std::size_t steps = 0;  ///< of the last run; those before a death
  /// Behind the last step, by process. Of a run that was looked at on its way only of process 0 and
  /// of a whole one.
  std::vector<spec::Snapshot> ends;
  std::size_t process_count = 0;
  /// On its way, if it was looked at there: states[0] the beginning, states[i + 1] after step i.
  std::vector<spec::Snapshot> states;
  bool is_looked_at = false;
};

/// A sequence made from another one; origin[i] is the step of the other from which step i comes.
struct Derived {
  spec::Sequence sequence;
  std::vector<std::size_t> origin;
  void clear() {
    sequence.clear();
    origin.clear();
  }
  void add(const spec::Step& step, std::size_t from) {
    sequence.push_back(step);
    origin.push_back(from);
  }
};

/// What a relation works with. The buffers are kept from run to run.
struct RelationRoom {
  spec::System* system = nullptr;  ///< the first in-process system, else the first remote one
  spec::Observes seen;
  const spec::Setup* setup = nullptr;
  const spec::KernelProfile* profile = nullptr;
  ExemptionCounts* exemptions = nullptr;
  /// FailedAllocationsAreSurvived: the first in-process system whose allocations can fail, and the
  /// first whose cannot, which says what calls do.
  spec::System* faulty = nullptr;
  spec::System* authority = nullptr;
  spec::AllocationFaults* faults = nullptr;
  spec::System* other_profile = nullptr;  ///< ReviewPredicateIsIndistinguishable's second side
  Derived first;
  Derived second;
  /// counterpart[i] is the step of the second sequence that ends step i of the first.
  std::vector<std::size_t> counterpart;
  Recording first_run;
  Recording second_run;
  /// A sequence of one process as it was given, as it ran on a remote system and did not die there:
  /// a relation need not run it again. nullptr where it was not run.
  const spec::Sequence* whole_sequence = nullptr;
  Recording whole;
  spec::Snapshot scratch;
};

struct RelationBreach {
  std::size_t step = 0;  ///< of the sequence that was given
  std::string explanation;
  std::string reason;  ///< for the fingerprint
  View expected;
  View actual;
};
using RelationResult = std::expected<std::optional<RelationBreach>, spec::ToolFault>;
using Relation = RelationResult (*)(RelationRoom& room, const spec::Sequence& sequence);

/// Runs `sequence` from the beginning, with a look behind each step. Ends early at a death.
[[nodiscard]] std::expected<void, spec::ToolFault> record(spec::System& system,
                                                          const spec::Setup& setup,
                                                          const spec::Sequence& sequence,
                                                          Recording& out);

/// What a remote system gave for a sequence of one process, and how it ended, or all its states:
/// what room.whole is. Not for a run that died.
void keep_whole(RelationRoom& room, const spec::Sequence& sequence, Recording run);
/// Into room.first_run, for a sequence of one process as it was given: from room.whole where it is
/// there, and kept there for the relations that follow. In this process it is looked at on its way.
[[nodiscard]] std::expected<void, spec::ToolFault> record_whole(RelationRoom& room,
                                                                const spec::Sequence& sequence);

/// How the second run may differ from the first, and what both are called.
struct Correspondence {
  Leeway leeway;
  bool anon_vmas = true;  ///< compare anon_vmas
  /// A step of the second sequence in front of one of the same origin is its first half, and must
  /// succeed.
  bool has_halves = false;
  std::string_view first_name;
  std::string_view second_name;
};

/// Compares two recordings step by step; outcomes that are addresses move with the leeway.
[[nodiscard]] std::optional<RelationBreach> compare_runs(const RelationRoom& room,
                                                         const Correspondence& how);
/// Runs room.first and room.second on the room's system, and compares them: on a remote one, where
/// looks are dear, the results of all calls and the states at the end, and step by step where these
/// differ.
[[nodiscard]] RelationResult run_both(RelationRoom& room, const Correspondence& how);
/// The same where room.first is recorded in room.first_run.
[[nodiscard]] RelationResult run_second(RelationRoom& room, const Correspondence& how);

// The relations, in the order in which they are checked.
RelationResult enabling_ksm_changes_no_layout(RelationRoom& room, const spec::Sequence& sequence);
RelationResult mprotect_there_and_back_is_identity(RelationRoom& room,
                                                   const spec::Sequence& sequence);
RelationResult splitting_a_call_equals_the_whole(RelationRoom& room,
                                                 const spec::Sequence& sequence);
RelationResult renumbering_addresses_moves_the_layout(RelationRoom& room,
                                                      const spec::Sequence& sequence);
RelationResult failed_allocations_are_survived(RelationRoom& room, const spec::Sequence& sequence);
RelationResult review_predicate_is_indistinguishable(RelationRoom& room,
                                                     const spec::Sequence& sequence);

}  // namespace vmadiff::properties
