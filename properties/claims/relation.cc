// properties: recording a run, and comparing two.
#include "properties/claims/relation.h"

#include <fmt/format.h>

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

}  // namespace

std::expected<void, spec::ToolFault> record(spec::System& system, const spec::Setup& setup,
                                            const spec::Sequence& sequence, Recording& out) {
  out.steps = 0;
  if (auto started = system.start(setup); !started) return started;
  if (auto done = system.apply_and_look(sequence, out.outcomes, out.states); !done) return done;
  const bool died = !out.outcomes.empty() && out.outcomes.back().is_death();
  out.steps = out.outcomes.size() - (died ? 1 : 0);
  return {};
}

std::optional<RelationBreach> compare_runs(const RelationRoom& room, const Correspondence& how) {
  spec::Observes seen = room.seen;
  seen.anon_vma = seen.anon_vma && how.anon_vmas;
  const auto& first = room.first_run;
  const auto& second = room.second_run;
  for (std::size_t i = 0; i < first.steps; ++i) {
    const std::size_t j = room.counterpart[i];
    const bool died = j >= second.steps;
    const auto& call = room.first.sequence[i].call;
    const auto& expected = first.states[i + 1];
    const auto& actual = second.states[died ? second.steps : j + 1];
    const spec::Outcome& given = died ? second.outcomes.back() : second.outcomes[j];
    const auto breach = [&](std::string explanation, std::string reason) {
      return RelationBreach{room.first.origin[i], std::move(explanation), std::move(reason),
                            View{fmt::format("{}, {}", room.system->name(), how.first_name),
                                 first.outcomes[i], expected, room.seen},
                            View{fmt::format("{}, {}", room.system->name(), how.second_name), given,
                                 actual, room.seen}};
    };
    if (died) {
      return breach(fmt::format("the system survives {} with {}, and dies with {}",
                                spec::name(call), how.first_name, how.second_name),
                    "died");
    }
    if (moved(call, first.outcomes[i], how.leeway.moved) != given) {
      return breach(
          fmt::format("{} gives {} with {}, and {} with {}", spec::name(call),
                      text(first.outcomes[i]), how.first_name, text(given), how.second_name),
          "outcome");
    }
    if (const auto d = difference(expected, actual, seen, how.leeway)) {
      return breach(fmt::format("{} (expected: {}; got: {})", explain(*d, expected, actual),
                                how.first_name, how.second_name),
                    std::string{name(d->field)});
    }
  }
  return std::nullopt;
}

RelationResult run_both(RelationRoom& room, const Correspondence& how) {
  auto run = record(*room.system, *room.setup, room.first.sequence, room.first_run);
  if (run) run = record(*room.system, *room.setup, room.second.sequence, room.second_run);
  if (!run) return std::unexpected(run.error());
  return compare_runs(room, how);
}

}  // namespace vmadiff::properties
