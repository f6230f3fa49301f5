// properties: the checker puts the parts together: a lockstep of the systems in this process, the
// remote ones ahead or in lockstep, then the relations.
#include "properties/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "properties/attention.h"
#include "properties/claims/claim.h"
#include "properties/claims/exemptions.h"
#include "properties/claims/relation.h"
#include "properties/leftovers.h"
#include "properties/lockstep.h"
#include "properties/run_ahead.h"
#include "spec/profile_text.h"

namespace vmadiff::properties {
namespace {

struct NamedRelation {
  Claim claim;
  Relation relation;
  bool one_process = true;  ///< it looks at what comes before the first fork or exec
  bool needs_anon_vmas = false;
};
constexpr std::array kRelations{
    NamedRelation{Claim::kEnablingKsmChangesNoLayout, enabling_ksm_changes_no_layout, false},
    // Its exemptions are about anon_vmas, which a real kernel does not show.
    NamedRelation{Claim::kMprotectThereAndBackIsIdentity, mprotect_there_and_back_is_identity, true,
                  true},
    NamedRelation{Claim::kSplittingACallEqualsTheWhole, splitting_a_call_equals_the_whole},
    NamedRelation{Claim::kRenumberingAddressesMovesTheLayout,
                  renumbering_addresses_moves_the_layout},
    NamedRelation{Claim::kReviewPredicateIsIndistinguishable, review_predicate_is_indistinguishable,
                  false},
    NamedRelation{Claim::kFailedAllocationsAreSurvived, failed_allocations_are_survived, false},
};

/// The profile that ReviewPredicateIsIndistinguishable compares with; nothing for the others.
std::optional<spec::KernelProfile> profile_of_the_other_predicate(
    const spec::KernelProfile& profile) {
  const auto text = spec::profile_text(profile);
  if (text == "patch-v2") return spec::profile_named("patch-v2-review");
  if (text == "patch-v2-review") return spec::profile_named("patch-v2");
  return std::nullopt;
}

bool changes_processes(const spec::Step& step) {
  return step.process != 0 || std::holds_alternative<spec::Fork>(step.call) ||
         std::holds_alternative<spec::Exec>(step.call);
}

/// Whether a real kernel is not given the sequence: it would change what the agent lives on, or ask
/// for what the machine does not give.
bool stays_here(const CheckerOptions& options, const spec::Sequence& sequence) {
  return std::ranges::any_of(sequence, [&](const spec::Step& step) {
    return spec::touches_reserved(options.setup, step) ||
           spec::is_of_any(step.call, options.withheld);
  });
}

}  // namespace

void Tally::add(const Tally& other) {
  sequences += other.sequences;
  operations += other.operations;
  remote_operations += other.remote_operations;
  skipped_on_remote += other.skipped_on_remote;
  looks_left_out += other.looks_left_out;
  relations_left_out += other.relations_left_out;
  for (const auto& [name, count] : other.exemptions) exemptions[name] += count;
}

struct Checker::State {
  State(const std::vector<spec::System*>& systems, CheckerOptions given)
      : options(std::move(given)),
        selection(options.properties),
        rules{options.setup, options.profile,  selection,
              exemptions,    options.coverage, options.notes_only_cells},
        everyone(systems, rules) {
    std::vector<spec::System*> near;
    for (spec::System* system : systems) {
      (system->is_remote() ? remotes : near).push_back(system);
    }
    if (!near.empty()) in_process.emplace(near, rules);
    prepare_relations(near.empty() ? remotes : near);
  }

  /// They run on the first system in this process; where there is none, on the first real kernel.
  void prepare_relations(const std::vector<spec::System*>& candidates) {
    if (candidates.empty()) return;
    room.system = candidates.front();
    room.seen = room.system->observes();
    room.setup = &options.setup;
    room.profile = &options.profile;
    room.exemptions = &exemptions;
    for (spec::System* system : candidates) {
      spec::AllocationFaults* const faults = system->allocation_faults();
      if (faults == nullptr && room.authority == nullptr && !system->is_remote()) {
        room.authority = system;
      }
      if (faults != nullptr && room.faulty == nullptr) {
        room.faulty = system;
        room.faults = faults;
      }
    }
    const auto other = profile_of_the_other_predicate(options.profile);
    if (other && options.make_like != nullptr &&
        selection.has(Claim::kReviewPredicateIsIndistinguishable)) {
      reviewed = options.make_like(room.system->name(), *other);
      room.other_profile = reviewed.get();
    }
  }

