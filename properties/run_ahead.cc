// properties: comparing a run that was made in one go.
#include "properties/run_ahead.h"

#include <fmt/format.h>

#include <algorithm>

#include "properties/claims/difference.h"
#include "properties/claims/state_invariants.h"
#include "properties/leftovers.h"

namespace vmadiff::properties {
namespace {

/// Compares the state of one process after the last step.
ObservedResult compare_end(spec::System& remote, std::size_t process, std::size_t last,
                           const Side* expected, const Past& past, const Rules& rules, Side& side) {
  side.look_at(process);
  if (auto seen = remote.snapshot(static_cast<spec::ProcessId>(process), side.after()); !seen) {
    return std::unexpected(seen.error());
  }
  if (expected != nullptr && rules.selection.has(Claim::kSystemsAgreeOnLayout)) {
    const auto seen = both(expected->observes, side.observes);
    const spec::Snapshot& wanted = expected->last_state(process);
    if (const auto d = difference(wanted, side.after(), seen)) {
      View view_of_expected = view(*expected);
      view_of_expected.snapshot = wanted;
      return Observed{
          Claim::kSystemsAgreeOnLayout,
          last,
          fmt::format("after the whole sequence {}{} ({} is expected, {} differs)",
                      process == 0 ? std::string{} : fmt::format("in process {} ", process),
                      explain(*d, wanted, side.after()), expected->system->name(), remote.name()),
          std::string{name(d->field)},
          {std::move(view_of_expected), view(side)}};
    }
  }
  if (const auto breach =
          broken_state_invariant(side.after(), side.observes, rules.setup, rules.profile,
                                 rules.selection, past, rules.exemptions)) {
    return Observed{breach->claim,
                    last,
                    explain(*breach, side.after()),
                    reason(*breach, side.after()),
                    {view(side)}};
  }
  return std::nullopt;
}

}  // namespace

ObservedResult run_ahead(spec::System& remote, const spec::Sequence& sequence, const Side* expected,
                         const std::vector<spec::Outcome>& outcomes, const Rules& rules,
                         Side& side) {
  side.system = &remote;
  side.observes = remote.observes();
  side.process_count = 1;
  side.look_at(0);
  side.after().vmas.clear();
  if (auto started = remote.start(rules.setup); !started) {
    return std::unexpected(started.error());
  }
  auto& given = side.rehearsal.outcomes;
  remote.apply_all(sequence, given);
  if (given.size() != sequence.size()) {
    return std::unexpected(spec::ToolFault{fmt::format(
        "{} gave {} outcomes for {} calls", remote.name(), given.size(), sequence.size())});
  }
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    side.outcome = given[i];
    if (given[i].is_death()) {
      if (!rules.selection.has(Claim::kSystemSurvives)) return std::nullopt;
      return death(side, sequence[i].call, i);
    }
    if (expected == nullptr || i >= outcomes.size() || outcomes[i] == given[i] ||
        !rules.selection.has(Claim::kSystemsAgreeOnOutcomes)) {
      continue;
    }
    // The state was not looked at on the way, so both views show the end.
    const auto process = sequence[i].process;
    side.look_at(process);
    if (auto seen = remote.snapshot(process, side.after()); !seen) {
      return std::unexpected(seen.error());
    }
    View wanted = view(*expected);
    wanted.outcome = outcomes[i];
    if (process < expected->process_count) wanted.snapshot = expected->last_state(process);
    return Observed{
        Claim::kSystemsAgreeOnOutcomes,
        i,
        fmt::format("{} gives {} on {}, and {} on {}", spec::name(sequence[i].call),
                    text(outcomes[i]), expected->system->name(), text(given[i]), remote.name()),
        fmt::format("{} against {}", kind_of(outcomes[i]), kind_of(given[i])),
        {std::move(wanted), view(side)}};
  }
  const std::size_t last = sequence.empty() ? 0 : sequence.size() - 1;
  const std::size_t processes = expected != nullptr ? expected->process_count : 1;
  for (std::size_t process = 0; process < processes; ++process) {
    Past past;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      if (sequence[i].process == process) note(past, sequence[i].call, given[i]);
    }
    if (auto found = compare_end(remote, process, last, expected, past, rules, side);
        !found || *found) {
      return found;
    }
  }
  return check_leftovers(remote, sequence, given, rules);
}

}  // namespace vmadiff::properties
