// spec: what of a set-up differs from the canonical one, as text: "max_map_count=8 zero_noexec=1".
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "spec/setup.h"

namespace vmadiff::spec {

/// Empty where `setup` has the limits of `Setup::standard()`.
[[nodiscard]] std::string setup_text(const Setup& setup);
/// What of `setup` differs from `base`.
[[nodiscard]] std::string setup_text(const Setup& setup, const Setup& base);

/// Gives `setup` the values that stand in the text. The error names what is wrong, and what would
/// be right.
[[nodiscard]] std::expected<void, std::string> read_setup_text(std::string_view text, Setup& setup);

/// `setup` with one value set back to the canonical one: one for each value that is not.
[[nodiscard]] std::vector<Setup> plainer_setups(const Setup& setup);

}  // namespace vmadiff::spec
