// properties: the other machines: set-ups that differ from the one at hand in their limits, so that
// limits are met. Only systems in this process can begin in them.
#pragma once

#include <cstdint>
#include <optional>

#include "spec/setup.h"

namespace vmadiff::properties {

/// The set-up of the sequence of that seed, if it has one of its own; most have not.
[[nodiscard]] std::optional<spec::Setup> varied_setup(std::uint64_t seed, const spec::Setup& base);

}  // namespace vmadiff::properties
