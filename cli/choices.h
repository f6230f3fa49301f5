// cli: what --systems, --profile and --properties mean, and what is meant where they are left out.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_status.h"
#include "properties/property.h"
#include "spec/kernel_profile.h"

namespace vmadiff::cli {

struct SystemChoice {
  std::vector<std::string> systems;
  bool asked = false;    ///< named by the user, not the default
  std::string left_out;  ///< by default: which system does not take part, and why; or empty
};

/// The systems named in `words`; with no words model and impl, and the host where it can run and
/// `profile` is what it is taken for. A named system that cannot run here is a refusal (kLacks).
[[nodiscard]] std::expected<SystemChoice, Refusal> choose_systems(
    std::string_view words, const spec::KernelProfile& profile);

/// No words: the default profile. The refusal lists the profiles.
[[nodiscard]] std::expected<spec::KernelProfile, Refusal> choose_profile(std::string_view words);

/// No words: all.
[[nodiscard]] std::expected<properties::PropertySet, Refusal> choose_properties(
    std::string_view words);

}  // namespace vmadiff::cli
