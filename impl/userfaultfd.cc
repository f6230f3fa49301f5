// impl: the ranges that a userfaultfd is registered for. Faults are never its business here: no
// page is write-protected.
#include "impl/calls.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kModes = kUffdModeMissing | kUffdModeWp | kUffdModeMinor;

/// validate_range.
bool is_valid_range(const MmStruct& mm, Address start, Address length) {
  const Address task_size = mm.setup->task_size;
  const bool has_floor = mm.profile.uffd_floor == UffdFloor::kLowestPlaced;
  if (has_floor && start < mm.setup->placement_min_addr) return false;
  return is_page_aligned(start) && is_page_aligned(length) && length != 0 && start < task_size &&
         length <= task_size - start;
}

VmFlags flags_of_mode(std::uint64_t mode) {
  return ((mode & kUffdModeMissing) != 0 ? kVmUffdMissing : 0) |
         ((mode & kUffdModeWp) != 0 ? kVmUffdWp : 0) |
         ((mode & kUffdModeMinor) != 0 ? kVmUffdMinor : 0);
}

/// vma_can_userfault. `uffd_flags`: what it is, or is to be, registered with.
bool vma_can_userfault(const MmStruct& mm, const VmArea& vma, VmFlags uffd_flags) {
  const bool refuses_droppable = mm.profile.uffd_droppable == UffdDroppable::kRefused;
  if (refuses_droppable && (vma.vm_flags & kVmDroppable) != 0) return false;
  const bool is_hugetlb = (vma.vm_flags & kVmHugetlb) != 0;
  if (!is_hugetlb && (vma.vm_flags & kVmSpecial) != 0) return false;
  if ((uffd_flags & kVmUffdMinor) != 0 && !is_hugetlb && !vma.is_shmem()) return false;
  return vma.is_anonymous() || is_hugetlb || vma.is_shmem();
}

bool is_huge_page_aligned(Address addr) { return (addr & (kHugePageSize - 1)) == 0; }

/// The first VMA of the range. EINVAL where there is none, or the range begins inside a huge page;
/// ENOMEM in kernels that first look for any VMA from `start` on.
std::expected<VmArea*, Errno> first_vma(const MmStruct& mm, Address start, Address end) {
  VmArea* vma = mm.find_vma(start);
  if (vma == nullptr && mm.profile.uffd_unmapped == UffdUnmapped::kNomem) {
    return std::unexpected{Errno::kENOMEM};
  }
  if (vma == nullptr || vma->vm_start >= end) return std::unexpected{Errno::kEINVAL};
  const bool is_cut = (vma->vm_flags & kVmHugetlb) != 0 && !is_huge_page_aligned(start);
  if (is_cut) return std::unexpected{Errno::kEINVAL};
  return vma;
}

/// What every VMA of the range is asked before any of them changes.
Failure check_register(const MmStruct& mm, VmFlags uffd_flags, Address start, Address end) {
  const auto first = first_vma(mm, start, end);
  if (!first) return first.error();
  for (const VmArea* vma = *first; vma != nullptr;
       vma = vma->vm_end < end ? mm.find_vma_intersection(vma->vm_end, end) : nullptr) {
    if (!vma_can_userfault(mm, *vma, uffd_flags)) return Errno::kEINVAL;
    if ((vma->vm_flags & kVmMaywrite) == 0) return Errno::kEPERM;
    const bool ends_inside =
        (vma->vm_flags & kVmHugetlb) != 0 && end <= vma->vm_end && !is_huge_page_aligned(end);
    if (ends_inside) return Errno::kEINVAL;
  }
  return std::nullopt;
}

Failure check_unregister(const MmStruct& mm, Address start, Address end) {
  const auto first = first_vma(mm, start, end);
  if (!first) return first.error();
  for (const VmArea* vma = *first; vma != nullptr;
       vma = vma->vm_end < end ? mm.find_vma_intersection(vma->vm_end, end) : nullptr) {
    if (!vma_can_userfault(mm, *vma, vma->vm_flags)) return Errno::kEINVAL;
  }
  return std::nullopt;
}

/// userfaultfd_register_range, and the loop of userfaultfd_unregister: gives each VMA's part of the
/// range the flags in `uffd_flags`, and none of the others, unless it has them all already (none,
/// where it is to lose them). What changed before an error stays.
Failure change_range(MmStruct& mm, Address start, Address end, VmFlags uffd_flags) {
  const auto change = [&mm, uffd_flags](VmArea* prev, VmArea& vma, Address from, Address to) {
    const VmFlags old = vma.vm_flags & kVmUffdFlags;
    const bool is_done = uffd_flags == 0 ? old == 0 : (old & uffd_flags) == uffd_flags;
    if (is_done) return std::expected<VmArea*, Errno>{&vma};
    const VmFlags flags = (vma.vm_flags & ~kVmUffdFlags) | uffd_flags;
    const auto modified = vma_modify_flags_uffd(mm, prev, vma, from, to, flags);
    if (modified) (*modified)->set_flags(flags);
    return modified;
  };
  return for_each_vma_range(mm, start, end, change);
}

Outcome outcome_of(const Failure& failed) {
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace

Outcome userfaultfd_register(MmStruct& mm, const UffdRegister& call) {
  if (!mm.setup->userfaultfd) return Outcome::fail(Errno::kENOSYS);
  if (call.mode == 0 || (call.mode & ~kModes) != 0) return Outcome::fail(Errno::kEINVAL);
  if (!is_valid_range(mm, call.addr, call.length)) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + call.length;
  const VmFlags uffd_flags = flags_of_mode(call.mode);
  if (const Failure failed = check_register(mm, uffd_flags, call.addr, end)) {
    return Outcome::fail(*failed);
  }
  return outcome_of(change_range(mm, call.addr, end, uffd_flags));
}

Outcome userfaultfd_unregister(MmStruct& mm, const UffdUnregister& call) {
  if (!mm.setup->userfaultfd) return Outcome::fail(Errno::kENOSYS);
  if (!is_valid_range(mm, call.addr, call.length)) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + call.length;
  if (const Failure failed = check_unregister(mm, call.addr, end)) return Outcome::fail(*failed);
  return outcome_of(change_range(mm, call.addr, end, 0));
}

}  // namespace vmadiff::impl
