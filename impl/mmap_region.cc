// impl: mapping a range whose address and flags are settled.
#include "impl/mmap_region.h"

#include <algorithm>

#include "impl/accounting.h"
#include "impl/file_operations.h"
#include "impl/ksm.h"
#include "impl/limits.h"
#include "impl/merge.h"
#include "impl/mlock.h"
#include "impl/mprotect.h"
#include "impl/munmap.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// struct mmap_state: one mapping in the making. [addr, end) and all else as in MmapRequest, but as
/// hooks and KSM leave it.
struct MmapState {
  Address addr = 0;
  Address end = 0;
  HookState hook;  ///< file, vm_flags, pgoff, pages
  bool check_ksm_early = false;
  VmaMunmapStruct vms;
};

/// The same before 6.12 (the beginning of __mmap_region): the limits are looked at first, and what
/// the range overlaps is unmapped for good before the charge.
Failure mmap_setup_unmapping(MmStruct& mm, MmapState& map) {
  std::uint64_t replaced = 0;  // count_vma_pages_range
  for (const VmArea* vma = mm.find_vma_intersection(map.addr, map.end); vma != nullptr;
       vma = vma->vm_end < map.end ? mm.find_vma_intersection(vma->vm_end, map.end) : nullptr) {
    replaced += (std::min(vma->vm_end, map.end) - std::max(vma->vm_start, map.addr)) >> kPageShift;
  }
  if (!may_expand_vm(mm, map.hook.vm_flags, map.hook.pages - replaced)) return Errno::kENOMEM;
  if (do_vmi_munmap(mm, map.addr, map.end - map.addr)) return Errno::kENOMEM;
  mm.detached.clear();  // where nothing overlaps, it has what a call that failed had gathered
  map.vms.prev = mm.vma_before(map.addr);
  map.vms.next = mm.find_vma(map.end);
  vms_clean_up_area(mm, map.vms);
  if (!accountable_mapping(map.hook.file, map.hook.vm_flags)) return std::nullopt;
  if (!vm_enough_memory(mm, map.hook.pages)) return Errno::kENOMEM;
  map.hook.vm_flags |= kVmAccount;
  return std::nullopt;
}

/// __mmap_setup: gathers what the range overlaps, checks the limits, charges private writable
/// memory, and gives up what was there.
Failure mmap_setup(MmStruct& mm, MmapState& map) {
  map.vms.start = map.addr;
  map.vms.end = map.end;
  if (const Failure failed = vms_gather_munmap_vmas(mm, map.vms)) return failed;
  if (!may_expand_vm(mm, map.hook.vm_flags, map.hook.pages - map.vms.pages.total)) {
    return Errno::kENOMEM;
  }
  if (accountable_mapping(map.hook.file, map.hook.vm_flags)) {
    if (!vm_enough_memory(mm, map.hook.pages - map.vms.nr_accounted)) return Errno::kENOMEM;
    map.hook.vm_flags |= kVmAccount;
  }
  vms_clean_up_area(mm, map.vms);
  return std::nullopt;
}

void update_ksm_flags(const MmStruct& mm, MmapState& map) {
  map.hook.vm_flags = ksm_vma_flags(mm, map.hook.vm_flags);
}

/// The merge attempt, with the VMAs around the range.
VmArea* merge(MmStruct& mm, const MmapState& map) {
  VmaMergeStruct vmg;
  vmg.prev = map.vms.prev;
  vmg.next = map.vms.next;
  vmg.start = map.addr;
  vmg.end = map.end;
  vmg.vm_flags = map.hook.vm_flags;
  vmg.pgoff = map.hook.pgoff;
  vmg.anon_pgoff = map.addr >> kPageShift;
  vmg.file = map.hook.file;
  vmg.next_first = mm.profile.mmap_joins == MmapJoins::kAboveFirst;
  return vma_merge_new_range(mm, vmg);
}

