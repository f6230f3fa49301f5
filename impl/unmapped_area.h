// impl: what happens, fast? This file: where a new mapping goes.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// vm_start_gap: where the VMA begins, with the guard gap below a stack.
[[nodiscard]] spec::Address vm_start_gap(const MmStruct& mm, const VmArea& vma);

/// __get_unmapped_area: the address for `length` bytes (page-aligned, not 0) of page `pgoff` of
/// `file` (none for anonymous memory), given a hint, or with MAP_FIXED the very address. `flags`
/// are MAP_*. ENOMEM (no room, beyond the address space), EINVAL (fixed and not aligned), EPERM
/// (below vm.mmap_min_addr).
[[nodiscard]] AddressOrErrno get_unmapped_area(const MmStruct& mm, spec::FileId file,
                                               spec::Address addr, spec::Address length,
                                               std::uint64_t pgoff, std::uint64_t flags);

}  // namespace vmadiff::impl
