// properties: where the generator's calls go: mostly at the boundaries of what was mapped before.
#pragma once

#include <algorithm>

#include "properties/generate/random.h"
#include "properties/generate/sketch.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::properties {

struct PageRange {
  spec::Address start;
  spec::Address length;
};

[[nodiscard]] inline std::uint64_t few_pages(Random& random) {
  return 1 + random.below(random.percent(70) ? 4 : 10);
}

/// The call on another range; as it is, where it has none.
[[nodiscard]] spec::Syscall on_range(spec::Syscall call, spec::Address start, spec::Address length);

/// Mostly a range at a boundary of something that was mapped, or a part of it. Requires a sketch
/// that is not empty.
[[nodiscard]] PageRange existing_range(Random& random, Sketch& sketch);

}  // namespace vmadiff::properties
