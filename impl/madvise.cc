// impl: madvise(2).
#include "impl/anon_vma.h"
#include "impl/calls.h"
#include "impl/file_operations.h"
#include "impl/hugetlb.h"
#include "impl/ksm.h"
#include "impl/madvise_walk.h"
#include "impl/populate.h"
#include "impl/seal.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// VM_LOCKED and VM_PFNMAP memory has no pages to give up.
bool may_discard(const VmArea& vma, VmFlags forbidden) { return (vma.vm_flags & forbidden) == 0; }

/// madvise_dontneed_free. What becomes of pages is not kept but for huge ones: only whether the
/// advice is taken.
Failure madvise_dontneed_free(MmStruct& mm, VmArea& vma, Address start, Address end,
                              std::int32_t advice) {
  if (is_file_hugepages(vma.vm_file)) {
    // MADV_FREE is none of its advice. An end inside a huge page is rounded down.
    const bool taken = advice != kMadvFree && (start & (kHugePageSize - 1)) == 0;
    if (!taken) return Errno::kEINVAL;
    if (start < (end & ~(kHugePageSize - 1)))
      unmap_hugepage_range(mm, vma, start, end & ~(kHugePageSize - 1));
    return std::nullopt;
  }
  const VmFlags forbidden = advice == kMadvDontneedLocked ? kVmPfnmap : kVmPfnmap | kVmLocked;
  if (!may_discard(vma, forbidden)) return Errno::kEINVAL;
  if (advice == kMadvFree && !vma.is_anonymous()) return Errno::kEINVAL;
  return std::nullopt;
}

/// madvise_remove: a hole in the file behind shared memory that can be made writable.
Failure madvise_remove(MmStruct& mm, const VmArea& vma, Address start, Address end) {
  constexpr VmFlags kSharedMaywrite = kVmShared | kVmMaywrite;
  if ((vma.vm_flags & kVmLocked) != 0) return Errno::kEINVAL;
  if (vma.vm_file.is_none()) return Errno::kEINVAL;
  if ((vma.vm_flags & kSharedMaywrite) != kSharedMaywrite) return Errno::kEACCES;
  const std::uint64_t pgoff = vma.vm_pgoff + ((start - vma.vm_start) >> kPageShift);
  return punch_hole(mm, vma.vm_file, pgoff << kPageShift, end - start);
}

/// The flags that the advice makes of the VMA's.
std::expected<VmFlags, Errno> advised_flags(const MmStruct& mm, const VmArea& vma,
                                            std::int32_t advice) {
  const VmFlags flags = vma.vm_flags;
  switch (advice) {
    case kMadvNormal:
      return flags & ~(kVmRandRead | kVmSeqRead);
    case kMadvSequential:
      return (flags & ~kVmRandRead) | kVmSeqRead;
    case kMadvRandom:
      return (flags & ~kVmSeqRead) | kVmRandRead;
    case kMadvDontfork:
      return flags | kVmDontcopy;
    case kMadvDofork: {
      const bool is_special = mm.profile.dofork_refused == DoforkRefused::kSpecial;
      if ((flags & (is_special ? kVmSpecial : kVmIo)) != 0) return std::unexpected{Errno::kEINVAL};
      return flags & ~kVmDontcopy;
    }
    case kMadvWipeonfork:
      // A private /dev/zero mapping is anonymous but for its file.
      if (!vma.vm_file.is_none() || (flags & kVmShared) != 0) {
        return std::unexpected{Errno::kEINVAL};
      }
      return flags | kVmWipeonfork;
    case kMadvKeeponfork:
      if ((flags & kVmDroppable) != 0) return std::unexpected{Errno::kEINVAL};
      return flags & ~kVmWipeonfork;
    case kMadvDontdump:
      return flags | kVmDontdump;
    case kMadvDodump: {
      const bool is_special = (flags & kVmHugetlb) == 0 && (flags & kVmSpecial) != 0;
      if (is_special || (flags & kVmDroppable) != 0) return std::unexpected{Errno::kEINVAL};
      return flags & ~kVmDontdump;
    }
    case kMadvHugepage:  // hugepage_madvise: of any VMA
      return (flags & ~kVmNohugepage) | kVmHugepage;
    case kMadvNohugepage:
      return (flags & ~kVmHugepage) | kVmNohugepage;
    default:  // MADV_MERGEABLE, MADV_UNMERGEABLE
      return ksm_madvise(mm, vma, advice);
  }
}

