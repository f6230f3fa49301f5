// explain: is it a limit that refused a call? Asked of the model: would the call do otherwise if
// the machine, or the process, had no such limit?
#pragma once

#include <cstddef>
#include <string>

#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::explain {

/// The limit without which the call at `step` gives something else, while all calls before it give
/// the same: a sentence's end, "the address space has 8 VMAs, and vm.max_map_count is 8". Empty
/// where no limit is it.
[[nodiscard]] std::string limit_behind(const spec::Sequence& sequence, std::size_t step,
                                       const spec::Setup& setup,
                                       const spec::KernelProfile& profile);

}  // namespace vmadiff::explain
