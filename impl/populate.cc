// impl: memory that is faulted in ahead of its use.
#include "impl/populate.h"

#include <algorithm>

namespace vmadiff::impl {
namespace {

using namespace spec;

/// No struct pages that could be got.
constexpr VmFlags kNoPages = kVmIo | kVmPfnmap;

/// One page, of a VMA that may be another by now.
Failure faultin_page(MmStruct& mm, Address addr, Access access, FaultRetry retry) {
  return handle_mm_fault(mm, *mm.find_vma(addr), addr, access, retry);
}

/// Faults all pages of [start, end) in. vm_fault_to_errno: a signal becomes EFAULT.
Failure faultin_pages(MmStruct& mm, VmArea& vma, Address start, Address end, Access access,
                      FaultRetry retry) {
  if (is_file_hugepages(vma.vm_file)) {
    for (Address at = start; at < end; at = (at | (kHugePageSize - 1)) + 1) {
      const Failure failed = handle_mm_fault(mm, vma, at, access, retry);
      if (failed) return failed != Errno::kENOMEM ? Errno::kEFAULT : failed;
    }
    return std::nullopt;
  }
  const Address guard = mm.guards.first(start, end);
  Failure failed = handle_mm_fault(mm, vma, start, access, retry);
  if (!failed) failed = faultin_page(mm, guard - kPageSize, access, retry);
  if (!failed && guard != end) failed = faultin_page(mm, guard, access, retry);
  return failed && failed != Errno::kENOMEM ? Errno::kEFAULT : failed;
}

/// The loop of __mm_populate; `on_error` says of an errno whether to go on with the next VMA.
void populate_vmas(MmStruct& mm, Address start, Address end, auto on_error) {
  while (start < end) {
    VmArea* vma = mm.find_vma_intersection(start, end);
    if (vma == nullptr) return;
    const Address from = std::max(start, vma->vm_start);
    start = std::min(end, vma->vm_end);
    if ((vma->vm_flags & kNoPages) != 0) continue;
    if (const Failure failed = populate_vma_page_range(mm, *vma, from, start)) {
      if (!on_error(*failed)) return;
    }
  }
}

}  // namespace

Failure populate_vma_page_range(MmStruct& mm, VmArea& vma, Address start, Address end,
                                FaultRetry retry) {
  if ((vma.vm_flags & kVmLockonfault) != 0) return std::nullopt;
  if ((vma.vm_flags & kVmAccessFlags) == 0) return Errno::kEFAULT;
  if ((vma.vm_flags & kNoPages) != 0) return Errno::kEFAULT;
  const bool breaks_cow = (vma.vm_flags & (kVmWrite | kVmShared)) == kVmWrite;
  // check_vma_flags looks at the protection key last.
  if (!mm.pkeys.permits(vma.vm_flags, breaks_cow)) return Errno::kEFAULT;
  return faultin_pages(mm, vma, start, end, breaks_cow ? Access::kWrite : Access::kRead, retry);
}

Failure mm_populate_until_error(MmStruct& mm, Address start, Address length) {
  Failure first;
  populate_vmas(mm, start, start + length, [&](Errno error) {
    first = error;
    return false;
  });
  return first;
}

void mm_populate(MmStruct& mm, Address start, Address length) {
  populate_vmas(mm, start, start + length, [](Errno) { return true; });
}

Failure faultin_page_range(MmStruct& mm, Address start, Address end, Access access) {
  const VmFlags needed = access == Access::kWrite ? kVmWrite : kVmRead;
  const bool passes_holes = mm.profile.populate_holes == PopulateHoles::kPassedOver;
  Failure unmapped;
  while (start < end) {
    VmArea* vma = mm.find_vma(start);
    if (vma == nullptr || vma->vm_start > start) {
      unmapped = Errno::kENOMEM;
      if (!passes_holes || vma == nullptr || vma->vm_start >= end) return unmapped;
      start = vma->vm_start;
    }
    if ((vma->vm_flags & kNoPages) != 0 || (vma->vm_flags & needed) == 0 ||
        !mm.pkeys.permits(vma->vm_flags, access == Access::kWrite)) {
      return Errno::kEINVAL;
    }
    const Address stop = std::min(end, vma->vm_end);
    if (const Failure failed = faultin_pages(mm, *vma, start, stop, access, FaultRetry::kAllowed))
      return failed;
    start = stop;
  }
  return unmapped;
}

}  // namespace vmadiff::impl
