// impl: brk(2).
#include "impl/accounting.h"
#include "impl/calls.h"
#include "impl/ksm.h"
#include "impl/limits.h"
#include "impl/merge.h"
#include "impl/munmap.h"
#include "impl/populate.h"
#include "impl/unmapped_area.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// do_brk_flags: maps the page-aligned [start, start + length), which is free. Only ever expands
/// the VMA before it.
Failure do_brk_flags(MmStruct& mm, VmArea* prev, Address start, Address length) {
  const std::uint64_t pages = length >> kPageShift;
  VmFlags flags = kVmDataDefaultFlags | kVmAccount | mm.def_flags;
  if (mm.profile.ksm_brk == KsmBrk::kBeforeMerge) flags = ksm_vma_flags(mm, flags);
  if (!may_expand_vm(mm, flags, pages)) return Errno::kENOMEM;
  if (mm.counters.map_count > mm.setup->max_map_count) return Errno::kENOMEM;
  if (!vm_enough_memory(mm, pages)) return Errno::kENOMEM;

  const VmArea* merged = nullptr;
  if (prev != nullptr && prev->vm_end == start) {
    VmaMergeStruct vmg;
    vmg.prev = prev;
    vmg.start = start;
    vmg.end = start + length;
    vmg.vm_flags = flags;
    vmg.anon_pgoff = start >> kPageShift;
    vmg.pgoff = start >> kPageShift;
    vmg.just_expand = true;
    merged = vma_merge_new_range(mm, vmg);
    if (vmg.state == MergeState::kErrorNomem) return Errno::kENOMEM;
  }
  if (merged == nullptr) {
    VmArea* vma = mm.vm_area_alloc();
    if (vma == nullptr) return Errno::kENOMEM;
    if (!mm.preallocate(start, start + length - 1)) {
      mm.vmas.give_back(vma);
      return Errno::kENOMEM;
    }
    const VmFlags late =
        mm.profile.ksm_brk == KsmBrk::kAfterMapping ? ksm_vma_flags(mm, flags) : flags;
    const std::uint64_t pgoff = start >> kPageShift;
    *vma = {start, start + length, late, pgoff, pgoff, {}, kNoAnonVma, 0, {}, {}, {}};
    mm.mm_mt.store_preallocated(start, start + length - 1, vma);
    ++mm.counters.map_count;
  }
  vm_stat_account(mm, flags, pages);
  if ((flags & kVmLocked) != 0) mm.counters.locked_vm += pages;
  return std::nullopt;
}

/// Moves the break from page boundary `from` up to `to`.
bool grow(MmStruct& mm, Address from, Address to) {
  if (!get_unmapped_area(mm, {}, from, to - from, 0, kMapFixed)) return false;
  if (!mlock_future_ok(mm, mm.def_flags, to - from)) return false;
  // One page stays free between the break and what lies above (and its stack guard gap).
  const VmArea* next = mm.find_vma(from);
  if (next != nullptr && to + kPageSize > vm_start_gap(mm, *next)) return false;
  VmArea* prev = mm.vma_before(from);
  if (prev != nullptr && prev->vm_end <= mm.setup->start_brk) prev = nullptr;
  if (do_brk_flags(mm, prev, from, to - from)) return false;
  if ((mm.def_flags & kVmLocked) != 0) mm_populate(mm, from, to - from);
  return true;
}

bool shrink(MmStruct& mm, Address to, Address from) {
  if (mm.find_vma_intersection(to, from) == nullptr) return false;
  return !do_vmi_align_munmap(mm, to, from);
}

}  // namespace

Outcome sys_brk(MmStruct& mm, const Brk& call) {
  if (call.addr < mm.setup->start_brk) return Outcome::ok(mm.brk);
  if (!check_data_rlimit(mm, call.addr)) return Outcome::ok(mm.brk);
  const Address fresh = page_up(call.addr);
  const Address old = page_up(mm.brk);
  const bool moved = fresh == old          ? true
                     : call.addr <= mm.brk ? shrink(mm, fresh, old)
                                           : grow(mm, old, fresh);
  if (moved) mm.brk = call.addr;
  return Outcome::ok(mm.brk);
}

}  // namespace vmadiff::impl
