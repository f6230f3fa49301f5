// cli: what --systems, --profile and --properties mean, and what is meant where they are left out.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "compare/identity.h"
#include "process/exit_status.h"
#include "properties/claims/property.h"
#include "spec/kernel_profile.h"

namespace vmadiff::cli {

struct SystemChoice {
  std::vector<std::string> systems;
  bool asked = false;    ///< named by the user, not the default
  std::string left_out;  ///< by default: which system does not take part, and why; or empty
};

/// The systems named in `words`; with no words model and impl, and the host where it can run and
/// `profile`, as choose_profile reads it, is auto or the host's own. A named system that cannot run
/// here is a refusal (kLacks).
[[nodiscard]] std::expected<SystemChoice, process::Refusal> choose_systems(
    std::string_view words, std::string_view profile);

/// Whether the words ask for the real kernel's own profile: "auto", or none.
[[nodiscard]] bool is_auto(std::string_view words);

/// The profile named in `words`, with its differences (spec/profile_text.h); the default one where
/// they are auto. The refusal lists what would be right.
[[nodiscard]] std::expected<spec::KernelProfile, process::Refusal> choose_profile(
    std::string_view words);

/// Both, since each can depend on the other.
struct Choice {
  SystemChoice systems;
  spec::KernelProfile profile;
  std::string identified;  ///< the real kernel that was asked for its profile; or empty
  const compare::Identity* identity = nullptr;  ///< what it is; null where none was asked
};

/// With `profile` auto, the first real kernel among the systems is asked what it is.
[[nodiscard]] std::expected<Choice, process::Refusal> choose(std::string_view systems,
                                                             std::string_view profile);

/// No words: all.
[[nodiscard]] std::expected<properties::PropertySet, process::Refusal> choose_properties(
    std::string_view words);

}  // namespace vmadiff::cli
