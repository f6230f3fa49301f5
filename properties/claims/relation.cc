// properties: recording a run, and comparing two. On a remote system a look costs more than a call,
// so that of the two runs only the ends are looked at, and the ways there where these differ.
#include "properties/claims/relation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vmadiff::properties {
namespace {

/// Whether the value of a call that succeeded is an address of the mapping it made.
bool returns_an_address(const spec::Syscall& call) {
  return std::holds_alternative<spec::Mmap>(call) || std::holds_alternative<spec::Mremap>(call) ||
         std::holds_alternative<spec::Shmat>(call);
}

spec::Outcome moved(const spec::Syscall& call, const spec::Outcome& outcome, spec::Address by) {
  return outcome.is_ok() && returns_an_address(call) ? spec::Outcome::ok(outcome.value() + by)
                                                     : outcome;
}

bool has_died(const Recording& run) {
  return !run.outcomes.empty() && run.outcomes.back().is_death();
}

/// Whether that is what room.whole is a recording of; assertions of results aside.
bool is_whole(const RelationRoom& room, const spec::Sequence& sequence) {
  return room.whole_sequence != nullptr &&
         std::ranges::equal(*room.whole_sequence, sequence, [](const auto& a, const auto& b) {
           return a.process == b.process && a.call == b.call;
         });
}

/// Two recorded runs, of which with `at_the_end` only the last states are known, for each process.
class TwoRuns {
 public:
  TwoRuns(const RelationRoom& room, const Correspondence& how, bool at_the_end)
      : room_(room), how_(how), at_the_end_(at_the_end), seen_(room.seen) {
    seen_.anon_vma = seen_.anon_vma && how.anon_vmas;
  }

