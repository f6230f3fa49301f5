// tests of reports/page: stories made by hand.
#pragma once

#include <string>
#include <vector>

#include "reports/json.h"
#include "reports/page/story.h"

namespace vmadiff::tests {

inline constexpr spec::Address kArena = 0x100000000000;

[[nodiscard]] inline spec::Vma anonymous(spec::Address start, spec::Address end) {
  return {start, end, spec::kVmDataDefaultFlags, start >> spec::kPageShift, {}, 0, 0};
}

[[nodiscard]] inline reports::SeenState seen(std::string system, const std::vector<spec::Vma>& vmas,
                                             const spec::Observes& observes = {}) {
  spec::Snapshot snapshot;
  snapshot.vmas = vmas;
  snapshot.counters.map_count = vmas.size();
  return {std::move(system), "0", reports::to_json(snapshot, observes)};
}

[[nodiscard]] inline reports::SeenStep step(std::vector<reports::SeenState> states) {
  return {.process = 0,
          .call = "munmap(0x100000000000, 0x1000)",
          .asserted = {},
          .comments = {},
          .named = {},
          .seen = std::move(states)};
}

}  // namespace vmadiff::tests
