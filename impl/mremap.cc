// impl: mremap(2): its checks, in each kernel's order, and what it comes down to: unmapping,
// growing in place, or a move.
#include "impl/calls.h"
#include "impl/limits.h"
#include "impl/merge.h"
#include "impl/munmap.h"
#include "impl/populate.h"
#include "impl/remap.h"
#include "impl/seal.h"
#include "impl/unmapped_area.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// vrm_overlaps: whether source and destination do; sums may wrap.
bool vrm_overlaps(const VmaRemapStruct& vrm) {
  return vrm.addr + vrm.old_len > vrm.new_addr && vrm.new_addr + vrm.new_len > vrm.addr;
}

/// A destination that does not lie in the address space, or that overlaps the source.
bool is_bad_destination(const MmStruct& mm, const VmaRemapStruct& vrm) {
  return vrm.new_len > mm.setup->task_size || vrm.new_addr > mm.setup->task_size - vrm.new_len ||
         vrm_overlaps(vrm);
}

/// Whether the destination and the source can each be cut in three before a move (two more VMAs
/// than the move asks for). Kernels that ask for room whatever the mremap do not ask this.
bool has_room_for_move(const MmStruct& mm) {
  return mm.profile.mremap_room != MremapRoom::kSixForAMove ||
         mm.counters.map_count + 2 + 3 < mm.setup->max_map_count;
}

/// Whether there is the room that an mremap of any kind asks for.
bool has_room_for_mremap(const MmStruct& mm, const VmaRemapStruct& vrm) {
  const auto has_room = [&mm](std::uint64_t vmas) {
    return mm.counters.map_count + vmas <= mm.setup->max_map_count;
  };
  switch (mm.profile.mremap_room) {
    case MremapRoom::kSixForAMove:
      break;
    case MremapRoom::kFourAlways:
      return has_room(4);
    case MremapRoom::kFourOrFiveAlways:
      return has_room(vrm.is_dontunmap() ? 5 : 4);
  }
  return true;
}

/// check_mremap_params: what the arguments alone say. `call` has the sizes as they were given.
Failure check_mremap_params(const MmStruct& mm, const Mremap& call, const VmaRemapStruct& vrm) {
  if ((vrm.flags & ~(kMremapFixed | kMremapMaymove | kMremapDontunmap)) != 0) return Errno::kEINVAL;
  if (!is_page_aligned(vrm.addr)) return Errno::kEINVAL;
  if (vrm.new_len == 0) return Errno::kEINVAL;
  const MremapChecks checks = mm.profile.mremap_checks;
  const bool arguments_first = checks == MremapChecks::kArgumentsFirst;
  if (arguments_first && vrm.new_len > mm.setup->task_size) return Errno::kEINVAL;
  if (!vrm.implies_new_addr()) return std::nullopt;
  if (!vrm.may_move()) return Errno::kEINVAL;
  // Kernels that check the arguments last round the sizes behind this check.
  const bool resizes =
      arguments_first ? vrm.old_len != vrm.new_len : call.length != call.new_length;
  if (vrm.is_dontunmap() && resizes) return Errno::kEINVAL;
  if (checks == MremapChecks::kVmaFirst) return std::nullopt;
  if (!is_page_aligned(vrm.new_addr)) return Errno::kEINVAL;
  if (arguments_first && is_bad_destination(mm, vrm)) return Errno::kEINVAL;
  if (!has_room_for_move(mm)) return Errno::kENOMEM;
  return std::nullopt;
}

/// The same checks in the kernels that look at the destination only when they move something there.
Failure check_destination(const MmStruct& mm, const VmaRemapStruct& vrm) {
  if (!is_page_aligned(vrm.new_addr)) return Errno::kEINVAL;
  if (is_bad_destination(mm, vrm)) return Errno::kEINVAL;
  if (mm.profile.mremap_checks == MremapChecks::kVmaFirst && !has_room_for_move(mm)) {
    return Errno::kENOMEM;
  }
  return std::nullopt;
}

