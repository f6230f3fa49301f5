// impl: what happens, fast? This file: what a sealed VMA refuses.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// vma_is_sealed (can_modify_vma, negated).
[[nodiscard]] inline bool vma_is_sealed(const VmArea& vma) {
  return (vma.vm_flags & spec::kVmSealed) != 0;
}

/// can_madvise_modify (can_modify_vma_madv): whether the VMA's seal lets this advice through. What
/// discards pages is refused where its caller could not have cleared them by writing.
[[nodiscard]] bool can_madvise_modify(const MmStruct& mm, const VmArea& vma, std::int32_t advice);

}  // namespace vmadiff::impl
