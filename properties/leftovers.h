// properties: after a run: NothingStaysCommitted, NothingStaysReserved and NothingStaysAllocated,
// and which call broke it; and whether a system in this process survives the end of the sequence's
// processes.
#pragma once

#include <span>

#include "properties/lockstep.h"
#include "spec/outcome.h"
#include "spec/sequence.h"

namespace vmadiff::properties {

/// Whether one of these claims is selected.
[[nodiscard]] bool asks_what_is_left(const Selection& selection);

/// To be called once, when `system` has just run `sequence` and was looked at; `outcomes` are what
/// it gave. The finding's step is the first call behind which something is left: prefixes of the
/// sequence are run for that.
[[nodiscard]] ObservedResult check_leftovers(spec::System& system, const spec::Sequence& sequence,
                                             std::span<const spec::Outcome> outcomes,
                                             const Rules& rules);

}  // namespace vmadiff::properties
