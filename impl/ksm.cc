// impl: which VMAs are VM_MERGEABLE, and when that is decided.
#include "impl/ksm.h"

namespace vmadiff::impl {

using namespace spec;

bool ksm_compatible(VmFlags flags) {
  return (flags & (kVmShared | kVmMayshare | kVmSpecial | kVmHugetlb | kVmDroppable)) == 0;
}

VmFlags ksm_vma_flags(const MmStruct& mm, VmFlags flags) {
  return mm.merge_any && ksm_compatible(flags) ? flags | kVmMergeable : flags;
}

bool can_set_ksm_flags_early(const MmStruct& mm, FileId file) {
  if (mm.profile.ksm_early == KsmEarly::kNever) return false;
  if (file.is_none() || file.cls == FileClass::kMemfd) return true;
  const Hooks hooks = hooks_of(file.cls, mm.profile);
  return mm.profile.ksm_early == KsmEarly::kUnlessLegacyHook ? !hooks.mmap : hooks.mmap_prepare;
}

VmFlags ksm_madvise(const MmStruct& mm, const VmArea& vma, std::int32_t advice) {
  if (advice == kMadvUnmergeable) {
    if ((vma.vm_flags & kVmMergeable) == 0) return vma.vm_flags;
    // The mask was once an unsigned int, 32 bits wide.
    const bool is_narrow = mm.profile.unmergeable_flags == UnmergeableFlags::kDropsHigh;
    return vma.vm_flags &
           (is_narrow ? VmFlags{~static_cast<std::uint32_t>(kVmMergeable)} : ~kVmMergeable);
  }
  return ksm_compatible(vma.vm_flags) ? vma.vm_flags | kVmMergeable : vma.vm_flags;
}

// Neither merges VMAs: neighbours that differed only in VM_MERGEABLE stay two (measured on 6.18).
Failure ksm_enable_merge_any(MmStruct& mm) {
  if (mm.merge_any) return std::nullopt;
  if (mm.should_fail()) return Errno::kENOMEM;  // __ksm_enter: the slot of the process
  mm.merge_any = true;
  mm.mm_mt.for_each_value([&](VmArea* vma) { vma->vm_flags = ksm_vma_flags(mm, vma->vm_flags); });
  return std::nullopt;
}

void ksm_disable_merge_any(MmStruct& mm) {
  if (!mm.merge_any) return;
  mm.mm_mt.for_each_value([](VmArea* vma) { vma->vm_flags &= ~kVmMergeable; });
  mm.merge_any = false;
}

}  // namespace vmadiff::impl
