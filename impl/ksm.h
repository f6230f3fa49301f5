// impl: what happens, fast? This file: which VMAs are VM_MERGEABLE, and when that is decided.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// ksm_compatible, without DAX, which no file here is.
[[nodiscard]] bool ksm_compatible(spec::VmFlags flags);

/// ksm_vma_flags: `flags` with VM_MERGEABLE where the process has merging on and they are eligible.
[[nodiscard]] spec::VmFlags ksm_vma_flags(const MmStruct& mm, spec::VmFlags flags);

/// can_set_ksm_flags_early: whether no `.mmap` hook can still change the flags of a mapping of this
/// file (none for anonymous memory) in a way that matters to KSM.
[[nodiscard]] bool can_set_ksm_flags_early(const MmStruct& mm, spec::FileId file);

/// ksm_madvise: the flags after MADV_MERGEABLE or MADV_UNMERGEABLE.
[[nodiscard]] spec::VmFlags ksm_madvise(const MmStruct& mm, const VmArea& vma, std::int32_t advice);

/// ksm_enable_merge_any, ksm_disable_merge_any.
[[nodiscard]] Failure ksm_enable_merge_any(MmStruct& mm);
void ksm_disable_merge_any(MmStruct& mm);

}  // namespace vmadiff::impl
