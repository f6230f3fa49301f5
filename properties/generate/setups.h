// properties: the other machines: set-ups that differ from the one at hand in their limits, so that
// limits are met.
#pragma once

#include <cstdint>
#include <optional>

#include "spec/setup.h"

namespace vmadiff::properties {

/// In what set-ups may differ.
enum class SetupVariation : std::uint8_t {
  kNone,
  kMapLimit,  ///< in max_map_count alone: a virtual machine can be made so
  kAll        ///< only systems in this process can begin in them
};

/// The set-up of the sequence of that seed, if it has one of its own; most have not.
[[nodiscard]] std::optional<spec::Setup> varied_setup(std::uint64_t seed, const spec::Setup& base,
                                                      SetupVariation variation);

}  // namespace vmadiff::properties
