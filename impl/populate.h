// impl: what happens, fast? This file: memory that is faulted in ahead of its use (mm/gup.c).
//
// Of its pages nothing is kept but which are guards, so populating a VMA costs no more than
// populating a page of it: only its first page can give it an anon_vma, and only the last one
// before a guard can be missing.
#pragma once

#include "impl/fault.h"
#include "impl/mm.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

/// populate_vma_page_range: [start, end) of `vma`, bytes, page-aligned, not empty, inside it. A
/// write to private memory that can be written, else a read, which needs no VM_READ. EFAULT where
/// nothing can be accessed, and for a page that is not there, ENOMEM where memory is exhausted;
/// VM_LOCKONFAULT populates nothing. Without `locked`, a pointer there, nothing is retried.
Failure populate_vma_page_range(MmStruct& mm, VmArea& vma, spec::Address start, spec::Address end,
                                FaultRetry retry = FaultRetry::kAllowed);

/// __mm_populate: all VMAs in [start, start + length) in ascending order, past holes and memory
/// without struct pages, up to the first error (EFAULT, ENOMEM).
[[nodiscard]] Failure mm_populate_until_error(MmStruct& mm, spec::Address start,
                                              spec::Address length);
/// mm_populate: the same, but an error ends no more than the populating of its VMA.
void mm_populate(MmStruct& mm, spec::Address start, spec::Address length);

/// faultin_page_range: page by page for MADV_POPULATE_READ and MADV_POPULATE_WRITE, up to the first
/// error: ENOMEM (a hole; where populate_holes is passed-over, only at the end), EINVAL (a VMA that
/// does not allow the access), EFAULT (a page that is not there).
[[nodiscard]] Failure faultin_page_range(MmStruct& mm, spec::Address start, spec::Address end,
                                         spec::Access access);

}  // namespace vmadiff::impl
