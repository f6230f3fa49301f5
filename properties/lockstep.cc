// properties: the loop over steps, and what is checked at each.
#include "properties/lockstep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <utility>

#include "properties/claims/difference.h"
#include "properties/claims/failed_calls.h"
#include "properties/claims/merge_due.h"
#include "properties/claims/state_invariants.h"

namespace vmadiff::properties {
namespace {

constexpr bool sees_all(const spec::Observes& o) {
  return o.vm_flags && o.anon_pgoff && o.anon_vma && o.counters && o.brk_and_merge;
}

constexpr bool sees_merges(const spec::Observes& o) {
  return o.vm_flags && o.anon_pgoff && o.anon_vma && o.brk_and_merge;
}

std::string layout_reason(const Difference& d, const spec::Snapshot& a, const spec::Snapshot& b) {
  if (d.field != Field::kFlags) return std::string{name(d.field)};
  return fmt::format("flags {}",
                     spec::vm_flags_text(a.vmas[d.index].flags ^ b.vmas[d.index].flags));
}

/// Longer ones take too much memory with all their states.
constexpr std::size_t kRehearsedMax = 256;

/// Whether all states are those behind a call of process 0, so that a run in one go shows them.
bool can_be_rehearsed(const spec::Sequence& sequence) {
  return sequence.size() <= kRehearsedMax && std::ranges::all_of(sequence, [](const auto& step) {
           return step.process == 0 && !std::holds_alternative<spec::Fork>(step.call);
         });
}

bool is_fork(const spec::Syscall& call, const spec::Outcome& outcome) {
  return std::holds_alternative<spec::Fork>(call) && outcome.is_ok() &&
         outcome.value() <= std::numeric_limits<spec::ProcessId>::max();
}

}  // namespace

View view(const Side& side) {
  return {std::string{side.system->name()}, side.outcome, side.after(), side.observes};
}

std::string reason_of(std::string_view death_note) {
  // Processes, addresses and lines differ from one time to the next.
  std::string reason{death_note};
  std::erase_if(reason, [](unsigned char c) { return std::isxdigit(c) != 0; });
  return reason;
}

Observed death(const Side& side, const spec::Syscall& call, std::size_t step) {
  const auto note = side.system->death_note();
  return {Claim::kSystemSurvives,
          step,
          fmt::format("{} died while it ran {}{}{}", side.system->name(), spec::name(call),
                      note.empty() ? "" : ": ", note),
          reason_of(note),
          {view(side)},
          std::string{side.system->death_log()}};
}

std::string kind_of(const spec::Outcome& outcome) {
  if (outcome.is_ok()) return "ok";
  if (outcome.is_death()) return "died";
  const auto known = spec::name(outcome.error());
  return known.empty() ? "an errno without a name" : std::string{known};
}

Lockstep::Lockstep(const std::vector<spec::System*>& systems, const Rules& rules) : rules_(rules) {
  for (spec::System* system : systems) {
    Side& side = sides_.emplace_back();
    side.system = system;
    side.observes = system->observes();
  }
}

std::expected<void, spec::ToolFault> Lockstep::start(const spec::Sequence& sequence) {
  outcomes_.clear();
  overlooked_.clear();
  looks_left_out_ = 0;
  for (Side& side : sides_) {
    if (auto started = side.system->start(rules_.setup); !started) return started;
    side.process_count = 1;
    side.look_at(0);
    side.forget_past();
    auto& [is_there, outcomes, states] = side.rehearsal;
    is_there = side.system->is_remote() && can_be_rehearsed(sequence);
    if (is_there) {
      if (auto ran = side.system->apply_and_look(sequence, outcomes, states); !ran) return ran;
      side.after() = states.front();
      continue;
    }
    if (auto seen = side.system->snapshot(0, side.after()); !seen) return seen;
  }
  return {};
}

ObservedResult Lockstep::run(const spec::Sequence& sequence, bool blame_trees) {
  if (auto started = start(sequence); !started) return std::unexpected(started.error());
  const bool is_remote =
      std::ranges::any_of(sides_, [](const Side& side) { return side.system->is_remote(); });
  attention_ = {std::max<std::size_t>(1, sequence.size()),
                is_remote ? kVmasLookedAtRemotely : kVmasLookedAt};
  bool looks_again = false;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    bool died = false;
    for (Side& side : sides_) {
      side.look_at(step.process);
      side.outcome = side.rehearsal.is_there ? side.rehearsal.outcomes[i]
                                             : side.system->apply(step.process, step.call);
      side.note_past(step.call);
      died = died || side.outcome.is_death();
    }
    outcomes_.push_back(sides_.front().outcome);
    const bool forked = is_fork(step.call, sides_.front().outcome);
    // After a look at a state that nobody saw come about, the next call is seen at its work.
    if (looks_again || died || attention_.affords(i) || !agree_on_outcomes()) {
      looks_again = is_overlooked(step.process);
      if (auto found = look(step, i, died); !found || *found) return found;
      if (died) return std::nullopt;
      if (forked) {
        // The new process has its first state, and no other before it.
        const auto child = static_cast<spec::ProcessId>(sides_.front().outcome.value());
        for (Side& side : sides_) side.look_at(child);
        if (auto found = look({child, step.call, {}}, i, false); !found || *found) return found;
      }
    } else {
      ++looks_left_out_;
      overlook(step.process);
      if (forked) overlook(sides_.front().outcome.value());
    }
    if (i + 1 == sequence.size()) {
      if (auto found = look_at_the_rest(step, i); !found || *found) return found;
    }
    if (blame_trees || i + 1 == sequence.size()) {
      if (auto found = check_trees(i)) return found;
    }
  }
  return std::nullopt;
}

