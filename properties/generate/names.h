// properties: names for memory: few, so that neighbours often have the same.
#pragma once

#include "properties/generate/random.h"
#include "spec/vma_name.h"

namespace vmadiff::properties {

/// One that a kernel takes, or none.
[[nodiscard]] spec::VmaName any_vma_name(Random& random);

/// Mostly one that a kernel refuses: too long, of a character that may not be in it, or not to be
/// read.
[[nodiscard]] spec::VmaName odd_vma_name(Random& random);

}  // namespace vmadiff::properties