/// align_hugetlb: rounds the sizes to huge pages. A hugetlb VMA never grows.
bool align_hugetlb(VmaRemapStruct& vrm) {
  constexpr Address kMask = kHugePageSize - 1;
  vrm.old_len = (vrm.old_len + kMask) & ~kMask;
  vrm.new_len = (vrm.new_len + kMask) & ~kMask;
  return (vrm.addr & kMask) == 0 && (vrm.new_addr & kMask) == 0 && vrm.new_len <= vrm.old_len;
}

/// What the VMA is asked before anything else; finds out what kind of mremap it is.
Failure check_vma(VmaRemapStruct& vrm) {
  if (vrm.vma == nullptr) return Errno::kEFAULT;
  if (vma_is_sealed(*vrm.vma)) return Errno::kEPERM;
  if (is_file_hugepages(vrm.vma->vm_file) && !align_hugetlb(vrm)) return Errno::kEINVAL;
  const bool shrinks = vrm.old_len > vrm.new_len;
  vrm.delta = shrinks ? vrm.old_len - vrm.new_len : vrm.new_len - vrm.old_len;
  vrm.remap_type = shrinks          ? MremapType::kShrink
                   : vrm.delta == 0 ? MremapType::kNoResize
                                    : MremapType::kExpand;
  return std::nullopt;
}

/// remap_is_valid (vma_to_resize): whether [addr, addr + old_len) of the VMA can be moved, or
/// become new_len long. Its offset cannot wrap: no file's does.
Failure remap_is_valid(const MmStruct& mm, VmaRemapStruct& vrm, Address old_len) {
  const VmFlags flags = vrm.vma->vm_flags;
  const bool is_fixed_in_size = (flags & (kVmDontexpand | kVmPfnmap)) != 0;
  if (old_len == 0 && (flags & (kVmShared | kVmMayshare)) == 0) return Errno::kEINVAL;
  if (vrm.is_dontunmap() && is_fixed_in_size) return Errno::kEINVAL;
  if (old_len > vrm.vma->vm_end - vrm.addr) return Errno::kEFAULT;
  if (vrm.new_len == old_len) return std::nullopt;
  if (is_fixed_in_size) return Errno::kEFAULT;
  if (!mlock_future_ok(mm, flags, vrm.delta)) return Errno::kEAGAIN;
  if (!may_expand_vm(mm, flags, vrm.delta >> kPageShift)) return Errno::kENOMEM;
  vrm.populate_expand = (flags & kVmLocked) != 0;
  return std::nullopt;
}

/// check_prep_vma: all that the VMA is asked before anything is unmapped.
Failure check_prep_vma(const MmStruct& mm, VmaRemapStruct& vrm) {
  if (const Failure failed = check_vma(vrm)) return failed;
  if (vrm.remap_type != MremapType::kExpand && !vrm.implies_new_addr()) return std::nullopt;
  return remap_is_valid(mm, vrm, vrm.remap_type == MremapType::kShrink ? vrm.new_len : vrm.old_len);
}

/// vrm_set_new_addr: the hint counts only where a new address is asked for.
Failure vrm_set_new_addr(const MmStruct& mm, VmaRemapStruct& vrm) {
  const VmArea& vma = *vrm.vma;
  const std::uint64_t pgoff = vma.vm_pgoff + ((vrm.addr - vma.vm_start) >> kPageShift);
  std::uint64_t flags = vrm.is_fixed() ? kMapFixed : 0;
  if ((vma.vm_flags & kVmMayshare) != 0) flags |= kMapShared;
  const auto addr = get_unmapped_area(mm, vma.vm_file, vrm.implies_new_addr() ? vrm.new_addr : 0,
                                      vrm.new_len, pgoff, flags);
  if (!addr) return addr.error();
  vrm.new_addr = *addr;
  return std::nullopt;
}