Rehearsal* Lockstep::rehearsal_of(const spec::System& system) {
  const auto side = std::ranges::find(sides_, &system, &Side::system);
  return side != sides_.end() && side->rehearsal.is_there ? &side->rehearsal : nullptr;
}

bool Lockstep::agree_on_outcomes() const {
  return std::ranges::all_of(
      sides_, [this](const Side& side) { return side.outcome == sides_.front().outcome; });
}

bool Lockstep::is_overlooked(std::size_t process) const {
  return process < overlooked_.size() && overlooked_[process];
}

void Lockstep::overlook(std::size_t process) {
  if (process >= overlooked_.size()) overlooked_.resize(process + 1);
  overlooked_[process] = true;
  for (Side& side : sides_) side.look_at(process);
}

/// What nobody has seen since it was changed.
ObservedResult Lockstep::look_at_the_rest(const spec::Step& last, std::size_t index) {
  for (std::size_t process = 0; process < overlooked_.size(); ++process) {
    if (!overlooked_[process]) continue;
    const auto number = static_cast<spec::ProcessId>(process);
    for (Side& side : sides_) side.look_at(number);
    if (auto found = look({number, last.call, {}}, index, false); !found || *found) return found;
  }
  return std::nullopt;
}

/// Takes the state of step.process after the step in every system, and checks it.
ObservedResult Lockstep::look(const spec::Step& step, std::size_t index, bool died) {
  const bool is_transition = !is_overlooked(step.process);
  if (!is_transition) overlooked_[step.process] = false;
  for (Side& side : sides_) {
    side.take_turns();
    if (side.outcome.is_death()) {
      side.after() = side.before();
      continue;
    }
    if (side.rehearsal.is_there) {
      side.after() = side.rehearsal.states[index + 1];
      continue;
    }
    if (auto seen = side.system->snapshot(step.process, side.after()); !seen) {
      return std::unexpected(seen.error());
    }
  }
  attention_.spend(sides_.front().after().vmas.size());
  if (auto found = check_equivalence(step.call, index)) return found;
  if (rules_.coverage != nullptr && is_transition) {
    const Side& first = sides_.front();
    if (!rules_.notes_only_cells) rules_.coverage->note_arguments(step.call, first.outcome);
    rules_.coverage->note(step.call, first.outcome, first.before(), first.after(), rules_.setup);
  }
  for (Side& side : sides_) {
    // A state that agrees with one that was checked needs no check of its own.
    if (side.same_as_first && !died) continue;
    if (auto found = check_side(side, step.call, index, is_transition)) return found;
  }
  return std::nullopt;
}

