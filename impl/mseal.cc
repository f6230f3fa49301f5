// impl: mseal(2), and what a seal means to madvise.
#include <utility>

#include "impl/calls.h"
#include "impl/seal.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// is_discard (is_madv_discard).
bool is_discard(std::int32_t advice) {
  switch (advice) {
    case kMadvFree:
    case kMadvDontneed:
    case kMadvDontneedLocked:
    case kMadvRemove:
    case kMadvDontfork:
    case kMadvWipeonfork:
    case kMadvGuardInstall:
      return true;
    default:
      return false;
  }
}

/// range_contains_unmapped (check_mm_seal).
bool range_contains_unmapped(const MmStruct& mm, Address start, Address end) {
  while (start < end) {
    const VmArea* vma = mm.vma_lookup(start);
    if (vma == nullptr) return true;
    start = vma->vm_end;
  }
  return false;
}

/// mseal_apply (apply_mm_seal): a part that was sealed before an error stays sealed.
///
/// Kernels that leave the rest apart go on where the VMA ended before it was sealed. Where it
/// became one with a sealed one behind it, that is before the next VMA begins, which then merges
/// with neither side.
Failure mseal_apply(MmStruct& mm, Address start, Address end) {
  const bool uses_stale_end = mm.profile.mseal_over_sealed == MsealOverSealed::kLeavesTheRestApart;
  Address stale_end = start;
  const auto seal = [&](VmArea* prev, VmArea& vma, Address from, Address to) {
    if (uses_stale_end) from = std::exchange(stale_end, to);
    const VmFlags flags = vma.vm_flags | kVmSealed;
    if (vma_is_sealed(vma)) return std::expected<VmArea*, Errno>{&vma};
    const auto modified = vma_modify_flags(mm, prev, vma, from, to, flags);
    if (modified) (*modified)->set_flags(flags);
    return modified;
  };
  return for_each_vma_range(mm, start, end, seal);
}

}  // namespace

bool can_madvise_modify(const MmStruct& mm, const VmArea& vma, std::int32_t advice) {
  if (!vma_is_sealed(vma) || !is_discard(advice)) return true;
  // Before 6.17 a private /dev/zero mapping is a file's like any other.
  const bool is_only_copy = mm.profile.sealed_discard == SealedDiscard::kReadOnlyAnonymous
                                ? vma.vm_file.is_none()
                                : vma.is_anonymous();
  // is_ro_anon.
  return !is_only_copy || ((vma.vm_flags & kVmWrite) != 0 && mm.pkeys.permits(vma.vm_flags, true));
}

Outcome sys_mseal(MmStruct& mm, const Mseal& call) {
  if (mm.profile.mseal == MsealCall::kAbsent) return Outcome::fail(Errno::kENOSYS);
  if (call.flags != 0) return Outcome::fail(Errno::kEINVAL);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = page_up(call.length);
  if (call.length != 0 && length == 0) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + length;
  if (end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (length == 0) return Outcome::ok();
  if (range_contains_unmapped(mm, call.addr, end)) return Outcome::fail(Errno::kENOMEM);
  const Failure failed = mseal_apply(mm, call.addr, end);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
