// cli: choices and their defaults.
#include "cli/choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compare/identified.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

constexpr std::string_view kAuto = "auto";

/// Kernels of another time would only be found to differ. The default profile is what the host is
/// held to where nothing is said; any other one it must have.
std::optional<std::string> why_of_another_profile(const spec::KernelProfile& profile) {
  const auto wanted = spec::profile_text(profile);
  if (wanted == spec::kDefaultProfileName) return std::nullopt;
  const auto identity = compare::identity_of(std::string{systems::kHost});
  if (!identity) return identity.error().message;
  const auto has = spec::profile_text((*identity)->profile);
  if (has == wanted) return std::nullopt;
  return fmt::format("it is {}, not {}", has, wanted);
}

}  // namespace

std::expected<SystemChoice, process::Refusal> choose_systems(std::string_view words,
                                                             const spec::KernelProfile& profile) {
  SystemChoice choice;
  if (words.empty()) {
    choice.systems = {std::string{systems::kModel}, std::string{systems::kImpl}};
    if (const auto reason = systems::why_not(systems::kHost)) {
      choice.left_out = fmt::format("host ({})", *reason);
    } else if (const auto unmodelled = systems::why_unmodelled(systems::kHost)) {
      choice.left_out = fmt::format("host ({})", *unmodelled);
    } else if (const auto other = why_of_another_profile(profile)) {
      choice.left_out = fmt::format("host ({}; --systems can name it)", *other);
    } else {
      choice.systems.emplace_back(systems::kHost);
    }
    return choice;
  }
  auto systems = systems::parse_systems(words);
  if (!systems)
    return std::unexpected(process::Refusal{process::ExitStatus::kBadInput, systems.error()});
  const bool has_model = !std::ranges::all_of(*systems, systems::is_real);
  for (const std::string& system : *systems) {
    if (const auto reason = systems::why_not(system)) {
      return std::unexpected(process::Refusal{
          process::ExitStatus::kLacks, fmt::format("{} cannot run here: {}", system, *reason)});
    }
    const auto unmodelled = systems::why_unmodelled(system);
    if (has_model && unmodelled) {
      return std::unexpected(process::Refusal{
          process::ExitStatus::kLacks,
          fmt::format("{} cannot be compared with the models: {}", system, *unmodelled)});
    }
  }
  choice.systems = std::move(*systems);
  choice.asked = true;
  return choice;
}

bool is_auto(std::string_view words) { return words.empty() || words == kAuto; }

std::expected<spec::KernelProfile, process::Refusal> choose_profile(std::string_view words) {
  const auto profile = spec::read_profile_text(is_auto(words) ? spec::kDefaultProfileName : words);
  if (!profile)
    return std::unexpected(process::Refusal{process::ExitStatus::kBadInput, profile.error()});
  return *profile;
}

std::expected<Choice, process::Refusal> choose(std::string_view systems, std::string_view profile) {
  const auto named = choose_profile(profile);
  if (!named) return std::unexpected(named.error());
  auto chosen = choose_systems(systems, *named);
  if (!chosen) return std::unexpected(chosen.error());
  Choice choice{*std::move(chosen), *named, {}, nullptr};
  const auto real = std::ranges::find_if(choice.systems.systems, systems::is_real);
  if (!is_auto(profile) || real == choice.systems.systems.end()) return choice;
  const auto identity = compare::identity_of(*real);
  if (!identity)
    return std::unexpected(process::Refusal{process::ExitStatus::kLacks, identity.error().message});
  choice.identified = *real;
  choice.identity = *identity;
  choice.profile = (*identity)->profile;
  return choice;
}

std::expected<properties::PropertySet, process::Refusal> choose_properties(std::string_view words) {
  if (words.empty()) return properties::PropertySet::all();
  auto set = properties::PropertySet::parse(words);
  if (!set) return std::unexpected(process::Refusal{process::ExitStatus::kBadInput, set.error()});
  return *std::move(set);
}

}  // namespace vmadiff::cli
