// impl: moving a mapping: copy it, then take its source away.
#include <algorithm>

#include "impl/accounting.h"
#include "impl/copy_vma.h"
#include "impl/hugetlb.h"
#include "impl/mlock.h"
#include "impl/munmap.h"
#include "impl/remap.h"
#include "impl/split.h"
#include "impl/userfaultfd.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

bool cuts_out(const MmStruct& mm, const VmaRemapStruct& vrm) {
  return vrm.is_dontunmap() && is_cut_out(mm.profile.dontunmap_source);
}

/// Whether there is room for what this VMA's move may add: before 7.1 three with one to spare;
/// since then two (measured on 7.1.13), and for what is split before it is unlocked one more
/// (measured on 7.3.4).
bool check_map_count_against_split(const MmStruct& mm, const VmaRemapStruct& vrm) {
  const auto room = mm.profile.mremap_room;
  const bool pre_split = room == MremapRoom::kFourOrFiveAlways && vrm.is_dontunmap() &&
                         (vrm.vma->vm_flags & kVmLocked) != 0;
  const std::uint64_t more = room == MremapRoom::kSixForAMove ? 4 : pre_split ? 3 : 2;
  return mm.counters.map_count + more <= mm.setup->max_map_count;
}

/// prep_move_vma. A hugetlb VMA's may_split cannot fail: the range was rounded to huge pages.
Failure prep_move_vma(MmStruct& mm, const VmaRemapStruct& vrm) {
  VmArea& vma = *vrm.vma;
  if (!check_map_count_against_split(mm, vrm)) return Errno::kENOMEM;
  if (!cuts_out(mm, vrm) || (vma.vm_flags & kVmLocked) == 0) return std::nullopt;
  const Address end = vrm.addr + vrm.old_len;
  if (vma.vm_start != vrm.addr) {
    if (const Failure failed = split_vma(mm, vma, vrm.addr, NewPart::kBelow)) return failed;
  }
  if (vma.vm_end != end) {
    if (const Failure failed = split_vma(mm, vma, end, NewPart::kAbove)) return failed;
  }
  return std::nullopt;
}

/// unmap_source_vma. The charge moves along: the VMA gives up VM_ACCOUNT for as long as a part of
/// it is unmapped, and what is left of it at both ends gets it back. If that fails, the memory
/// stays mapped in both places.
void unmap_source_vma(MmStruct& mm, const VmaRemapStruct& vrm) {
  VmArea& vma = *vrm.vma;
  const Address end = vrm.addr + vrm.old_len;
  const bool is_accountable = (vma.vm_flags & kVmAccount) != 0;
  const bool has_part_below = vma.vm_start < vrm.addr;
  const bool has_part_above = vma.vm_end > end;
  vma.vm_flags &= ~kVmAccount;
  if (do_vmi_munmap(mm, vrm.addr, vrm.old_len) || !is_accountable) return;
  if (has_part_below) mm.vma_before(vrm.addr)->vm_flags |= kVmAccount;
  if (has_part_above) mm.find_vma(end)->vm_flags |= kVmAccount;
}

/// dontunmap_complete: the pages are gone from the source, and with them its lock, and its anon_vma
/// where all of it went.
void dontunmap_complete(const MmStruct& mm, const VmaRemapStruct& vrm, const VmArea& fresh) {
  VmArea& vma = *vrm.vma;
  vma.vm_flags &= ~kVmLockedMask;
  if (mm.profile.dontunmap_source == DontunmapSource::kWholeUnaccounted) {
    vma.vm_flags &= ~kVmAccount;
  }
  if (&vma == &fresh || vma.vm_start != vrm.addr || vma.vm_end != vrm.addr + vrm.old_len) return;
  vma.anon_vma = kNoAnonVma;
  vma.anon_vma_chain = 0;
  if (!cuts_out(mm, vrm)) return;
  vma.anon_pgoff = vma.vm_start >> kPageShift;
  if (vma.vm_file.is_none()) vma.vm_pgoff = vma.anon_pgoff;
}

}  // namespace

bool vrm_calc_charge(const MmStruct& mm, const VmaRemapStruct& vrm) {
  if ((vrm.vma->vm_flags & kVmAccount) == 0) return true;
  return vm_enough_memory(mm, (vrm.is_dontunmap() ? vrm.new_len : vrm.delta) >> kPageShift);
}

void vrm_stat_account(MmStruct& mm, const VmaRemapStruct& vrm, Address length) {
  const std::uint64_t pages = length >> kPageShift;
  vm_stat_account(mm, vrm.vma->vm_flags, pages);
  if ((vrm.vma->vm_flags & kVmLocked) != 0) mm.counters.locked_vm += pages;
}

AddressOrErrno move_vma(MmStruct& mm, VmaRemapStruct& vrm) {
  if (const Failure failed = prep_move_vma(mm, vrm)) return std::unexpected{*failed};
  if (!vrm_calc_charge(mm, vrm)) return std::unexpected{Errno::kENOMEM};
  const std::uint64_t pgoff = vrm.vma->vm_pgoff + ((vrm.addr - vrm.vma->vm_start) >> kPageShift);
  VmArea* fresh = copy_vma(mm, vrm.vma, vrm.new_addr, vrm.new_len, pgoff, cuts_out(mm, vrm));
  if (fresh == nullptr) return std::unexpected{Errno::kENOMEM};
  mremap_userfaultfd_prep(mm, *fresh);
  if (const Address moved = std::min(vrm.old_len, vrm.new_len); moved != 0) {
    mm.guards.move(vrm.addr, vrm.new_addr, moved);
  }
  if (is_file_hugepages(vrm.vma->vm_file)) {
    move_hugetlb_page_tables(mm, *vrm.vma, vrm.addr, vrm.new_addr, vrm.old_len);
  }
  vrm_stat_account(mm, vrm, vrm.new_len);
  if (vrm.is_dontunmap()) {
    // Cut out, the source gives its lock to the copy; else both stay counted.
    if (cuts_out(mm, vrm) && (vrm.vma->vm_flags & kVmLocked) != 0) {
      mm.counters.locked_vm -= vrm.new_len >> kPageShift;
    }
    dontunmap_complete(mm, vrm, *fresh);
  } else {
    unmap_source_vma(mm, vrm);
  }
  return vrm.new_addr;
}

}  // namespace vmadiff::impl
