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

/// A kernel of another time would only be found to differ: who holds the systems to a profile, the
/// default one too, has the host beside them where it is such a kernel.
std::optional<std::string> why_of_another_profile(const spec::KernelProfile& profile) {
  const auto wanted = spec::profile_text(profile);
  const auto identity = compare::identity_of(std::string{systems::kHost});
  if (!identity) return identity.error().message;
  const auto has = spec::profile_text((*identity)->profile);
  if (has == wanted) return std::nullopt;
  return fmt::format("it is {}, not {}", has, wanted);
}

}  // namespace

std::expected<SystemChoice, process::Refusal> choose_systems(std::string_view words,
                                                             std::string_view profile) {
  const auto named = choose_profile(profile);
  if (!named) return std::unexpected(named.error());
  SystemChoice choice;
  if (words.empty()) {
    choice.systems = {std::string{systems::kModel}, std::string{systems::kImpl}};
    if (const auto reason = systems::why_not(systems::kHost)) {
      choice.left_out = fmt::format("host ({})", *reason);
    } else if (const auto unmodelled = systems::why_unmodelled(systems::kHost)) {
      choice.left_out = fmt::format("host ({})", *unmodelled);
    } else if (const auto other =
                   is_auto(profile) ? std::nullopt : why_of_another_profile(*named)) {
      choice.left_out = fmt::format("host ({}; --systems can name it)", *other);
    } else {
      choice.systems.emplace_back(systems::kHost);
    }
    return choice;
  }
  auto systems = systems::parse_systems(words);
  if (!systems) return process::bad_input(systems.error());
  const bool has_model = !std::ranges::all_of(*systems, systems::is_real);
  for (const std::string& system : *systems) {
    if (const auto reason = systems::why_not(system)) {
      return process::lacks(fmt::format("{} cannot run here: {}", system, *reason));
    }
    const auto unmodelled = systems::why_unmodelled(system);
    if (has_model && unmodelled) {
      return process::lacks(
          fmt::format("{} cannot be compared with the models: {}", system, *unmodelled));
    }
  }
  choice.systems = std::move(*systems);
  choice.asked = true;
  return choice;
}

bool is_auto(std::string_view words) { return words.empty() || words == kAuto; }

std::expected<spec::KernelProfile, process::Refusal> choose_profile(std::string_view words) {
  const auto profile = spec::read_profile_text(is_auto(words) ? spec::kDefaultProfileName : words);
  if (!profile) return process::bad_input(profile.error());
  return *profile;
}

std::expected<Choice, process::Refusal> choose(std::string_view systems, std::string_view profile) {
  const auto named = choose_profile(profile);
  if (!named) return std::unexpected(named.error());
  auto chosen = choose_systems(systems, profile);
  if (!chosen) return std::unexpected(chosen.error());
  Choice choice{*std::move(chosen), *named, {}, nullptr};
  const auto real = std::ranges::find_if(choice.systems.systems, systems::is_real);
  if (!is_auto(profile) || real == choice.systems.systems.end()) return choice;
  const auto identity = compare::identity_of(*real);
  if (!identity) return process::lacks(identity.error().message);
  choice.identified = *real;
  choice.identity = *identity;
  choice.profile = (*identity)->profile;
  return choice;
}

std::expected<properties::PropertySet, process::Refusal> choose_properties(std::string_view words) {
  if (words.empty()) return properties::PropertySet::all();
  auto set = properties::PropertySet::parse(words);
  if (!set) return process::bad_input(set.error());
  return *std::move(set);
}

}  // namespace vmadiff::cli