  Finding finding(Observed observed, const spec::Sequence& sequence) const {
    Finding out;
    out.claim = name(observed.claim);
    out.explanation = std::move(observed.explanation);
    out.profile = spec::profile_text(options.profile);
    out.setup = options.setup;
    out.step = observed.step;
    const std::size_t kept = std::min(observed.step + 1, sequence.size());
    out.sequence.assign(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(kept));
    out.views = std::move(observed.views);
    out.log = std::move(observed.log);
    const auto call = out.step < sequence.size() ? spec::name(sequence[out.step].call)
                                                 : std::string_view{"start"};
    out.fingerprint = fmt::format("{}/{}/{}", out.claim, call, observed.reason);
    return out;
  }

  std::expected<std::optional<Finding>, spec::ToolFault> check(const spec::Sequence& sequence,
                                                               Observation observation,
                                                               bool relations);
  ObservedResult run_systems(const spec::Sequence& sequence, Observation observation);
  ObservedResult run_lockstep(Lockstep& lockstep, const spec::Sequence& sequence);
  void keep_run(const spec::Sequence& sequence, Rehearsal& seen, bool is_looked_at);
  ObservedResult run_relations(const spec::Sequence& sequence);
  [[nodiscard]] bool asks_relations() const {
    return std::ranges::any_of(kRelations,
                               [this](const NamedRelation& r) { return selection.has(r.claim); });
  }