std::optional<Observed> Lockstep::check_equivalence(const spec::Syscall& call, std::size_t step) {
  const Side& first = sides_.front();
  for (std::size_t s = 1; s < sides_.size(); ++s) {
    Side& other = sides_[s];
    const auto pair = [&](Claim claim, std::string explanation, std::string reason) {
      return Observed{
          claim, step, std::move(explanation), std::move(reason), {view(first), view(other)}};
    };
    const bool agree = first.outcome == other.outcome;
    if (!agree && rules_.selection.has(Claim::kSystemsAgreeOnOutcomes) &&
        !first.outcome.is_death() && !other.outcome.is_death()) {
      return pair(
          Claim::kSystemsAgreeOnOutcomes,
          fmt::format("{} gives {} on {}, and {} on {}", spec::name(call), text(first.outcome),
                      first.system->name(), text(other.outcome), other.system->name()),
          fmt::format("{} against {}", kind_of(first.outcome), kind_of(other.outcome)));
    }
    other.same_as_first = false;
    if (first.outcome.is_death() || other.outcome.is_death()) continue;
    if (!rules_.selection.has(Claim::kSystemsAgreeOnLayout)) continue;
    const spec::Observes seen = both(first.observes, other.observes);
    if (const auto d = difference(first.after(), other.after(), seen)) {
      return pair(
          Claim::kSystemsAgreeOnLayout,
          fmt::format("{} ({} is expected, {} differs)", explain(*d, first.after(), other.after()),
                      first.system->name(), other.system->name()),
          layout_reason(*d, first.after(), other.after()));
    }
    // A remote system that lost its state and one that is watched are not alike in what they may
    // break later, so only full views are trusted.
    other.same_as_first = agree && sees_all(seen);
  }
  return std::nullopt;
}

std::optional<Observed> Lockstep::check_side(const Side& side, const spec::Syscall& call,
                                             std::size_t step, bool is_transition) {
  const auto found = [&](Claim claim, std::string explanation, std::string reason) {
    return Observed{claim, step, std::move(explanation), std::move(reason), {view(side)}};
  };
  if (side.outcome.is_death()) {
    if (!rules_.selection.has(Claim::kSystemSurvives)) return std::nullopt;
    return death(side, call, step);
  }
  if (const auto breach =
          broken_state_invariant(side.after(), side.observes, rules_.setup, rules_.profile,
                                 rules_.selection, side.past(), rules_.exemptions)) {
    return found(breach->claim, explain(*breach, side.after()), reason(*breach, side.after()));
  }
  if (!is_transition) return std::nullopt;
  if (rules_.selection.has(Claim::kNoCompatibleNeighboursLeftUnmerged) &&
      sees_merges(side.observes)) {
    if (const auto index =
            unmerged_neighbour(call, side.outcome, side.before(), side.after(), rules_.setup,
                               rules_.profile, side.past(), rules_.exemptions)) {
      return found(Claim::kNoCompatibleNeighboursLeftUnmerged,
                   explain_unmerged(side.after(), *index),
                   (side.after().vmas[*index].flags & spec::kVmMergeable) != 0 ? "mg" : "");
    }
  }
  if (rules_.selection.has(Claim::kFailedCallsChangeNothing)) {
    if (const auto change =
            change_by_failed_call(call, side.outcome, side.before(), side.after(), side.observes,
                                  rules_.profile, rules_.exemptions)) {
      return found(Claim::kFailedCallsChangeNothing, *change, kind_of(side.outcome));
    }
  }
  return std::nullopt;
}

std::optional<Observed> Lockstep::check_trees(std::size_t step) const {
  if (!rules_.selection.has(Claim::kDataStructuresAreWellFormed)) return std::nullopt;
  for (const Side& side : sides_) {
    if (const auto broken = side.system->broken_invariant()) {
      return Observed{Claim::kDataStructuresAreWellFormed,
                      step,
                      fmt::format("{}: {}", side.system->name(), *broken),
                      "",
                      {view(side)}};
    }
  }
  return std::nullopt;
}

}  // namespace vmadiff::properties