/// mremap_to: a move to an address that is given, or a hint. What was unmapped for it stays
/// unmapped after an error.
AddressOrErrno mremap_to(MmStruct& mm, VmaRemapStruct& vrm) {
  const bool vma_first = mm.profile.mremap_checks == MremapChecks::kVmaFirst;
  if (vrm.is_fixed()) {
    if (const Failure failed = do_vmi_munmap(mm, vrm.new_addr, vrm.new_len)) {
      return std::unexpected{*failed};
    }
    // A range that wraps can lose its first page here. Kernels up to 6.14 notice only below.
    if (!vma_first && mm.vma_lookup(vrm.addr) == nullptr) return std::unexpected{Errno::kEFAULT};
  }
  if (vrm.remap_type == MremapType::kShrink) {
    if (const Failure failed = do_vmi_munmap(mm, vrm.addr + vrm.new_len, vrm.delta)) {
      return std::unexpected{*failed};
    }
    vrm.old_len = vrm.new_len;
    // Kernels from 6.15 to 7.2 charge for the difference all the same.
    if (mm.profile.mremap_charge == MremapCharge::kNothing) vrm.delta = 0;
  }
  // Unmapping a part of the VMA may have put another in its place.
  vrm.vma = mm.vma_lookup(vrm.addr);
  if (vrm.vma == nullptr) return std::unexpected{Errno::kEFAULT};
  if (mm.profile.mremap_checks != MremapChecks::kArgumentsFirst) {
    if (const Failure failed = remap_is_valid(mm, vrm, vrm.old_len)) {
      return std::unexpected{*failed};
    }
  }
  if (vrm.is_dontunmap() && !may_expand_vm(mm, vrm.vma->vm_flags, vrm.old_len >> kPageShift)) {
    return std::unexpected{Errno::kENOMEM};
  }
  if (const Failure failed = vrm_set_new_addr(mm, vrm)) return std::unexpected{*failed};
  return move_vma(mm, vrm);
}

/// vrm_can_expand_in_place: the range ends where the VMA does, and nothing lies behind it. The
/// guard gap of a stack does not count.
bool vrm_can_expand_in_place(const MmStruct& mm, const VmaRemapStruct& vrm) {
  const VmArea& vma = *vrm.vma;
  if (vma.vm_end - vrm.addr != vrm.old_len) return false;
  const Address end = vma.vm_end + vrm.delta;
  if (end < vma.vm_end || mm.find_vma_intersection(vma.vm_end, end) != nullptr) return false;
  return get_unmapped_area(mm, {}, vma.vm_start, end - vma.vm_start, 0, kMapFixed).has_value();
}

Failure expand_vma_in_place(MmStruct& mm, VmaRemapStruct& vrm) {
  if (!vrm_calc_charge(mm, vrm)) return Errno::kENOMEM;
  VmArea* grown = vma_merge_extend(mm, *vrm.vma, vrm.delta);
  if (grown == nullptr) return Errno::kENOMEM;
  vrm.vma = grown;
  vrm_stat_account(mm, vrm, vrm.delta);
  return std::nullopt;
}

AddressOrErrno expand_vma(MmStruct& mm, VmaRemapStruct& vrm) {
  if (mm.profile.mremap_checks != MremapChecks::kArgumentsFirst) {
    if (const Failure failed = remap_is_valid(mm, vrm, vrm.old_len)) {
      return std::unexpected{*failed};
    }
  }
  if (vrm_can_expand_in_place(mm, vrm)) {
    if (const Failure failed = expand_vma_in_place(mm, vrm)) return std::unexpected{*failed};
    vrm.new_addr = vrm.addr;
    return vrm.addr;
  }
  if (!vrm.may_move()) return std::unexpected{Errno::kENOMEM};
  if (const Failure failed = vrm_set_new_addr(mm, vrm)) return std::unexpected{*failed};
  return move_vma(mm, vrm);
}

/// mremap_at: in place, or else wherever there is room.
AddressOrErrno mremap_at(MmStruct& mm, VmaRemapStruct& vrm) {
  switch (vrm.remap_type) {
    case MremapType::kNoResize:
      return vrm.addr;
    case MremapType::kShrink:
      if (const Failure failed = do_vmi_munmap(mm, vrm.addr + vrm.new_len, vrm.delta)) {
        return std::unexpected{*failed};
      }
      return vrm.addr;
    case MremapType::kExpand:
      break;
  }
  return expand_vma(mm, vrm);
}

