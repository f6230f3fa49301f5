// impl: what happens, fast? This file: taking mappings away, in the steps that mmap shares.
#pragma once

#include "impl/accounting.h"
#include "impl/mm.h"

namespace vmadiff::impl {

/// struct vma_munmap_struct: what [start, end) holds and what becomes of it. The VMAs are in
/// mm.detached while one such struct is alive; they stay in the tree until something is stored over
/// them.
struct VmaMunmapStruct {
  spec::Address start = 0;  ///< bytes; [start, end), page-aligned, not empty
  spec::Address end = 0;
  VmArea* prev = nullptr;  ///< the VMAs around the range, adjacent or not
  VmArea* next = nullptr;
  PageCounts pages;                ///< of the VMAs in the range
  std::uint64_t nr_accounted = 0;  ///< of these, VM_ACCOUNT
  bool clear_ptes = true;          ///< their pages are still there: the range can be given up
};

/// vms_gather_munmap_vmas: cuts the VMAs that stick out of the range and gathers those inside.
/// ENOMEM (max_map_count, where one VMA would become two), EPERM (a sealed VMA), EINVAL (a hugetlb
/// VMA cut inside a huge page). After an error all VMAs are still mapped; a cut at `start` is not
/// undone.
[[nodiscard]] Failure vms_gather_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms);

/// vms_clean_up_area: the pages are gone. From here on the range cannot be given up.
void vms_clean_up_area(MmStruct& mm, VmaMunmapStruct& vms);

/// vms_abort_munmap_vmas: gives the range up; where its pages are gone already, it is unmapped
/// instead ("the unfortunate gap").
void vms_abort_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms);

/// vms_complete_munmap_vmas: the counters, and the end of the VMAs. The tree holds none of them any
/// more.
void vms_complete_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms);

/// do_vmi_munmap: munmap of [start, start + length), with its checks of the range (EINVAL).
[[nodiscard]] Failure do_vmi_munmap(MmStruct& mm, spec::Address start, spec::Address length);

/// do_vmi_align_munmap: unmaps the page-aligned, not empty [start, end), which a VMA overlaps.
[[nodiscard]] Failure do_vmi_align_munmap(MmStruct& mm, spec::Address start, spec::Address end);

}  // namespace vmadiff::impl
