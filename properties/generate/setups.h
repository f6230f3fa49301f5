// properties: the other machines: set-ups that differ from the one at hand in their limits, so that
// limits are met.
#pragma once

#include <cstdint>
#include <optional>

#include "spec/setup.h"

namespace vmadiff::properties {

/// In what set-ups may differ: bits.
enum class SetupVariation : std::uint8_t {
  kNone = 0,
  kMapLimit = 1,  ///< max_map_count: a virtual machine can be made so
  kPool = 2,      ///< the pool of huge pages, in the same way
  kMapLimitAndPool = 3,
  kAllButPool = 5,  ///< only systems in this process can begin in them
  kAll = 7
};
[[nodiscard]] constexpr SetupVariation common(SetupVariation a, SetupVariation b) {
  return static_cast<SetupVariation>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(SetupVariation all, SetupVariation part) {
  return common(all, part) == part;
}

/// The set-up of the sequence of that seed, if it has one of its own; most have not.
[[nodiscard]] std::optional<spec::Setup> varied_setup(std::uint64_t seed, const spec::Setup& base,
                                                      SetupVariation variation);

}  // namespace vmadiff::properties
