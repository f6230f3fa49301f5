// model: mprotect, and pkey_mprotect, which names a protection key besides. VMA by VMA in ascending
// order, up to the first error; what came before stays changed. A VMA that has the permissions
// already is left as it is, and not joined with anything.
#include "model/calls.h"
#include "model/file_rules.h"
#include "model/join.h"
#include "model/limits.h"
#include "model/populate.h"
#include "model/sealing.h"
#include "model/walk.h"
#include "model/write_or_execute.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

VmFlags access_flags(std::uint64_t prot) {
  VmFlags flags = 0;
  if ((prot & spec::kProtRead) != 0) flags |= spec::kVmRead;
  if ((prot & spec::kProtWrite) != 0) flags |= spec::kVmWrite;
  if ((prot & spec::kProtExec) != 0) flags |= spec::kVmExec;
  return flags;
}

// Each VM_MAY… flag stands four bits above the permission that it allows.
bool is_allowed(VmFlags flags) { return (flags & spec::kVmAccessFlags & ~(flags >> 4)) == 0; }

// Private memory that becomes writable is charged. It stays charged when it becomes read-only
// again, except, in newer kernels, anonymous memory that nothing was written to yet.
Result account(const AddressSpace& space, const Vma& vma, Range range, VmFlags& flags) {
  constexpr VmFlags kChargedElsewhere =
      spec::kVmAccount | spec::kVmWrite | spec::kVmHugetlb | spec::kVmShared | spec::kVmNoreserve;
  const std::uint64_t pages = range.size() >> spec::kPageShift;
  if ((flags & spec::kVmWrite) != 0) {
    // Only what becomes data is asked for: what would be over the limit as it was, may be.
    if (!may_expand(space, flags, pages) && may_expand(space, vma.flags, pages)) {
      return fail(Errno::kENOMEM);
    }
    if ((vma.flags & kChargedElsewhere) != 0) return {};
    if (space.refuses_charge(pages)) return fail(Errno::kENOMEM);
    flags |= spec::kVmAccount;
  } else if (space.profile.mprotect_uncharge == spec::MprotectUncharge::kUnwritten &&
             is_anonymous(vma) && vma.anon_vma == spec::kNoAnonVma) {
    flags &= ~spec::kVmAccount;
  }
  return {};
}

// The key that the memory has afterwards. Without one that is asked for it keeps its own, but for
// what can be executed alone, which has another.
std::int32_t pkey_for(AddressSpace& space, const Vma& vma, std::uint64_t prot, std::int32_t asked) {
  if (asked != spec::kNoPkey) return asked;
  const std::int32_t own = spec::pkey_of(vma.flags);
  if (prot == spec::kProtExec) {
    // Key 0, which was freed, counts as none (__arch_override_mprotect_pkey).
    const std::int32_t key = space.pkeys.for_execution().value_or(0);
    return key != 0 ? key : own;
  }
  const bool was_for_execution =
      (vma.flags & spec::kVmAccessFlags) == spec::kVmExec && space.pkeys.is_for_execution(own);
  return was_for_execution ? 0 : own;
}

Result protect_part(AddressSpace& space, Range range, const Vma& vma, std::uint64_t prot,
                    std::int32_t pkey) {
  VmFlags flags = (vma.flags & ~spec::kVmAccessFlags) | access_flags(prot);
  flags = spec::with_pkey(flags, pkey_for(space, vma, prot, pkey));
  if (!is_allowed(flags) || denies_write_or_execute(space, vma.flags, flags)) {
    return fail(Errno::kEACCES);
  }
  if (is_sealed(vma)) return fail(Errno::kEPERM);
  if (flags == vma.flags) return {};
  if (const Result charged = account(space, vma, range, flags); !charged) return charged;
  // Locked private memory that becomes writable is written to, so that later writes do not fault.
  constexpr VmFlags kAsked = spec::kVmWrite | spec::kVmShared | spec::kVmLocked;
  const bool unshares = (vma.flags & kAsked) == spec::kVmLocked && (flags & spec::kVmWrite) != 0;
  const Result changed = change_flags(space, range, flags);
  if (changed && unshares) populate_at_once(space, range);
  return changed;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Mprotect& call) {
  return run(space, spec::PkeyMprotect{call.addr, call.length, call.prot, spec::kNoPkey});
}

Outcome run(AddressSpace& space, const spec::PkeyMprotect& call) {
  constexpr std::uint64_t kGrows = spec::kProtGrowsdown | spec::kProtGrowsup;
  constexpr std::uint64_t kKnown =
      spec::kProtRead | spec::kProtWrite | spec::kProtExec | spec::kProtSem;
  const std::uint64_t grows = call.prot & kGrows;
  const std::uint64_t prot = call.prot & ~kGrows;
  if (grows == kGrows || !spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  if (call.length == 0) return Outcome::ok();
  const Address end = call.addr + spec::page_up(call.length);
  if (end <= call.addr) return Outcome::fail(Errno::kENOMEM);
  if ((prot & ~kKnown) != 0) return Outcome::fail(Errno::kEINVAL);
  if (call.pkey != spec::kNoPkey && !space.pkeys.is_given(call.pkey)) {
    return Outcome::fail(Errno::kEINVAL);
  }

  Address start = call.addr;
  const Vma* const first = space.vmas.at_or_after(start);
  if (first == nullptr || first->start >= end) return Outcome::fail(Errno::kENOMEM);
  if (grows == spec::kProtGrowsdown) {
    if ((first->flags & spec::kVmGrowsdown) == 0) return Outcome::fail(Errno::kEINVAL);
    start = first->start;
  } else {
    if (first->start > start) return Outcome::fail(Errno::kENOMEM);
    if (grows == spec::kProtGrowsup) return Outcome::fail(Errno::kEINVAL);  // none on x86-64
  }

  const Result done = for_each_part_to_hole(space, {start, end}, [&](Range part, const Vma& vma) {
    return protect_part(space, part, vma, prot, call.pkey);
  });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
