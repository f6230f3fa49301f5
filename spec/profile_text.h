// spec: profiles as text, as --profile takes them and a trace's "# profile:" says them: a named
// one, or one with differences, "linux-6.18 dontunmap_source=cut-out".
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "spec/kernel_profile.h"

namespace vmadiff::spec {

/// The profile's name, and each behaviour that is another than the profile of that name has.
[[nodiscard]] std::string profile_text(const KernelProfile& profile);

/// Reads the same: words separated by blanks or commas, the name first. The error says what is
/// wrong and lists what would be right.
[[nodiscard]] std::expected<KernelProfile, std::string> read_profile_text(std::string_view text);

}  // namespace vmadiff::spec
