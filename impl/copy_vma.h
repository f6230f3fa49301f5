// impl: what happens, fast? This file: the destination of a move.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// copy_vma: maps [addr, addr + length), where nothing is mapped, as the part of `vma` that begins
/// at page `pgoff` is: as a part of a neighbour, or as a VMA of its own (what a userfaultfd is
/// registered for may have to be one). Anonymous pages of memory that has none yet get the offset
/// of its new place. Where `vma` itself is the neighbour, it is the one returned, grown; with
/// `keep_source` it is none. Null where memory is exhausted.
[[nodiscard]] VmArea* copy_vma(MmStruct& mm, VmArea*& vma, spec::Address addr, spec::Address length,
                               std::uint64_t pgoff, bool keep_source);

}  // namespace vmadiff::impl