/// vma_multi_allowed: not what a userfaultfd wants to hear of, nor a file with a placement of its
/// own, which might not give the fixed address. Of those only shmem, hugetlb and regular files are
/// known to; private /dev/zero is none of them, nor what shmat mapped.
bool vma_multi_allowed(const VmArea& vma) {
  const FileClass cls = vma.vm_file.cls;
  return (vma.vm_flags & kVmUffd) == 0 && cls != FileClass::kZero && cls != FileClass::kSysv;
}

/// remap_move: moves all that lies in the range to a fixed address, VMA by VMA, with the holes
/// between them. What was moved before an error stays moved.
AddressOrErrno remap_move(MmStruct& mm, const VmaRemapStruct& whole) {
  const Address end = whole.addr + whole.old_len;
  Address source = whole.addr;
  Address target = whole.new_addr;
  bool seen_vma = false;
  Address first = 0;
  while (VmArea* vma = source < end ? mm.find_vma_intersection(source, end) : nullptr) {
    if (!seen_vma && vma->vm_start > source) return std::unexpected{Errno::kEFAULT};
    if (!vma_multi_allowed(*vma) && (seen_vma || vma->vm_end < end)) {
      return std::unexpected{Errno::kEFAULT};
    }
    VmaRemapStruct vrm = whole;
    vrm.vma = vma;
    vrm.addr = std::max(vma->vm_start, source);
    vrm.new_addr = target + (vrm.addr - source);
    vrm.old_len = vrm.new_len = std::min(end, vma->vm_end) - vrm.addr;
    source = vma->vm_end;
    if (const Failure failed = check_prep_vma(mm, vrm)) return std::unexpected{*failed};
    const auto moved = mremap_to(mm, vrm);
    if (!moved) return moved;
    if (!seen_vma) first = *moved;
    seen_vma = true;
    target = *moved + vrm.new_len;
  }
  if (!seen_vma) return std::unexpected{Errno::kEFAULT};
  return first;
}

/// do_mremap behind the checks of the arguments.
AddressOrErrno do_mremap(MmStruct& mm, VmaRemapStruct& vrm) {
  if (!has_room_for_mremap(mm, vrm)) return std::unexpected{Errno::kENOMEM};
  if (mm.profile.mremap_move == MremapMove::kSeveralVmas && vrm.is_fixed() &&
      vrm.old_len == vrm.new_len) {
    return remap_move(mm, vrm);
  }
  vrm.vma = mm.vma_lookup(vrm.addr);
  if (mm.profile.mremap_checks == MremapChecks::kArgumentsFirst) {
    // The address counts for nothing where the VMA stays, but a hugetlb VMA looks at it.
    if (const Failure failed = check_prep_vma(mm, vrm)) return std::unexpected{*failed};
  } else {
    if (const Failure failed = check_vma(vrm)) return std::unexpected{*failed};
    if (vrm.implies_new_addr()) {
      if (const Failure failed = check_destination(mm, vrm)) return std::unexpected{*failed};
    }
  }
  return vrm.implies_new_addr() ? mremap_to(mm, vrm) : mremap_at(mm, vrm);
}

}  // namespace

Outcome sys_mremap(MmStruct& mm, const Mremap& call) {
  VmaRemapStruct vrm;
  vrm.addr = call.addr;
  vrm.old_len = page_up(call.length);
  vrm.new_len = page_up(call.new_length);
  vrm.flags = call.flags;
  vrm.new_addr = call.new_addr;
  if (const Failure failed = check_mremap_params(mm, call, vrm)) return Outcome::fail(*failed);
  const auto addr = do_mremap(mm, vrm);
  if (addr && vrm.populate_expand) mm_populate(mm, *addr + vrm.old_len, vrm.delta);
  return addr ? Outcome::ok(*addr) : Outcome::fail(addr.error());
}

}  // namespace vmadiff::impl
