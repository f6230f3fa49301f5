// model: the mapping itself, once mmap has checked everything and knows where: what was there goes,
// the memory is charged, hooks run, flags are set, the neighbours are joined.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

/// Maps `mapping` over whatever is in its range. Errors, in this order:
/// what clear_edges says: nothing is unmapped, a cut at the start may stay;
/// ENOMEM, over a limit or the charge is refused: nothing is unmapped, the cuts stay;
/// what the hook says: the range stays unmapped (a hole where MAP_FIXED found something).
[[nodiscard]] Result map_region(AddressSpace& space, spec::Vma mapping);

/// Cuts the VMAs that reach over the ends of `range`, so that it can be unmapped.
/// ENOMEM: the range lies inside one VMA, and the limit forbids one more. EPERM: a VMA in the range
/// is sealed. EINVAL: a hugetlb VMA, not cut at a huge page. A cut at the start that succeeded
/// stays.
[[nodiscard]] Result clear_edges(AddressSpace& space, spec::Range range);

/// Unmaps `length` bytes, rounded up, at `addr`; holes in them are no error.
/// EINVAL: not aligned, nothing, or not all below the task size. Else what clear_edges says.
[[nodiscard]] Result unmap(AddressSpace& space, spec::Address addr, spec::Address length);

}  // namespace vmadiff::model