  CheckerOptions options;
  Selection selection;
  ExemptionCounts exemptions;
  Rules rules;
  Lockstep everyone;
  std::optional<Lockstep> in_process;
  std::vector<spec::System*> remotes;
  Side remote_side;
  std::unique_ptr<spec::System> reviewed;
  RelationRoom room;
  spec::Sequence one_process;  ///< what relations about one process look at; kept for its memory
  Tally tally;
};

ObservedResult Checker::State::run_lockstep(Lockstep& lockstep, const spec::Sequence& sequence) {
  auto found = lockstep.run(sequence, false);
  tally.looks_left_out += lockstep.looks_left_out();
  if (rules.coverage != nullptr && !rules.notes_only_cells) {
    rules.coverage->note_meetings(sequence, lockstep.outcomes(), options.setup);
  }
  const bool tree = found && *found && (*found)->claim == Claim::kDataStructuresAreWellFormed;
  if (found && !*found) {
    for (const Side& side : lockstep.sides()) {
      auto left = check_leftovers(*side.system, sequence, lockstep.outcomes(), rules);
      if (!left || *left) return left;
    }
  }
  if (!tree) return found;
  // Trees are looked at once a sequence, since that is dear; once one is broken, run again to see
  // which call broke it. What does not show again was there all the same.
  auto again = lockstep.run(sequence, true);
  return again && !*again ? found : again;
}

ObservedResult Checker::State::run_systems(const spec::Sequence& sequence,
                                           Observation observation) {
  const bool skip = !remotes.empty() && stays_here(options, sequence);
  if (skip) ++tally.skipped_on_remote;
  const bool with_remotes = !remotes.empty() && !skip;
  if (with_remotes) tally.remote_operations += sequence.size() * remotes.size();

  if (with_remotes && observation == Observation::kEveryStep) {
    auto found = run_lockstep(everyone, sequence);
    Rehearsal* const seen = room.system != nullptr ? everyone.rehearsal_of(*room.system) : nullptr;
    if (found && !*found && seen != nullptr) keep_run(sequence, *seen, true);
    return found;
  }
  if (in_process) {
    if (auto found = run_lockstep(*in_process, sequence); !found || *found) return found;
  }
  if (!with_remotes) return std::nullopt;
  static const std::vector<spec::Outcome> kNone;
  const Side* expected = in_process ? &in_process->sides().front() : nullptr;
  for (spec::System* remote : remotes) {
    auto found = run_ahead(*remote, sequence, expected, in_process ? in_process->outcomes() : kNone,
                           rules, remote_side);
    if (!found || *found) return found;
    if (remote == room.system) keep_run(sequence, remote_side.rehearsal, false);
  }
  return std::nullopt;
}

/// What was seen of the system that relations run on, so that they need not run it again.
void Checker::State::keep_run(const spec::Sequence& sequence, Rehearsal& seen, bool is_looked_at) {
  const bool several = std::ranges::any_of(sequence, changes_processes);
  if (several || seen.outcomes.empty() || seen.outcomes.back().is_death()) return;
  Recording run = std::move(room.whole);
  std::swap(run.outcomes, seen.outcomes);
  run.is_looked_at = is_looked_at;
  if (is_looked_at) std::swap(run.states, seen.states);
  if (run.ends.empty()) run.ends.resize(1);
  if (!is_looked_at) run.ends.front() = remote_side.last_state(0);
  keep_whole(room, sequence, std::move(run));
}

ObservedResult Checker::State::run_relations(const spec::Sequence& sequence) {
  if (room.system == nullptr) return std::nullopt;
  if (sequence.size() > kRelationCallsMax && asks_relations()) {
    ++tally.relations_left_out;
    return std::nullopt;
  }
  if (room.system->is_remote() && stays_here(options, sequence)) return std::nullopt;
  const auto first = std::ranges::find_if(sequence, changes_processes);
  const bool several = first != sequence.end();
  if (several) one_process.assign(sequence.begin(), first);
  for (const auto& [claim, relation, only_one, needs_anon_vmas] : kRelations) {
    if (!selection.has(claim) || (needs_anon_vmas && !room.seen.anon_vma)) continue;
    auto breach = relation(room, several && only_one ? one_process : sequence);
    if (!breach) return std::unexpected(breach.error());
    if (!*breach) continue;
    RelationBreach& b = **breach;
    return Observed{claim,
                    b.step,
                    std::move(b.explanation),
                    std::move(b.reason),
                    {std::move(b.expected), std::move(b.actual)}};
  }
  return std::nullopt;
}

std::expected<std::optional<Finding>, spec::ToolFault> Checker::State::check(
    const spec::Sequence& sequence, Observation observation, bool relations) {
  room.whole_sequence = nullptr;
  const bool asks = asks_what_is_left(selection);
  for (spec::System* remote : remotes) remote->ask_what_is_left(asks);
  auto found = run_systems(sequence, observation);
  if (found && !*found && relations) {
    // Of the runs of a relation nobody asks it.
    for (spec::System* remote : remotes) remote->ask_what_is_left(false);
    found = run_relations(sequence);
    for (spec::System* remote : remotes) remote->ask_what_is_left(asks);
  }
  for (spec::System* remote : remotes) {
    if (auto setback = remote->take_setback()) return std::unexpected(*std::move(setback));
  }
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  return finding(std::move(**found), sequence);
}

Checker::Checker(const std::vector<spec::System*>& systems, CheckerOptions options)
    : state_(std::make_unique<State>(systems, std::move(options))) {}

Checker::~Checker() = default;

std::expected<std::optional<Finding>, spec::ToolFault> Checker::check(
    const spec::Sequence& sequence, Observation observation) {
  const std::uint64_t index = state_->tally.sequences++;
  state_->tally.operations += sequence.size();
  const std::uint64_t every = std::max<std::uint64_t>(1, state_->options.relation_every);
  return state_->check(sequence, observation, index % every == 0);
}

std::expected<std::optional<Finding>, spec::ToolFault> Checker::recheck(
    const spec::Sequence& sequence, Observation observation) {
  const Tally tally = state_->tally;
  const ExemptionCounts exemptions = state_->exemptions;
  auto found = state_->check(sequence, observation, true);
  state_->tally = tally;
  state_->exemptions = exemptions;
  return found;
}

void Checker::begin_in(spec::Setup setup) { state_->options.setup = std::move(setup); }

bool Checker::can_begin_elsewhere() const { return state_->remotes.empty(); }

std::vector<std::string> notes_of(const Tally& tally) {
  std::vector<std::string> notes;
  if (tally.looks_left_out != 0) {
    notes.push_back(fmt::format(
        "not looked at after {} of the calls: the results of all of them are compared, and the "
        "states after some of them and at the end",
        tally.looks_left_out));
  }
  if (tally.relations_left_out != 0) {
    notes.push_back(fmt::format(
        "no relation between two runs was asked: that takes at most {} calls", kRelationCallsMax));
  }
  return notes;
}

const Tally& Checker::tally() const {
  state_->tally.exemptions.clear();
  state_->exemptions.add_to(state_->tally.exemptions);
  return state_->tally;
}

}  // namespace vmadiff::properties