/// __mmap_new_vma: a VMA of its own, for which a legacy hook may change flags and file. Kernels
/// before 6.16 then try to merge again where there is a VMA below. Of the hooks here shmem's alone
/// leaves what can merge (a sealed memfd, which loses VM_MAYWRITE); others that change flags make
/// the mapping VM_SPECIAL.
std::expected<VmArea*, Errno> mmap_new_vma(MmStruct& mm, MmapState& map) {
  HookState& hook = map.hook;
  const bool has_legacy_hook = !hook.file.is_none() && hooks_of(hook.file.cls, mm.profile).mmap;
  const bool is_ksm_late = !map.check_ksm_early;
  if (is_ksm_late && mm.profile.ksm_late == KsmLate::kBeforeHook) update_ksm_flags(mm, map);
  VmArea* vma = mm.vm_area_alloc();
  if (vma == nullptr) return std::unexpected{Errno::kENOMEM};
  const VmFlags asked = hook.vm_flags;
  Failure failed;
  if (!mm.preallocate(map.addr, map.end - 1)) {
    failed = Errno::kENOMEM;
  } else if (has_legacy_hook) {
    failed = call_hook(mm, hook);
  } else if (hook.file.is_none() && (hook.vm_flags & kVmShared) != 0) {
    failed = shmem_zero_setup(mm, hook);
  }
  if (failed) {
    mm.vmas.give_back(vma);
    return std::unexpected{*failed};
  }
  if (hook.vm_flags != asked && has_legacy_hook && map.vms.prev != nullptr) {
    if (VmArea* merged = merge(mm, map)) {
      mm.vmas.give_back(vma);
      return merged;
    }
  }
  if (is_ksm_late && mm.profile.ksm_late != KsmLate::kBeforeHook) update_ksm_flags(mm, map);

  const std::uint64_t anon_pgoff = map.addr >> kPageShift;
  *vma = {
      map.addr, map.end, hook.vm_flags,       hook.pgoff, anon_pgoff, hook.file, kNoAnonVma, 0, {},
      {},       {},      hook.vm_private_data};
  mm.mm_mt.store_preallocated(map.addr, map.end - 1, vma);
  ++mm.counters.map_count;
  return vma;
}

/// Whether a new VMA stays locked. mlock never locks droppable memory, but MCL_FUTURE may.
bool stays_locked(const MmStruct& mm, const VmArea& vma) {
  if (vma_supports_mlock(vma)) {
    return true;
  }
  return mm.profile.droppable_lock == DroppableLock::kLocked && (vma.vm_flags & kVmDroppable) != 0;
}

/// __mmap_complete: what the range overlapped is gone for good, and the new pages count.
/// Whether they can be locked at all is asked only now, of what the merge or the hook made of them.
void mmap_complete(MmStruct& mm, MmapState& map, VmArea& vma) {
  vms_complete_munmap_vmas(mm, map.vms);
  vm_stat_account(mm, vma.vm_flags, map.hook.pages);
  if ((vma.vm_flags & kVmLocked) == 0) return;
  if (stays_locked(mm, vma)) {
    mm.counters.locked_vm += map.hook.pages;
  } else {
    vma.vm_flags &= ~kVmLockedMask;
  }
}

Failure mmap_prepared(MmStruct& mm, MmapState& map) {
  const bool has_prepare =
      !map.hook.file.is_none() && hooks_of(map.hook.file.cls, mm.profile).mmap_prepare;
  map.check_ksm_early = can_set_ksm_flags_early(mm, map.hook.file);
  const bool unmaps_first = mm.profile.mmap_replace == MmapReplace::kUnmapsThenCharges;
  const Failure refused = unmaps_first ? mmap_setup_unmapping(mm, map) : mmap_setup(mm, map);
  if (refused) return refused;
  if (has_prepare) {
    if (const Failure failed = call_hook(mm, map.hook)) return failed;
  }
  if (map.check_ksm_early) update_ksm_flags(mm, map);
  VmArea* vma = merge(mm, map);
  if (vma == nullptr) {
    const auto fresh = mmap_new_vma(mm, map);
    if (!fresh) return fresh.error();
    vma = *fresh;
  }
  mmap_complete(mm, map, *vma);
  return std::nullopt;
}

}  // namespace

Failure mmap_region(MmStruct& mm, const MmapRequest& request) {
  if (map_deny_write_exec(mm, request.vm_flags, request.vm_flags)) return Errno::kEACCES;
  MmapState map;
  map.addr = request.addr;
  map.end = request.addr + request.length;
  map.hook = {request.file, request.vm_flags, request.pgoff, request.length >> kPageShift};
  const Failure failed = mmap_prepared(mm, map);
  if (failed) vms_abort_munmap_vmas(mm, map.vms);
  return failed;
}

}  // namespace vmadiff::impl
