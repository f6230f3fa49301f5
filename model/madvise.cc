// model: madvise. VMA by VMA in ascending order; holes are passed over and reported at the end,
// unlike mprotect's. Advice about flags is the kind that splits and joins; advice about pages
// changes nothing that can be seen here, but may be refused. Guards are pages that are kept.
#include <expected>

#include "model/calls.h"
#include "model/fault.h"
#include "model/file_rules.h"
#include "model/huge_pages.h"
#include "model/join.h"
#include "model/populate.h"
#include "model/sealing.h"
#include "model/seals.h"
#include "model/walk.h"
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

bool is_about_guards(std::int32_t advice) {
  return advice == spec::kMadvGuardInstall || advice == spec::kMadvGuardRemove;
}

bool is_known(std::int32_t advice, const spec::KernelProfile& profile) {
  if (is_about_guards(advice)) return profile.guard_regions != spec::GuardRegions::kAbsent;
  return (advice >= spec::kMadvNormal && advice <= spec::kMadvDontneed) ||
         (advice >= spec::kMadvFree && advice <= spec::kMadvCollapse);
}

using NewFlags = std::expected<VmFlags, Errno>;

// The flags that advice about flags leaves, or why this VMA refuses it.
NewFlags advised_flags(const Vma& vma, std::int32_t advice, const spec::KernelProfile& profile) {
  const VmFlags flags = vma.flags;
  const bool is_droppable = (flags & spec::kVmDroppable) != 0;
  const bool is_huge = (flags & spec::kVmHugetlb) != 0;
  const auto refuse = [] { return std::unexpected{Errno::kEINVAL}; };
  switch (advice) {
    case spec::kMadvNormal:
      return flags & ~(spec::kVmRandRead | spec::kVmSeqRead);
    case spec::kMadvSequential:
      return (flags & ~spec::kVmRandRead) | spec::kVmSeqRead;
    case spec::kMadvRandom:
      return (flags & ~spec::kVmSeqRead) | spec::kVmRandRead;
    case spec::kMadvDontfork:
      return flags | spec::kVmDontcopy;
    case spec::kMadvDofork: {
      const VmFlags refused =
          profile.dofork_refused == spec::DoforkRefused::kSpecial ? spec::kVmSpecial : spec::kVmIo;
      if ((flags & refused) != 0) return refuse();
      return flags & ~spec::kVmDontcopy;
    }
    case spec::kMadvWipeonfork:
      if (!vma.file.is_none() || (flags & spec::kVmShared) != 0) return refuse();
      return flags | spec::kVmWipeonfork;
    case spec::kMadvKeeponfork:
      if (is_droppable) return refuse();
      return flags & ~spec::kVmWipeonfork;
    case spec::kMadvDontdump:
      return flags | spec::kVmDontdump;
    case spec::kMadvDodump:
      if ((!is_huge && (flags & spec::kVmSpecial) != 0) || is_droppable) return refuse();
      return flags & ~spec::kVmDontdump;
    case spec::kMadvMergeable:
      return is_ksm_eligible(flags) ? flags | spec::kVmMergeable : flags;
    case spec::kMadvUnmergeable: {
      const bool drops_high = profile.unmergeable_flags == spec::UnmergeableFlags::kDropsHigh;
      if (drops_high && (flags & spec::kVmMergeable) != 0) return flags & (spec::kVmMergeable - 1);
      return flags & ~spec::kVmMergeable;
    }
    case spec::kMadvHugepage:
      return (flags & ~spec::kVmNohugepage) | spec::kVmHugepage;
    default:  // MADV_NOHUGEPAGE
      return (flags & ~spec::kVmHugepage) | spec::kVmNohugepage;
  }
}

Result change_advised_flags(AddressSpace& space, Range range, const Vma& vma, std::int32_t advice) {
  const NewFlags flags = advised_flags(vma, advice, space.profile);
  if (!flags) return fail(flags.error());
  if (*flags == vma.flags) return {};
  const Result done = change_flags(space, range, *flags);
  // madvise says EAGAIN where the kernel is short of something (here: the map count limit).
  if (!done && done.error() == Errno::kENOMEM) return fail(Errno::kEAGAIN);
  return done;
}