  [[nodiscard]] std::optional<RelationBreach> run() const {
    if (auto found = failed_half()) return found;
    for (std::size_t i = 0; i < first().steps; ++i) {
      if (auto found = compare(i)) return found;
    }
    if (!at_the_end_) return std::nullopt;
    const auto processes = std::max(first().process_count, second().process_count);
    for (std::size_t process = 0; process < processes; ++process) {
      if (auto found = compare_ends(process)) return found;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] const Recording& first() const { return room_.first_run; }
  [[nodiscard]] const Recording& second() const { return room_.second_run; }

  /// What is known of the state behind a step.
  [[nodiscard]] const spec::Snapshot& behind(const Recording& run, const Derived& calls,
                                             std::size_t step) const {
    if (!at_the_end_) return run.states[step + 1];
    const auto process = calls.sequence[step].process;
    return has_died(run) || process >= run.process_count ? unknown_ : run.ends[process];
  }

  [[nodiscard]] RelationBreach breach(std::size_t origin, std::string explanation,
                                      std::string reason, View expected, View actual) const {
    expected.system = fmt::format("{}, {}", room_.system->name(), how_.first_name);
    actual.system = fmt::format("{}, {}", room_.system->name(), how_.second_name);
    return {origin, std::move(explanation), std::move(reason), std::move(expected),
            std::move(actual)};
  }

  /// It shows in no comparison of results, which looks at the second half.
  [[nodiscard]] std::optional<RelationBreach> failed_half() const {
    const auto& origin = room_.second.origin;
    for (std::size_t j = 0; how_.has_halves && j + 1 < second().steps; ++j) {
      if (origin[j] != origin[j + 1] || second().outcomes[j].is_ok()) continue;
      const std::size_t i = origin[j];
      return breach(i,
                    fmt::format("the call succeeds as a whole, and its first half gives {}",
                                text(second().outcomes[j])),
                    "first half",
                    {{}, first().outcomes[i], behind(first(), room_.first, i), room_.seen},
                    {{}, second().outcomes[j], behind(second(), room_.second, j), room_.seen});
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<RelationBreach> compare(std::size_t i) const {
    const std::size_t j = room_.counterpart[i];
    const bool died = j >= second().steps;
    const auto& call = room_.first.sequence[i].call;
    const auto& expected = behind(first(), room_.first, i);
    const auto& actual =
        died && !at_the_end_ ? second().states[second().steps] : behind(second(), room_.second, j);
    const spec::Outcome& given = died ? second().outcomes.back() : second().outcomes[j];
    const auto found = [&](std::string explanation, std::string reason) {
      return breach(room_.first.origin[i], std::move(explanation), std::move(reason),
                    {{}, first().outcomes[i], expected, room_.seen},
                    {{}, given, actual, room_.seen});
    };
    if (died) {
      return found(fmt::format("the system survives {} with {}, and dies with {}", spec::name(call),
                               how_.first_name, how_.second_name),
                   "died");
    }
    if (moved(call, first().outcomes[i], how_.leeway.moved) != given) {
      return found(
          fmt::format("{} gives {} with {}, and {} with {}", spec::name(call),
                      text(first().outcomes[i]), how_.first_name, text(given), how_.second_name),
          "outcome");
    }
    if (at_the_end_) return std::nullopt;
    return compare_states(expected, actual, found, "");
  }

  [[nodiscard]] std::optional<RelationBreach> compare_ends(std::size_t process) const {
    const std::size_t last = first().steps - 1;
    const auto& expected = first().ends[process];
    const auto& actual = second().ends[process];
    const auto found = [&](std::string explanation, std::string reason) {
      return breach(room_.first.origin[last], std::move(explanation), std::move(reason),
                    {{}, first().outcomes[last], expected, room_.seen},
                    {{}, second().outcomes[room_.counterpart[last]], actual, room_.seen});
    };
    return compare_states(
        expected, actual, found,
        process == 0 ? "at the end, " : fmt::format("at the end of process {}, ", process));
  }

  [[nodiscard]] std::optional<RelationBreach> compare_states(const spec::Snapshot& expected,
                                                             const spec::Snapshot& actual,
                                                             const auto& found,
                                                             std::string_view where) const {
    const auto d = difference(expected, actual, seen_, how_.leeway);
    if (!d) return std::nullopt;
    return found(fmt::format("{}{} (expected: {}; got: {})", where, explain(*d, expected, actual),
                             how_.first_name, how_.second_name),
                 std::string{name(d->field)});
  }

  const RelationRoom& room_;
  const Correspondence& how_;
  bool at_the_end_;
  spec::Observes seen_;
  spec::Snapshot unknown_;  ///< how a run ended that died without being looked at, or nobody
};

/// Runs the calls without a look on the way; at their end all processes are looked at, unless one
/// has died.
std::expected<void, spec::ToolFault> run_to_the_end(const RelationRoom& room,
                                                    const spec::Sequence& sequence,
                                                    Recording& out) {
  spec::System& system = *room.system;
  if (auto started = system.start(*room.setup); !started) return started;
  system.apply_all(sequence, out.outcomes);
  const auto died = std::ranges::find_if(out.outcomes, &spec::Outcome::is_death);
  out.steps = static_cast<std::size_t>(died - out.outcomes.begin());
  out.is_looked_at = false;
  out.process_count = 1;
  for (std::size_t i = 0; i < out.steps; ++i) {
    const auto& outcome = out.outcomes[i];
    if (std::holds_alternative<spec::Fork>(sequence[i].call) && outcome.is_ok() &&
        outcome.value() < spec::kProcessCountMax)
      out.process_count = std::max<std::size_t>(out.process_count, outcome.value() + 1);
  }
  if (has_died(out)) return {};
  if (out.ends.size() < out.process_count) out.ends.resize(out.process_count);
  for (std::size_t process = 0; process < out.process_count; ++process) {
    const auto number = static_cast<spec::ProcessId>(process);
    if (auto seen = system.snapshot(number, out.ends[process]); !seen) return seen;
  }
  return {};
}

/// What of two runs is seen from their ends.
struct Glance {
  bool is_enough = false;  ///< they agree
  std::optional<RelationBreach> breach;
};

std::expected<Glance, spec::ToolFault> glance(RelationRoom& room, const Correspondence& how,
                                              bool is_recorded) {
  if (is_recorded) {
    if (has_died(room.first_run)) return Glance{};
  } else {
    if (auto run = run_to_the_end(room, room.first.sequence, room.first_run); !run)
      return std::unexpected(std::move(run.error()));
    if (has_died(room.first_run)) return Glance{};
  }
  if (auto run = run_to_the_end(room, room.second.sequence, room.second_run); !run)
    return std::unexpected(std::move(run.error()));
  auto breach = TwoRuns{room, how, true}.run();
  return Glance{!breach, std::move(breach)};
}

/// `is_recorded`: so is the first.
RelationResult run(RelationRoom& room, const Correspondence& how, bool is_recorded) {
  if (room.first.sequence.empty()) return std::nullopt;
  Glance seen;
  if (room.system->is_remote()) {
    auto at_the_end = glance(room, how, is_recorded);
    if (!at_the_end) return std::unexpected(std::move(at_the_end.error()));
    if (at_the_end->is_enough) return std::nullopt;
    seen = *std::move(at_the_end);
  }
  if (!is_recorded || !room.first_run.is_looked_at) {
    auto run = record(*room.system, *room.setup, room.first.sequence, room.first_run);
    if (!run) return std::unexpected(std::move(run.error()));
  }
  auto run = record(*room.system, *room.setup, room.second.sequence, room.second_run);
  if (!run) return std::unexpected(std::move(run.error()));
  if (auto breach = compare_runs(room, how)) return breach;
  // What does not show again step by step was there all the same.
  return std::move(seen.breach);
}

}  // namespace

std::expected<void, spec::ToolFault> record(spec::System& system, const spec::Setup& setup,
                                            const spec::Sequence& sequence, Recording& out) {
  out.steps = 0;
  if (auto started = system.start(setup); !started) return started;
  if (auto done = system.apply_and_look(sequence, out.outcomes, out.states); !done) return done;
  out.steps = out.outcomes.size() - (has_died(out) ? 1 : 0);
  out.is_looked_at = true;
  return {};
}

void keep_whole(RelationRoom& room, const spec::Sequence& sequence, Recording run) {
  room.whole = std::move(run);
  room.whole_sequence = &sequence;
  room.whole.steps = sequence.size();
  room.whole.process_count = 1;
  if (room.whole.ends.empty()) room.whole.ends.resize(1);
  if (room.whole.is_looked_at) room.whole.ends.front() = room.whole.states[sequence.size()];
}

std::expected<void, spec::ToolFault> record_whole(RelationRoom& room,
                                                  const spec::Sequence& sequence) {
  if (is_whole(room, sequence)) {
    room.first_run = room.whole;
    return {};
  }
  Recording& run = room.first_run;
  const bool is_remote = room.system->is_remote();
  if (is_remote) {
    if (auto ran = run_to_the_end(room, sequence, run); !ran) return ran;
  }
  // Which call it died in is seen where the states are.
  if (!is_remote || has_died(run)) {
    if (auto ran = record(*room.system, *room.setup, sequence, run); !ran) return ran;
  }
  if (!is_remote || has_died(run)) return {};
  keep_whole(room, sequence, run);
  run = room.whole;
  return {};
}

std::optional<RelationBreach> compare_runs(const RelationRoom& room, const Correspondence& how) {
  return TwoRuns{room, how, false}.run();
}

RelationResult run_second(RelationRoom& room, const Correspondence& how) {
  return run(room, how, true);
}

RelationResult run_both(RelationRoom& room, const Correspondence& how) {
  const bool is_there = is_whole(room, room.first.sequence);
  if (is_there) room.first_run = room.whole;
  return run(room, how, is_there);
}

}  // namespace vmadiff::properties
