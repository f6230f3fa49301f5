// impl: what happens, fast? This file: which anon_vma a VMA gets with its first private page,
// which offset such pages have, and what copies of it need.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// anon_vma_prepare: gives the VMA an anon_vma if it has none: that of its next or else of its
/// previous neighbour where the two differ in no more than mprotect can change, or a new one.
/// False, with nothing changed, where memory is exhausted.
[[nodiscard]] bool anon_vma_prepare(MmStruct& mm, VmArea& vma);

/// Whether two VMAs with these flags are contiguous only where the offsets of their anonymous pages
/// are, too. Shared memory has no such pages; where there is no file, both offsets are the same.
[[nodiscard]] inline bool has_anon_pgoff(const MmStruct& mm, spec::VmFlags flags) {
  return mm.profile.anon_pgoff == spec::AnonPgoff::kOwn && (flags & spec::kVmMayshare) == 0;
}

/// anon_vma_clone: whether a copy of the VMA can have its anon_vma and as many links to it.
[[nodiscard]] inline bool anon_vma_clone(const MmStruct& mm, const VmArea& vma) {
  return vma.anon_vma == spec::kNoAnonVma || !mm.should_fail();
}
/// vma_dup_policy: whether a copy of the VMA can have its memory policy.
[[nodiscard]] inline bool vma_dup_policy(const MmStruct& mm, const VmArea& vma) {
  return vma.vm_policy == spec::MemPolicy{} || !mm.should_fail();
}

}  // namespace vmadiff::impl
