// properties: calls about huge pages, for sequences that begin with some in the machine's pool: few
// places, so that mappings meet, and more pages asked for than there are.
#pragma once

#include <cstdint>

#include "properties/generate/random.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// One more such call: of any kind, also on processes. `files` is how many of hugetlb:N there are.
[[nodiscard]] spec::Syscall huge_call(Random& random, std::uint32_t files);

}  // namespace vmadiff::properties
