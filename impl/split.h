// impl: what happens, fast? This file: cutting a VMA in two, and changing a part of it.
#pragma once

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

/// vma_modify_policy: the same for another memory policy, which the caller gives the VMA.
[[nodiscard]] std::expected<VmArea*, spec::Errno> vma_modify_policy(MmStruct& mm, VmArea* prev,
                                                                    VmArea& vma,
                                                                    spec::Address start,
                                                                    spec::Address end,
                                                                    const spec::MemPolicy& policy);

}  // namespace vmadiff::impl
