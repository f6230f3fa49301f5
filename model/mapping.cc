// model: the mapping itself.
#include "model/mapping.h"

#include <algorithm>

#include "model/file_rules.h"
#include "model/join.h"
#include "model/limits.h"
#include "model/sealing.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

namespace {

// Private writable memory is charged, unless it is not reserved; hugetlb has a pool of its own.
bool is_charged(const Vma& mapping) {
  constexpr spec::VmFlags kAsked = spec::kVmNoreserve | spec::kVmShared | spec::kVmWrite;
  return !is_hugetlb(mapping.file.cls) && (mapping.flags & kAsked) == spec::kVmWrite;
}

// Pages in `range` of VMAs that have all of these flags.
std::uint64_t pages_in(const AddressSpace& space, Range range, spec::VmFlags flags) {
  std::uint64_t pages = 0;
  for (const auto& [start, vma] : space.vmas.overlapping(range)) {
    if ((vma.flags & flags) != flags) continue;
    pages += (std::min(vma.end, range.end) - std::max(start, range.start)) >> spec::kPageShift;
  }
  return pages;
}

bool has_sealed(const AddressSpace& space, Range range) {
  return std::ranges::any_of(space.vmas.overlapping(range),
                             [](const auto& entry) { return is_sealed(entry.second); });
}

// Whether VM_MERGEABLE is computed before the merge attempt, so that a merge can see it: only where
// no hook can still change the flags. shmem's hook is known to leave them alone.
bool has_early_ksm_flag(const Vma& mapping, const spec::KernelProfile& profile) {
  const FileClass cls = mapping.file.cls;
  const spec::Hooks hooks = hooks_of(cls, profile);
  switch (profile.ksm_early) {
    case spec::KsmEarly::kNever:
      return false;
    case spec::KsmEarly::kNoFileOrShmemOrPrepare:
      return cls == FileClass::kNone || cls == FileClass::kMemfd || hooks.mmap_prepare;
    case spec::KsmEarly::kUnlessLegacyHook:
      return cls == FileClass::kNone || cls == FileClass::kMemfd || !hooks.mmap;
  }
  return false;
}

// What mmap runs on a new VMA: the file's legacy hook, or the making of a shared anonymous object.
bool has_hook_on_new_vma(const Vma& mapping, const spec::KernelProfile& profile) {
  if (mapping.file.is_none()) return (mapping.flags & spec::kVmShared) != 0;
  return hooks_of(mapping.file.cls, profile).mmap;
}

// Whether a new mapping that was to be locked stays so. Droppable memory was forgotten here before
// it was in mlock and munlock, so that its lock is for good there.
bool keeps_lock(const Vma& mapping, const spec::KernelProfile& profile) {
  const bool forgets_droppable = profile.droppable_lock == spec::DroppableLock::kLocked;
  return can_be_locked(forgets_droppable ? mapping.flags & ~spec::kVmDroppable : mapping.flags);
}

}  // namespace

Result clear_edges(AddressSpace& space, Range range) {
  const Vma* const first = space.vmas.at(range.start);
  if (first != nullptr && first->start < range.start) {
    // Unmapping frees VMAs, so the limit is only asked where it would add one.
    if (range.end < first->end && space.map_count() >= space.setup->max_map_count) {
      return fail(Errno::kENOMEM);
    }
    if (is_sealed(*first)) return fail(Errno::kEPERM);
    if (!can_cut_at(*first, range.start)) return fail(Errno::kEINVAL);
    space.vmas.cut_at(range.start);
  }
  if (has_sealed(space, range)) return fail(Errno::kEPERM);
  const Vma* const last = space.vmas.at(range.end);
  if (last != nullptr && last->start < range.end) {
    if (!can_cut_at(*last, range.end)) return fail(Errno::kEINVAL);
    space.vmas.cut_at(range.end);
  }
  return {};
}

