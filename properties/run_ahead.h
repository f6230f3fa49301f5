// properties: a remote system runs a whole sequence at once, and is held against what an
// in-process system gave step by step: every outcome, and the layout at the end.
#pragma once

#include <vector>

#include "properties/lockstep.h"

namespace vmadiff::properties {

/// `expected` is the first in-process system behind its last step, with `outcomes` for every step;
/// nullptr where there is none, and then only claims about the one state are checked. What the
/// remote system gave stands in remote_side.rehearsal.outcomes.
[[nodiscard]] ObservedResult run_ahead(spec::System& remote, const spec::Sequence& sequence,
                                       const Side* expected,
                                       const std::vector<spec::Outcome>& outcomes,
                                       const Rules& rules, Side& remote_side);

}  // namespace vmadiff::properties
