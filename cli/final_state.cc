// cli: running a trace on one system to its end.
#include "cli/final_state.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "cli/cast.h"
#include "cli/choices.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {}  // namespace

std::expected<Readied, process::Refusal> ready(const TraceFile& file, std::string_view words,
                                               std::string_view profile_name) {
  const auto chosen = choose(words, profile_name.empty() ? file.directives.profile : profile_name);
  if (!chosen) return std::unexpected(chosen.error());
  const auto* const choice = &chosen->systems;
  const auto* const profile = &chosen->profile;
  if (choice->systems.size() != 1) {
    return process::bad_input(
        fmt::format("'{}' names {} systems: expected one", words, choice->systems.size()));
  }
  const std::string& system = choice->systems.front();
  // Models start as the host would, where there is one: the two set-ups are equal by design.
  std::array<std::string, 1> starts_like{
      systems::is_real(system) || systems::why_not(systems::kHost) ? std::string{system}
                                                                   : std::string{systems::kHost}};
  auto setup = systems::setup_for(starts_like);
  if (!setup) return process::lacks(setup.error().message);
  // A trace that names memory means a kernel that keeps names; a model is one, whatever the host
  // is.
  if (!systems::is_real(system)) setup->vma_names = true;
  // Asked for by name, it may be one that the trace was not meant for; what it cannot do stays.
  if (const auto reason = why_not_run(system, file)) {
    return std::unexpected(nobody_runs(file, fmt::format("{}: {}", system, *reason)));
  }
  auto initial = setup_of(file, *std::move(setup));
  auto made = systems::make_system(system, *profile);
  if (!made) return process::lacks(made.error().message);
  return Readied{system, *profile, std::move(initial), *std::move(made)};
}

process::Refusal died_of_it(const Readied& on, const TraceFile& file) {
  return {process::ExitStatus::kFinding, fmt::format("{} died of {}", on.name, file.path)};
}

std::expected<FinalState, process::Refusal> final_state(const TraceFile& file,
                                                        std::string_view words,
                                                        std::string_view profile_name) {
  auto on = ready(file, words, profile_name);
  if (!on) return std::unexpected(std::move(on.error()));
  auto recording =
      compare::record(*on->system, on->setup, file.trace.sequence, compare::Snapshots::kAtEnd);
  if (!recording) return process::lacks(recording.error().message);
  if (!recording->end) return std::unexpected(died_of_it(*on, file));
  return FinalState{on->profile, std::move(on->setup), *std::move(recording)};
}

}  // namespace vmadiff::cli
