// impl: mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2).
#include "impl/mlock.h"

#include <algorithm>
#include <limits>

#include "impl/calls.h"
#include "impl/populate.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint32_t kMclKnown = kMclCurrent | kMclFuture | kMclOnfault;

[[nodiscard]] std::uint64_t lock_limit_pages(const MmStruct& mm) {
  return mm.limits.memlock >> kPageShift;
}

/// mlock_fixup: gives [start, end) of `vma` the flags, which differ in VM_LOCKED_MASK at most, and
/// moves `prev` to the VMA that now includes it.
Failure mlock_fixup(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                    VmFlags flags) {
  const VmFlags old = vma.vm_flags;
  if (flags == old || !vma_supports_mlock(vma)) {
    prev = &vma;
    return std::nullopt;
  }
  const auto modified = vma_modify_flags(mm, prev, vma, start, end, flags);
  if (!modified) return modified.error();
  prev = *modified;
  prev->set_flags(flags);
  const std::uint64_t pages = (end - start) >> kPageShift;
  if ((flags & kVmLocked) == 0) {
    mm.counters.locked_vm -= pages;
  } else if ((old & kVmLocked) == 0) {
    mm.counters.locked_vm += pages;
  }
  return std::nullopt;
}

/// apply_vma_lock_flags: the walk over [start, start + length), up to the first hole. What was
/// changed before an error stays changed.
Failure apply_vma_lock_flags(MmStruct& mm, Address start, Address length, VmFlags flags) {
  const Address end = start + length;
  if (end < start) return Errno::kEINVAL;
  if (end == start) return std::nullopt;
  VmArea* vma = mm.vma_lookup(start);
  if (vma == nullptr) return Errno::kENOMEM;
  VmArea* prev = prev_of_range(mm, *vma, start);
  while (true) {
    if (const Failure failed = mlock_fixup(mm, *vma, prev, start, std::min(end, vma->vm_end),
                                           (vma->vm_flags & ~kVmLockedMask) | flags)) {
      return failed;
    }
    start = prev->vm_end;
    if (start >= end) return std::nullopt;
    vma = mm.vma_lookup(start);
    if (vma == nullptr) return Errno::kENOMEM;
  }
}

/// count_mm_mlocked_page_nr: pages of the range that count as locked already.
std::uint64_t count_mm_mlocked_page_nr(const MmStruct& mm, Address start, Address length) {
  const Address end = length > std::numeric_limits<Address>::max() - start
                          ? std::numeric_limits<Address>::max()
                          : start + length;
  Address locked = 0;
  while (start < end) {
    const VmArea* vma = mm.find_vma_intersection(start, end);
    if (vma == nullptr) break;
    const Address stop = std::min(end, vma->vm_end);
    if ((vma->vm_flags & kVmLocked) != 0) locked += stop - std::max(start, vma->vm_start);
    start = stop;
  }
  return locked >> kPageShift;
}

/// do_mlock. A length that wraps when it is rounded locks nothing, and is no error.
Failure do_mlock(MmStruct& mm, Address start, Address length, VmFlags flags) {
  if (!can_do_mlock(mm)) return Errno::kEPERM;
  length = page_up(length + (start - page_down(start)));
  start = page_down(start);
  const std::uint64_t limit = lock_limit_pages(mm);
  std::uint64_t locked = (length >> kPageShift) + mm.counters.locked_vm;
  if (locked > limit) locked -= count_mm_mlocked_page_nr(mm, start, length);
  if (locked > limit) return Errno::kENOMEM;
  if (const Failure failed = apply_vma_lock_flags(mm, start, length, flags)) return failed;
  const Failure failed = mm_populate_until_error(mm, start, length);
  // __mlock_posix_error_return.
  if (failed == Errno::kEFAULT) return Errno::kENOMEM;
  return failed == Errno::kENOMEM ? Errno::kEAGAIN : failed;
}

/// apply_mlockall_flags. MCL_FUTURE is not kept from an earlier call.
void apply_mlockall_flags(MmStruct& mm, std::uint32_t flags) {
  const VmFlags wanted = (flags & kMclOnfault) != 0 ? kVmLockedMask : kVmLocked;
  mm.def_flags &= ~kVmLockedMask;
  if ((flags & kMclFuture) != 0) {
    mm.def_flags |= wanted;
    if ((flags & kMclCurrent) == 0) return;
  }
  const VmFlags to_add = (flags & kMclCurrent) != 0 ? wanted : 0;
  VmArea* prev = nullptr;
  for (VmArea* vma = mm.find_vma(0); vma != nullptr; vma = mm.find_vma(prev->vm_end)) {
    // A VMA whose merge fails for want of memory is left as it is.
    if (mlock_fixup(mm, *vma, prev, vma->vm_start, vma->vm_end,
                    (vma->vm_flags & ~kVmLockedMask) | to_add)) {
      prev = vma;
    }
  }
}

}  // namespace

bool can_do_mlock(const MmStruct& mm) { return mm.limits.memlock != 0; }

bool vma_supports_mlock(const VmArea& vma) {
  return (vma.vm_flags & (kVmSpecial | kVmDroppable | kVmHugetlb)) == 0;
}

Outcome sys_mlock(MmStruct& mm, const Mlock& call) {
  return outcome_of(do_mlock(mm, call.addr, call.length, kVmLocked));
}

Outcome sys_mlock2(MmStruct& mm, const Mlock2& call) {
  const auto flags = static_cast<std::uint32_t>(call.flags);  // an int
  if ((flags & ~kMlockOnfault) != 0) return Outcome::fail(Errno::kEINVAL);
  const VmFlags wanted = flags != 0 ? kVmLockedMask : kVmLocked;
  return outcome_of(do_mlock(mm, call.addr, call.length, wanted));
}

Outcome sys_munlock(MmStruct& mm, const Munlock& call) {
  const Address length = page_up(call.length + (call.addr - page_down(call.addr)));
  return outcome_of(apply_vma_lock_flags(mm, page_down(call.addr), length, 0));
}

Outcome sys_mlockall(MmStruct& mm, const Mlockall& call) {
  const auto flags = static_cast<std::uint32_t>(call.flags);  // an int
  if (flags == 0 || (flags & ~kMclKnown) != 0 || flags == kMclOnfault) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (!can_do_mlock(mm)) return Outcome::fail(Errno::kEPERM);
  const bool current = (flags & kMclCurrent) != 0;
  if (current && mm.counters.total_vm > lock_limit_pages(mm)) return Outcome::fail(Errno::kENOMEM);
  apply_mlockall_flags(mm, flags);
  if (current) mm_populate(mm, 0, mm.setup->task_size);
  return Outcome::ok();
}

Outcome sys_munlockall(MmStruct& mm, const Munlockall& /*call*/) {
  apply_mlockall_flags(mm, 0);
  return Outcome::ok();
}

}  // namespace vmadiff::impl
