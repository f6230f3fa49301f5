// campaign: settling a finding.
#include "campaign/settle.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compare/recording.h"
#include "properties/shrink/minimize.h"
#include "reports/trace.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using properties::Finding;

/// A candidate costs microseconds in this process, and milliseconds in another.
constexpr std::uint64_t kRunsInProcess = 20000;
constexpr std::uint64_t kRunsRemote = 3000;
/// And seconds where each that shows the finding ends a machine.
constexpr std::uint64_t kRunsThatEndMachines = 60;

/// Only the claim itself is checked while shrinking: another one must not hide it.
properties::PropertySet only(const std::string& claim) {
  auto set = properties::PropertySet::parse(claim);
  return set ? *std::move(set) : properties::PropertySet::all();
}

std::vector<std::string> names_of(const std::vector<spec::System*>& systems) {
  std::vector<std::string> names;
  for (const spec::System* system : systems) names.emplace_back(system->name());
  return names;
}

/// Writes what the expected side gave for each call into the sequence, as far as it can be run
/// alone: a relation's sides are made up of runs of it.
std::expected<void, spec::ToolFault> annotate(spec::System& system, Finding& finding) {
  auto recording =
      compare::record(system, finding.setup, finding.sequence, compare::Snapshots::kAtEnd);
  if (!recording) return std::unexpected(recording.error());
  for (std::size_t i = 0; i < finding.sequence.size(); ++i) {
    const auto& outcome = recording->outcomes[i];
    finding.sequence[i].expected =
        outcome.is_death() ? std::nullopt : std::optional<spec::Outcome>{outcome};
  }
  return {};
}

}  // namespace

std::expected<Finding, spec::ToolFault> settle(const Crew& crew, const spec::KernelProfile& profile,
                                               Finding finding,
                                               const std::function<bool()>& interrupted) {
  const spec::Setup setup = finding.setup;
  const auto systems = crew.systems(reports::systems_of(finding));
  auto checker = make_checker(systems, profile, setup, only(finding.claim));
  auto again = checker.check(finding.sequence, properties::Observation::kEveryStep);
  if (!again) return std::unexpected(again.error());
  if (!*again) {
    finding.reproducible = false;
    return finding;
  }
  const auto run_seed = finding.run_seed;
  const auto seed = finding.sequence_seed;
  finding = **std::move(again);
  finding.run_seed = run_seed;
  finding.sequence_seed = seed;
  const bool remote =
      std::ranges::any_of(systems, [](const spec::System* s) { return s->is_remote(); });
  const bool ends_machines =
      finding.claim == "SystemSurvives" &&
      std::ranges::any_of(systems, [](const spec::System* s) { return s->is_death_dear(); });
  const auto runs_max = ends_machines ? kRunsThatEndMachines
                        : remote      ? kRunsRemote
                                      : kRunsInProcess;
  properties::MinimizeBudget shrinking{.runs_max = runs_max, .interrupted = interrupted};
  if (const auto own = systems::setup_for(names_of(systems)); remote && own)
    shrinking.plainest = *own;
  finding = properties::minimize(checker, std::move(finding), shrinking);
  finding.run_seed = run_seed;
  finding.sequence_seed = seed;
  const auto names = reports::systems_of(finding);
  const auto expected_side = crew.systems(std::span{names}.first(names.empty() ? 0 : 1));
  if (auto done = annotate(*expected_side.front(), finding); !done) {
    return std::unexpected(done.error());
  }
  return finding;
}

}  // namespace vmadiff::campaign