// Discarding pages: not those of devices, nor locked ones; huge pages only from their start.
Result discard(AddressSpace& space, const Vma& vma, Range range, std::int32_t advice) {
  if ((vma.flags & spec::kVmHugetlb) != 0) {
    const bool possible = advice != spec::kMadvFree && range.start % spec::kHugePageSize == 0;
    if (!possible) return fail(Errno::kEINVAL);
    discard_huge_pages(space, vma, range);
    return {};
  }
  const VmFlags forbidden =
      spec::kVmPfnmap | (advice == spec::kMadvDontneedLocked ? 0 : spec::kVmLocked);
  if ((vma.flags & forbidden) != 0) return fail(Errno::kEINVAL);
  if (advice == spec::kMadvFree && !is_anonymous(vma)) return fail(Errno::kEINVAL);
  return {};
}

// Punching a hole into the file behind shared memory that may be written.
Result remove(AddressSpace& space, const Vma& vma, Range range) {
  if ((vma.flags & spec::kVmLocked) != 0 || vma.file.is_none()) return fail(Errno::kEINVAL);
  constexpr VmFlags kNeeded = spec::kVmShared | spec::kVmMaywrite;
  if ((vma.flags & kNeeded) != kNeeded) return fail(Errno::kEACCES);
  const std::uint64_t offset = (vma.pgoff << spec::kPageShift) + (range.start - vma.start);
  const Result punched = punch_hole(vma.file.cls, offset, range.size());
  if (punched && is_hugetlb(vma.file.cls)) {
    punch_huge_pages(*space.machine, vma.file, offset, range.size());
  }
  if (punched && is_write_sealed(space, vma.file)) return fail(Errno::kEPERM);
  return punched;
}

// Guards are markers where pages would be: not in memory without pages of its own, nor where pages
// are locked, though they may be removed there.
Result guard(AddressSpace& space, Range range, Vma& vma, std::int32_t advice) {
  const bool installs = advice == spec::kMadvGuardInstall;
  const VmFlags forbidden =
      spec::kVmSpecial | spec::kVmHugetlb | (installs ? spec::kVmLocked : VmFlags{0});
  if ((vma.flags & forbidden) != 0) return fail(Errno::kEINVAL);
  if (!installs) {
    space.guards.remove(range);
    return {};
  }
  const bool by_flag = space.profile.guard_regions == spec::GuardRegions::kByFlag;
  if (by_flag) vma.flags |= spec::kVmMaybeGuard;
  if (!by_flag || is_anonymous(vma)) prepare_anon_vma(space, vma);
  space.guards.install(range);
  return {};
}

Result advise_part(AddressSpace& space, Range range, Vma& vma, std::int32_t advice) {
  if (is_sealed_against(vma, advice, space)) return fail(Errno::kEPERM);
  switch (advice) {
    case spec::kMadvWillneed:
      return {};
    case spec::kMadvCold:
    case spec::kMadvPageout: {
      constexpr VmFlags kKept = spec::kVmLocked | spec::kVmPfnmap | spec::kVmHugetlb;
      return (vma.flags & kKept) != 0 ? fail(Errno::kEINVAL) : Result{};
    }
    case spec::kMadvFree:
    case spec::kMadvDontneed:
    case spec::kMadvDontneedLocked:
      return discard(space, vma, range, advice);
    case spec::kMadvRemove:
      return remove(space, vma, range);
    case spec::kMadvGuardInstall:
    case spec::kMadvGuardRemove:
      return guard(space, range, vma, advice);
    case spec::kMadvCollapse:
      // The process has transparent huge pages disabled.
      return fail(Errno::kEINVAL);
    default:
      return change_advised_flags(space, range, vma, advice);
  }
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Madvise& call) {
  if (!is_known(call.advice, space.profile)) return Outcome::fail(Errno::kEINVAL);
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = spec::page_up(call.length);
  const Address end = call.addr + length;
  if ((call.length != 0 && length == 0) || end < call.addr) return Outcome::fail(Errno::kEINVAL);

  if (call.advice == spec::kMadvPopulateRead || call.advice == spec::kMadvPopulateWrite) {
    const auto access =
        call.advice == spec::kMadvPopulateRead ? spec::Access::kRead : spec::Access::kWrite;
    const Result populated = populate_for(space, {call.addr, end}, access);
    return populated ? Outcome::ok() : Outcome::fail(populated.error());
  }

  const Range range{call.addr, end};
  const Result done = for_each_part(space, range, [&](Range part, Vma& vma) {
    return advise_part(space, part, vma, call.advice);
  });
  if (!done) return Outcome::fail(done.error());
  return space.vmas.is_all_mapped(range) ? Outcome::ok() : Outcome::fail(Errno::kENOMEM);
}

}  // namespace vmadiff::model
