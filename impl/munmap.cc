// impl: taking mappings away.
#include "impl/munmap.h"

#include <cstdlib>

#include "impl/calls.h"
#include "impl/hugetlb.h"
#include "impl/seal.h"
#include "impl/split.h"

namespace vmadiff::impl {

using namespace spec;

Failure vms_gather_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms) {
  mm.detached.clear();
  VmArea* first = mm.find_vma_intersection(vms.start, vms.end);
  if (first != nullptr && vms.start > first->vm_start) {
    // One VMA would become two. Where it loses its end, map_count may pass the limit for a moment.
    if (vms.end < first->vm_end && mm.counters.map_count >= mm.setup->max_map_count) {
      return Errno::kENOMEM;
    }
    if (vma_is_sealed(*first)) return Errno::kEPERM;
    if (const Failure failed = split_vma_unlimited(mm, *first, vms.start, NewPart::kBelow)) {
      return failed;
    }
  }
  VmArea* vma = first;
  while (vma != nullptr) {
    if (vma_is_sealed(*vma)) return Errno::kEPERM;
    if (vma->vm_end > vms.end) {
      if (const Failure failed = split_vma_unlimited(mm, *vma, vms.end, NewPart::kAbove)) {
        return failed;
      }
    }
    // What is taken away is gathered in a tree of its own.
    if (mm.should_fail()) return Errno::kENOMEM;
    mm.detached.push_back(vma);
    count_pages(vms.pages, vma->vm_flags, vma->pages());
    if ((vma->vm_flags & kVmAccount) != 0) vms.nr_accounted += vma->pages();
    vma = vma->vm_end < vms.end ? mm.find_vma_intersection(vma->vm_end, vms.end) : nullptr;
  }
  vms.prev = mm.vma_before(vms.start);
  vms.next = mm.find_vma(vms.end);
  return std::nullopt;
}

void vms_clean_up_area(MmStruct& mm, VmaMunmapStruct& vms) {
  if (vms.clear_ptes) hugetlb_unmap_vmas(mm, mm.detached);
  vms.clear_ptes = false;
}

void vms_abort_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms) {
  if (mm.detached.empty() || vms.clear_ptes) return;
  // __GFP_NOFAIL: nothing is left to do where memory is exhausted.
  if (!mm.mm_mt.erase(vms.start, vms.end - 1)) std::abort();
  vms_complete_munmap_vmas(mm, vms);
}

void vms_complete_munmap_vmas(MmStruct& mm, VmaMunmapStruct& vms) {
  vms_clean_up_area(mm, vms);
  mm.counters.map_count -= mm.detached.size();
  mm.counters.total_vm -= vms.pages.total;
  mm.counters.locked_vm -= vms.pages.locked;
  mm.counters.data_vm -= vms.pages.data;
  mm.counters.stack_vm -= vms.pages.stack;
  mm.counters.exec_vm -= vms.pages.exec;
  if (!mm.detached.empty()) mm.guards.zap(vms.start, vms.end);
  for (VmArea* vma : mm.detached) mm.vmas.give_back(vma);
  mm.detached.clear();
}

Failure do_vmi_align_munmap(MmStruct& mm, Address start, Address end) {
  VmaMunmapStruct vms;
  vms.start = start;
  vms.end = end;
  if (const Failure failed = vms_gather_munmap_vmas(mm, vms)) return failed;
  if (!mm.preallocate(start, end - 1)) return Errno::kENOMEM;
  mm.mm_mt.store_preallocated(start, end - 1, nullptr);
  vms_complete_munmap_vmas(mm, vms);
  return std::nullopt;
}

Failure do_vmi_munmap(MmStruct& mm, Address start, Address length) {
  const Address task_size = mm.setup->task_size;
  if (!is_page_aligned(start) || start > task_size || length > task_size - start) {
    return Errno::kEINVAL;
  }
  const Address end = start + page_up(length);
  if (end == start) return Errno::kEINVAL;
  if (mm.find_vma_intersection(start, end) == nullptr) return std::nullopt;
  return do_vmi_align_munmap(mm, start, end);
}

Outcome sys_munmap(MmStruct& mm, const Munmap& call) {
  const Failure failed = do_vmi_munmap(mm, call.addr, call.length);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
