// impl: what happens, fast? This file: cutting a VMA in two, and changing a part of it.
#pragma once

#include <algorithm>
#include <expected>

#include "impl/merge.h"
#include "impl/mm.h"

namespace vmadiff::impl {

/// Which part the new VMA is: the one below the cut, or the one above it.
enum class NewPart : std::uint8_t { kBelow, kAbove };

/// __split_vma: cuts `vma` at `addr` (bytes, strictly inside), without a look at max_map_count.
/// EINVAL for a hugetlb VMA that would be cut inside a huge page (hugetlb_vm_op_split), ENOMEM;
/// both change nothing.
[[nodiscard]] Failure split_vma_unlimited(MmStruct& mm, VmArea& vma, spec::Address addr,
                                          NewPart part);

/// split_vma: the same, but ENOMEM first where the process has max_map_count VMAs.
[[nodiscard]] Failure split_vma(MmStruct& mm, VmArea& vma, spec::Address addr, NewPart part);

/// vma_modify_flags: merges [start, end) of `vma`, as if it had `flags` already, with its
/// neighbours, or else cuts it out of the VMA. Returns the VMA that includes the range, to which
/// the caller gives the flags. ENOMEM, EINVAL as for a split; a cut at `start` stays where the one
/// at `end` fails.
[[nodiscard]] std::expected<VmArea*, spec::Errno> vma_modify_flags(MmStruct& mm, VmArea* prev,
                                                                   VmArea& vma, spec::Address start,
                                                                   spec::Address end,
                                                                   spec::VmFlags flags);

/// vma_modify_flags_uffd: the same for a userfaultfd. Kernels in which uffd_offset is of-vma take
/// the range for the VMA's first pages: its offset is wrong where it begins further behind.
[[nodiscard]] std::expected<VmArea*, spec::Errno> vma_modify_flags_uffd(
    MmStruct& mm, VmArea* prev, VmArea& vma, spec::Address start, spec::Address end,
    spec::VmFlags flags, UffdCtxId ctx);

/// vma_modify_policy: the same for another memory policy, which the caller gives the VMA.
[[nodiscard]] std::expected<VmArea*, spec::Errno> vma_modify_policy(MmStruct& mm, VmArea* prev,
                                                                    VmArea& vma,
                                                                    spec::Address start,
                                                                    spec::Address end,
                                                                    const spec::MemPolicy& policy);

/// vma_modify_name: the same for another name.
[[nodiscard]] std::expected<VmArea*, spec::Errno> vma_modify_name(MmStruct& mm, VmArea* prev,
                                                                  VmArea& vma, spec::Address start,
                                                                  spec::Address end,
                                                                  spec::VmaName name);

/// The VMA before `vma` as far as a change of [start, …) is concerned: `vma` itself where the range
/// begins inside it.
[[nodiscard]] inline VmArea* prev_of_range(const MmStruct& mm, VmArea& vma, spec::Address start) {
  return start > vma.vm_start ? &vma : mm.vma_before(start);
}

/// for_each_vma_range: `modify(prev, vma, start, end)` for the part of each VMA that lies in
/// [start, end), holes passed over. It gives the VMA that includes the part afterwards, or an
/// error, which ends it; what changed before stays.
Failure for_each_vma_range(MmStruct& mm, spec::Address start, spec::Address end, auto modify) {
  VmArea* vma = mm.find_vma_intersection(start, end);
  VmArea* prev = vma != nullptr ? prev_of_range(mm, *vma, start) : nullptr;
  while (vma != nullptr) {
    const std::expected<VmArea*, spec::Errno> modified =
        modify(prev, *vma, std::max(start, vma->vm_start), std::min(end, vma->vm_end));
    if (!modified) return modified.error();
    prev = *modified;
    vma = prev->vm_end < end ? mm.find_vma_intersection(prev->vm_end, end) : nullptr;
  }
  return std::nullopt;
}

}  // namespace vmadiff::impl
