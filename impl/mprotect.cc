// impl: mprotect(2) and pkey_mprotect(2): do_mprotect_pkey.
#include "impl/mprotect.h"

#include "impl/accounting.h"
#include "impl/calls.h"
#include "impl/limits.h"
#include "impl/populate.h"
#include "impl/seal.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kProtGrows = kProtGrowsdown | kProtGrowsup;
constexpr std::uint64_t kProtAccess = kProtRead | kProtWrite | kProtExec;
static_assert(kProtAccess == kVmAccessFlags, "PROT_READ is VM_READ, and so on");

/// mprotect_fixup: gives [start, end) of `vma` the flags, and moves `prev` to the VMA that now
/// includes it.
Failure mprotect_fixup(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                       VmFlags flags) {
  const VmFlags old = vma.vm_flags;
  const std::uint64_t pages = (end - start) >> kPageShift;
  if (vma_is_sealed(vma)) return Errno::kEPERM;
  if (flags == old) {
    prev = &vma;
    return std::nullopt;
  }
  if ((flags & kVmWrite) != 0) {
    // Only what turns into data is stopped by a limit, not what is over it already.
    if (!may_expand_vm(mm, flags, pages) && may_expand_vm(mm, old, pages)) return Errno::kENOMEM;
    // A private mapping that becomes writable is charged; hugetlb has been from the beginning.
    if ((old & (kVmAccount | kVmWrite | kVmHugetlb | kVmShared | kVmNoreserve)) == 0) {
      if (!vm_enough_memory(mm, pages)) return Errno::kENOMEM;
      flags |= kVmAccount;
    }
  } else if (mm.profile.mprotect_uncharge == MprotectUncharge::kUnwritten &&
             (old & kVmAccount) != 0 && vma.is_anonymous() && vma.anon_vma == kNoAnonVma) {
    // Only where no page of its own can exist is the charge given back.
    flags &= ~kVmAccount;
  }
  const auto modified = vma_modify_flags(mm, prev, vma, start, end, flags);
  if (!modified) return modified.error();
  prev = *modified;
  prev->set_flags(flags);
  vm_stat_unaccount(mm, old, pages);
  vm_stat_account(mm, flags, pages);
  // Locked private memory that becomes writable gets pages of its own at once.
  if ((old & (kVmWrite | kVmShared | kVmLocked)) == kVmLocked && (flags & kVmWrite) != 0) {
    populate_vma_page_range(mm, *prev, start, end, FaultRetry::kNotAllowed);
  }
  return std::nullopt;
}

/// The walk over [start, end), whose first page `vma` contains. What was changed before an error
/// stays changed.
Failure mprotect_walk(MmStruct& mm, VmArea* vma, Address start, Address end, std::uint64_t prot,
                      std::int32_t pkey) {
  VmArea* prev = prev_of_range(mm, *vma, start);
  while (true) {
    const VmFlags flags = with_pkey((vma->vm_flags & ~kVmAccessFlags) | (prot & kProtAccess),
                                    mm.pkeys.override_mprotect_pkey(vma->vm_flags, prot, pkey));
    // Each of VM_READ, VM_WRITE, VM_EXEC needs its VM_MAY*, four bits above.
    if ((flags & ~(flags >> 4) & kVmAccessFlags) != 0) return Errno::kEACCES;
    if (map_deny_write_exec(mm, vma->vm_flags, flags)) return Errno::kEACCES;
    if (const Failure failed =
            mprotect_fixup(mm, *vma, prev, start, std::min(end, vma->vm_end), flags)) {
      return failed;
    }
    start = prev->vm_end;
    if (start >= end) return std::nullopt;
    vma = mm.vma_lookup(start);
    if (vma == nullptr) return Errno::kENOMEM;
  }
}

}  // namespace

Outcome sys_mprotect(MmStruct& mm, const Mprotect& call) {
  return sys_pkey_mprotect(mm, {call.addr, call.length, call.prot, kNoPkey});
}

Outcome sys_pkey_mprotect(MmStruct& mm, const PkeyMprotect& call) {
  const std::uint64_t grows = call.prot & kProtGrows;
  const std::uint64_t prot = call.prot & ~kProtGrows;
  if (grows == kProtGrows) return Outcome::fail(Errno::kEINVAL);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  if (call.length == 0) return Outcome::ok();
  const Address end = call.addr + page_up(call.length);
  if (end <= call.addr) return Outcome::fail(Errno::kENOMEM);
  if ((prot & ~(kProtAccess | kProtSem)) != 0) return Outcome::fail(Errno::kEINVAL);
  if (call.pkey != kNoPkey && !mm.pkeys.is_allocated(call.pkey)) {
    return Outcome::fail(Errno::kEINVAL);
  }

  Address start = call.addr;
  VmArea* vma = mm.find_vma_intersection(start, end);
  if (vma == nullptr) return Outcome::fail(Errno::kENOMEM);
  if ((grows & kProtGrowsdown) != 0) {
    start = vma->vm_start;
    if ((vma->vm_flags & kVmGrowsdown) == 0) return Outcome::fail(Errno::kEINVAL);
  } else {
    if (vma->vm_start > start) return Outcome::fail(Errno::kENOMEM);
    // x86 has no VM_GROWSUP.
    if ((grows & kProtGrowsup) != 0) return Outcome::fail(Errno::kEINVAL);
  }
  const Failure failed = mprotect_walk(mm, vma, start, end, prot, call.pkey);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
