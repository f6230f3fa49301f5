// tests/properties: ways in which a state can be wrong. What compares states, or claims something
// of them, is shown true ones that were damaged.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "properties/claims/difference.h"
#include "spec/snapshot.h"

namespace vmadiff::properties {

struct Damage {
  std::string_view name;
  Field field;  ///< where a comparison sees it
  /// Damages the state, or the VMA of that index. Requires a state with that VMA.
  void (*make)(spec::Snapshot& state, std::size_t index);
};

[[nodiscard]] std::span<const Damage> damages();

}  // namespace vmadiff::properties
