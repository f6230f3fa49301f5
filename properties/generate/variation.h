// properties: the same call again, but for one part of one argument: a flag, a node of a mask, a
// mode, a length. What two calls have in common leaves the one part to tell them apart.
#pragma once

#include "properties/generate/random.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Changes one argument of the call, mostly in one bit. Leaves it as it is where it has none, or
/// where what would come of it is not modelled.
void change_one_part(spec::Syscall& call, Random& random);

/// Moves the call's range to one that adjoins it, where it has a range.
void move_beside(spec::Syscall& call, Random& random);

}  // namespace vmadiff::properties