/// madvise_update_vma for [start, end) of `vma`. Moves `prev` to the VMA that now includes it.
Failure madvise_update_vma(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                           VmFlags flags) {
  if (flags == vma.vm_flags) {
    prev = &vma;
    return std::nullopt;
  }
  const auto modified = vma_modify_flags(mm, prev, vma, start, end, flags);
  if (!modified) {
    // madvise answers EAGAIN where a resource of the kernel is short.
    return modified.error() == Errno::kENOMEM ? Errno::kEAGAIN : modified.error();
  }
  prev = *modified;
  prev->set_flags(flags);
  return std::nullopt;
}

/// is_valid_guard_vma.
bool is_valid_guard_vma(const VmArea& vma, bool allow_locked) {
  const VmFlags disallowed = kVmSpecial | kVmHugetlb | (allow_locked ? 0 : kVmLocked);
  return (vma.vm_flags & disallowed) == 0;
}

/// madvise_guard_install.
Failure madvise_guard_install(MmStruct& mm, VmArea& vma, Address start, Address end) {
  if (!is_valid_guard_vma(vma, false)) return Errno::kEINVAL;
  // A fork copies the page tables of a VMA with this flag, and of one with an anon_vma.
  const bool has_flag = mm.profile.guard_regions == GuardRegions::kByFlag;
  if (has_flag) vma.vm_flags |= kVmMaybeGuard;
  if ((!has_flag || vma.is_anonymous()) && !anon_vma_prepare(mm, vma)) return Errno::kENOMEM;
  if (mm.should_fail() || !mm.guards.install(start, end)) return Errno::kENOMEM;
  return std::nullopt;
}

/// madvise_guard_remove.
Failure madvise_guard_remove(MmStruct& mm, const VmArea& vma, Address start, Address end) {
  if (!is_valid_guard_vma(vma, true)) return Errno::kEINVAL;
  mm.guards.zap(start, end);
  return std::nullopt;
}

/// madvise_vma_behavior: the advice for [start, end) of `vma`. Moves `prev` to the VMA that now
/// includes it.
Failure madvise_vma_behavior(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                             std::int32_t advice) {
  if (!can_madvise_modify(mm, vma, advice)) return Errno::kEPERM;
  switch (advice) {
    case kMadvRemove:
      prev = &vma;
      return madvise_remove(mm, vma, start, end);
    case kMadvWillneed:  // an error of reading ahead is not reported
      prev = &vma;
      return std::nullopt;
    case kMadvCold:
    case kMadvPageout:  // can_madv_lru_vma
      prev = &vma;
      return may_discard(vma, kVmLocked | kVmPfnmap | kVmHugetlb) ? std::nullopt
                                                                  : Failure{Errno::kEINVAL};
    case kMadvFree:
    case kMadvDontneed:
    case kMadvDontneedLocked:
      prev = &vma;
      return madvise_dontneed_free(mm, vma, start, end, advice);
    case kMadvGuardInstall:
      prev = &vma;
      return madvise_guard_install(mm, vma, start, end);
    case kMadvGuardRemove:
      prev = &vma;
      return madvise_guard_remove(mm, vma, start, end);
    case kMadvCollapse:
      // Huge pages are disabled for the process (thp_vma_allowable_order), so that no VMA could
      // have one (measured on 6.18.44, 7.2.13, 7.3.4).
      return Errno::kEINVAL;
    default:
      break;
  }
  const auto flags = advised_flags(mm, vma, advice);
  return flags ? madvise_update_vma(mm, vma, prev, start, end, *flags) : Failure{flags.error()};
}

}  // namespace

bool is_valid_advice(const MmStruct& mm, std::int32_t advice) {
  if (advice == kMadvGuardInstall || advice == kMadvGuardRemove) {
    return mm.profile.guard_regions != GuardRegions::kAbsent;
  }
  const bool is_known = advice >= kMadvNormal && advice <= kMadvCollapse;
  const bool is_gap = advice > kMadvDontneed && advice < kMadvFree;
  return is_known && !is_gap;
}

Outcome sys_madvise(MmStruct& mm, const Madvise& call) {
  if (!is_valid_advice(mm, call.advice)) return Outcome::fail(Errno::kEINVAL);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = page_up(call.length);
  if (call.length != 0 && length == 0) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + length;
  if (end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (length == 0) return Outcome::ok();
  const bool populates = call.advice == kMadvPopulateRead || call.advice == kMadvPopulateWrite;
  const Access access = call.advice == kMadvPopulateWrite ? Access::kWrite : Access::kRead;
  const auto advise = [&](VmArea& vma, VmArea*& prev, Address from, Address to) {
    return madvise_vma_behavior(mm, vma, prev, from, to, call.advice);
  };
  const Failure failed = populates ? faultin_page_range(mm, call.addr, end, access)
                                   : madvise_walk_vmas(mm, call.addr, end, advise);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