Result unmap(AddressSpace& space, Address addr, Address length) {
  const Address task_size = space.setup->task_size;
  if (!spec::is_page_aligned(addr) || addr > task_size || length > task_size - addr ||
      length == 0) {
    return fail(Errno::kEINVAL);
  }
  const Range range{addr, addr + spec::page_up(length)};
  if (const Result cleared = clear_edges(space, range); !cleared) return cleared;
  space.drop(range);
  return {};
}

namespace {

bool may_replace(const AddressSpace& space, const Vma& mapping) {
  const std::uint64_t replaced = pages_in(space, mapping.range(), 0);
  return may_expand(space, mapping.flags, mapping.pages() - replaced);
}

// What was there is gone only where all is allowed.
Result make_room(AddressSpace& space, const Vma& mapping) {
  if (const Result cleared = clear_edges(space, mapping.range()); !cleared) return cleared;
  if (!may_replace(space, mapping)) return fail(Errno::kENOMEM);
  if (is_charged(mapping)) {
    const std::uint64_t freed = pages_in(space, mapping.range(), spec::kVmAccount);
    if (mapping.pages() > freed && space.refuses_charge(mapping.pages() - freed)) {
      return fail(Errno::kENOMEM);
    }
  }
  space.drop(mapping.range());
  return {};
}

// What was there is gone before the charge is asked for, and why it cannot go is not told.
Result make_room_at_once(AddressSpace& space, const Vma& mapping) {
  if (!may_replace(space, mapping)) return fail(Errno::kENOMEM);
  if (!clear_edges(space, mapping.range())) return fail(Errno::kENOMEM);
  space.drop(mapping.range());
  if (is_charged(mapping) && space.refuses_charge(mapping.pages())) return fail(Errno::kENOMEM);
  return {};
}

}  // namespace

Result map_region(AddressSpace& space, Vma mapping) {
  const spec::KernelProfile& profile = space.profile;
  const Result room = profile.mmap_replace == spec::MmapReplace::kUnmapsThenCharges
                          ? make_room_at_once(space, mapping)
                          : make_room(space, mapping);
  if (!room) return room;
  if (is_charged(mapping)) mapping.flags |= spec::kVmAccount;

  if (hooks_of(mapping.file.cls, profile).mmap_prepare) {
    if (const Result hook = call_hook(space, mapping); !hook) return hook;
  }
  const bool early = has_early_ksm_flag(mapping, profile);
  if (early) mapping.flags = space.with_ksm_flag(mapping.flags);

  // A range that is joined with a neighbour never becomes a VMA of its own: no hook, no late flag.
  if (const Joins joins = joins_of_new(space, mapping); joins.any()) {
    lay_down(space, mapping, joins);
    return {};
  }

  if (!early && profile.ksm_late == spec::KsmLate::kBeforeHook) {
    mapping.flags = space.with_ksm_flag(mapping.flags);
  }
  if (has_hook_on_new_vma(mapping, profile)) {
    const spec::VmFlags asked = mapping.flags;
    if (const Result hook = call_hook(space, mapping); !hook) return hook;
    // Before 6.16 a merge is tried once more where the hook changed the flags and there is a VMA
    // below.
    const bool again = mapping.flags != asked && space.vmas.before(mapping.start) != nullptr;
    const Joins joins = again ? joins_of_new(space, mapping) : Joins{};
    if (joins.any()) {
      lay_down(space, mapping, joins);
      return {};
    }
  }
  if (!early && profile.ksm_late != spec::KsmLate::kBeforeHook) {
    mapping.flags = space.with_ksm_flag(mapping.flags);
  }
  // The lock counts in the attempt to join, and is taken back afterwards (mmap_complete).
  if (!keeps_lock(mapping, profile)) mapping.flags &= ~(spec::kVmLocked | spec::kVmLockonfault);
  space.vmas.put(mapping);
  return {};
}

}  // namespace vmadiff::model
