// cli: choices and their defaults.
#include "cli/choices.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/systems.h"

namespace vmadiff::cli {

std::expected<SystemChoice, Refusal> choose_systems(std::string_view words,
                                                    const spec::KernelProfile& profile) {
  SystemChoice choice;
  if (words.empty()) {
    choice.systems = {std::string{kModel}, std::string{kImpl}};
    // The other profiles are kernels of another time: this one would only be found to differ.
    if (profile.name != spec::kDefaultProfileName) {
      choice.left_out = fmt::format("host (it is taken for {}, not {}; --systems can name it)",
                                    spec::kDefaultProfileName, profile.name);
    } else if (const auto reason = why_not(kHost)) {
      choice.left_out = fmt::format("host ({})", *reason);
    } else if (const auto unmodelled = why_unmodelled(kHost)) {
      choice.left_out = fmt::format("host ({})", *unmodelled);
    } else {
      choice.systems.emplace_back(kHost);
    }
    return choice;
  }
  auto systems = parse_systems(words);
  if (!systems) return std::unexpected(Refusal{ExitStatus::kBadInput, systems.error()});
  const bool has_model = !std::ranges::all_of(*systems, is_real);
  for (const std::string& system : *systems) {
    if (const auto reason = why_not(system)) {
      return std::unexpected(
          Refusal{ExitStatus::kLacks, fmt::format("{} cannot run here: {}", system, *reason)});
    }
    const auto unmodelled = why_unmodelled(system);
    if (has_model && unmodelled) {
      return std::unexpected(
          Refusal{ExitStatus::kLacks,
                  fmt::format("{} cannot be compared with the models: {}", system, *unmodelled)});
    }
  }
  choice.systems = std::move(*systems);
  choice.asked = true;
  return choice;
}

std::expected<spec::KernelProfile, Refusal> choose_profile(std::string_view words) {
  const auto wanted = words.empty() ? spec::kDefaultProfileName : words;
  if (const auto profile = spec::profile_named(wanted)) return *profile;
  std::string known;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", profile.name);
  }
  return std::unexpected(Refusal{ExitStatus::kBadInput,
                                 fmt::format("unknown profile '{}': expected {}", wanted, known)});
}

std::expected<properties::PropertySet, Refusal> choose_properties(std::string_view words) {
  if (words.empty()) return properties::PropertySet::all();
  auto set = properties::PropertySet::parse(words);
  if (!set) return std::unexpected(Refusal{ExitStatus::kBadInput, set.error()});
  return *std::move(set);
}

}  // namespace vmadiff::cli
