// impl: which VMAs are VM_MERGEABLE, and when that is decided; prctl(PR_SET_MEMORY_MERGE).
#include "impl/ksm.h"

#include "impl/calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

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

}  // namespace

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

Outcome sys_prctl(MmStruct& mm, const Prctl& call) {
  if (mm.profile.process_ksm == ProcessKsm::kAbsent) return Outcome::fail(Errno::kEINVAL);
  if (call.arg3 != 0 || call.arg4 != 0 || call.arg5 != 0) return Outcome::fail(Errno::kEINVAL);
  if (call.option == kPrGetMemoryMerge) {
    if (call.arg2 != 0) return Outcome::fail(Errno::kEINVAL);
    return Outcome::ok(mm.merge_any ? 1 : 0);
  }
  if (!mm.setup->may_set_memory_merge) return Outcome::fail(Errno::kEPERM);
  if (call.arg2 != 0) {
    if (const Failure failed = ksm_enable_merge_any(mm)) return Outcome::fail(*failed);
  } else {
    ksm_disable_merge_any(mm);
  }
  return Outcome::ok();
}

}  // namespace vmadiff::impl
