// fuzz: can bytes find a counterexample? This file: model against implementation, every step
// compared, every invariant.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/codec.h"
#include "properties/claims/finding.h"
#include "properties/claims/property.h"
#include "spec/system.h"

namespace vmadiff::fuzz {

/// What is wrong, as text for people, or nothing.
[[nodiscard]] std::optional<std::string> run_differential(std::span<const std::uint8_t> bytes);

/// The same for two given systems of the input's profile; what tests hand a broken system to.
[[nodiscard]] std::optional<std::string> differential_failure(
    const Input& input, spec::System& expected, spec::System& actual,
    const properties::PropertySet& claims);

/// A finding as the fuzzer prints it: the claim, a trace that `replay` runs, both sides, the
/// command, with `systems`.
[[nodiscard]] std::string failure_text(const properties::Finding& finding,
                                       std::string_view systems = "model,impl");

}  // namespace vmadiff::fuzz
