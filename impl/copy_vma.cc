// impl: the destination of a move.
#include "impl/copy_vma.h"

#include "impl/anon_vma.h"
#include "impl/hugetlb.h"
#include "impl/merge.h"
#include "impl/userfaultfd.h"

namespace vmadiff::impl {

using namespace spec;

VmArea* copy_vma(MmStruct& mm, VmArea*& vma, Address addr, Address length, std::uint64_t pgoff,
                 bool keep_source) {
  const bool has_anon_vma = vma->anon_vma != kNoAnonVma;
  const bool is_unfaulted = vma->is_anonymous() && !has_anon_vma;
  const std::uint64_t anon_pgoff =
      has_anon_vma ? vma->anon_pgoff + (pgoff - vma->vm_pgoff) : addr >> kPageShift;
  if (is_unfaulted) pgoff = addr >> kPageShift;
  const Address source_start = vma->vm_start;
  VmaMergeStruct vmg;
  vmg.prev = mm.vma_before(addr);
  vmg.next = mm.find_vma(addr);
  vmg.start = addr;
  vmg.end = addr + length;
  vmg.vm_flags = vma->vm_flags;
  vmg.pgoff = pgoff;
  vmg.anon_pgoff = anon_pgoff;
  vmg.file = vma->vm_file;
  vmg.anon_vma = vma->anon_vma;
  vmg.policy = vma->vm_policy;
  vmg.anon_name = vma->anon_name;
  vmg.uffd_ctx = vma->uffd_ctx;
  if (keep_source && is_unfaulted) {
    const bool adjoins = vmg.start == vma->vm_end || vmg.end == vma->vm_start;
    const bool merges_with_none =
        adjoins && mm.profile.dontunmap_source == DontunmapSource::kCutOutAlone;
    if (vmg.prev == vma || merges_with_none) vmg.prev = nullptr;
    if (vmg.next == vma || merges_with_none) vmg.next = nullptr;
  }
  const bool may_merge =
      mm.profile.uffd_move == UffdMove::kMerges || !vma_has_uffd_without_event_remap(mm, *vma);
  if (VmArea* merged = may_merge ? vma_merge_copied_range(mm, vmg, *vma) : nullptr) {
    // The source may be the VMA that grew, or one that this made a part of it.
    if (source_start >= merged->vm_start && source_start < merged->vm_end) vma = merged;
    return merged;
  }

  VmArea* fresh = mm.vm_area_alloc();
  if (fresh == nullptr) return nullptr;
  if (!vma_dup_policy(mm, *vma) || !anon_vma_clone(mm, *vma) ||
      !mm.preallocate(addr, addr + length - 1)) {
    mm.vmas.give_back(fresh);
    return nullptr;
  }
  *fresh = *vma;
  hugetlb_open(mm, *fresh);
  fresh->vm_start = addr;
  fresh->vm_end = addr + length;
  fresh->vm_pgoff = pgoff;
  fresh->anon_pgoff = anon_pgoff;
  mm.mm_mt.store_preallocated(addr, addr + length - 1, fresh);
  ++mm.counters.map_count;
  return fresh;
}

}  // namespace vmadiff::impl
