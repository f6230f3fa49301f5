// cli: running a trace on one system to its end.
#include "cli/final_state.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "cli/choices.h"
#include "cli/systems.h"

namespace vmadiff::cli {
namespace {

std::unexpected<Refusal> lacks(std::string message) {
  return std::unexpected(Refusal{ExitStatus::kLacks, std::move(message)});
}

}  // namespace

std::expected<FinalState, Refusal> final_state(const TraceFile& file, std::string_view system,
                                               std::string_view profile_name) {
  const auto profile =
      choose_profile(profile_name.empty() ? file.directives.profile : profile_name);
  if (!profile) return std::unexpected(profile.error());
  const auto choice = choose_systems(system, *profile);
  if (!choice) return std::unexpected(choice.error());
  if (choice->systems.size() != 1) {
    return std::unexpected(Refusal{
        ExitStatus::kBadInput,
        fmt::format("'{}' names {} systems: expected one", system, choice->systems.size())});
  }
  // Models start as the host would, where there is one: the two set-ups are equal by design.
  std::array<std::string, 1> starts_like{why_not(kHost) ? std::string{system} : std::string{kHost}};
  auto setup = setup_for(starts_like);
  if (!setup) return lacks(setup.error().message);
  if (system == kHost && !file.directives.setup.empty()) {
    return lacks(fmt::format("{} cannot run on the host: it has a set-up of its own", file.path));
  }
  *setup = setup_of(file, *std::move(setup));
  if (system == kHost) {
    if (const auto reason = why_not_on_host(*setup, file.trace.sequence)) {
      return lacks(fmt::format("{} cannot run on the host: {}", file.path, *reason));
    }
  }
  auto made = make_system(system, *profile);
  if (!made) return lacks(made.error().message);
  auto recording = record(**made, *setup, file.trace.sequence, Snapshots::kAtEnd);
  if (!recording) return lacks(recording.error().message);
  if (!recording->end) {
    return std::unexpected(
        Refusal{ExitStatus::kFinding, fmt::format("{} died of {}", system, file.path)});
  }
  return FinalState{*profile, *std::move(setup), *std::move(recording)};
}

}  // namespace vmadiff::cli
