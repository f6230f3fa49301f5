// model: mlock, mlock2, munlock, mlockall, munlockall. VMA by VMA in ascending order, up to the
// first hole or error; what came before stays locked. Then the pages are populated, which can fail
// as well, and again everything stays locked.
#include <algorithm>

#include "model/calls.h"
#include "model/join.h"
#include "model/limits.h"
#include "model/populate.h"
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

constexpr VmFlags kLockFlags = spec::kVmLocked | spec::kVmLockonfault;

/// Flags are ints to these calls.
constexpr std::uint64_t as_int(std::uint64_t flags) { return flags & 0xffffffff; }

// The pages that the call names: outwards. A length that wraps to nothing is nothing.
struct Pages {
  Address start;
  Address length;
};
Pages pages_of(Address addr, Address length) {
  return {spec::page_down(addr), spec::page_up(length + addr % spec::kPageSize)};
}

// mlock_fixup: what cannot be locked is passed over.
Result lock_part(AddressSpace& space, Range part, const Vma& vma, VmFlags lock_flags) {
  const VmFlags before = vma.flags;
  const VmFlags flags = (before & ~kLockFlags) | lock_flags;
  if (flags == before || !can_be_locked(before)) return {};
  return change_flags(space, part, flags);
}

Result lock(AddressSpace& space, Pages pages, VmFlags lock_flags) {
  const Address end = pages.start + pages.length;
  if (end < pages.start) return fail(Errno::kEINVAL);
  return for_each_part_to_hole(space, {pages.start, end}, [&](Range part, const Vma& vma) {
    return lock_part(space, part, vma, lock_flags);
  });
}

// Pages of the range that are locked already: they are not counted twice.
std::uint64_t locked_pages(const AddressSpace& space, Pages pages) {
  const bool wraps = pages.start + pages.length < pages.start;
  const Range range{pages.start, wraps ? ~Address{0} : pages.start + pages.length};
  std::uint64_t count = 0;
  for (const auto& [start, vma] : space.vmas.all()) {
    if ((vma.flags & spec::kVmLocked) == 0 || !vma.range().overlaps(range)) continue;
    count += (std::min(vma.end, range.end) - std::max(vma.start, range.start)) >> spec::kPageShift;
  }
  return count;
}

Outcome lock_and_populate(AddressSpace& space, Address addr, Address length, VmFlags lock_flags) {
  if (!may_lock_at_all(space)) return Outcome::fail(Errno::kEPERM);
  const Pages pages = pages_of(addr, length);
  const std::uint64_t limit = space.limits.memlock >> spec::kPageShift;
  std::uint64_t locked = (pages.length >> spec::kPageShift) + space.counters().locked_vm;
  if (locked > limit) locked -= locked_pages(space, pages);
  if (locked > limit) return Outcome::fail(Errno::kENOMEM);
  if (const Result done = lock(space, pages, lock_flags); !done) {
    return Outcome::fail(done.error());
  }
  const Result populated = populate(space, {pages.start, pages.start + pages.length});
  // What cannot be faulted in is "not mapped" to a caller of mlock (POSIX).
  return populated ? Outcome::ok() : Outcome::fail(Errno::kENOMEM);
}

// Errors are ignored: what cannot be split stays as it is.
void lock_all(AddressSpace& space, VmFlags lock_flags) {
  const Range everything{0, space.setup->task_size};
  static_cast<void>(for_each_part(space, everything, [&](Range whole, const Vma& vma) -> Result {
    static_cast<void>(lock_part(space, whole, vma, lock_flags));
    return {};
  }));
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Mlock& call) {
  return lock_and_populate(space, call.addr, call.length, spec::kVmLocked);
}

Outcome run(AddressSpace& space, const spec::Mlock2& call) {
  const std::uint64_t flags = as_int(call.flags);
  if ((flags & ~spec::kMlockOnfault) != 0) return Outcome::fail(Errno::kEINVAL);
  return lock_and_populate(space, call.addr, call.length,
                           flags == 0 ? spec::kVmLocked : kLockFlags);
}

Outcome run(AddressSpace& space, const spec::Munlock& call) {
  const Result done = lock(space, pages_of(call.addr, call.length), 0);
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

Outcome run(AddressSpace& space, const spec::Mlockall& call) {
  const std::uint64_t flags = as_int(call.flags);
  constexpr std::uint64_t kKnown = spec::kMclCurrent | spec::kMclFuture | spec::kMclOnfault;
  if (flags == 0 || (flags & ~kKnown) != 0 || flags == spec::kMclOnfault) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (!may_lock_at_all(space)) return Outcome::fail(Errno::kEPERM);
  const bool current = (flags & spec::kMclCurrent) != 0;
  if (current && space.counters().total_vm > space.limits.memlock >> spec::kPageShift) {
    return Outcome::fail(Errno::kENOMEM);
  }
  const VmFlags lock_flags =
      (flags & spec::kMclOnfault) != 0 ? kLockFlags : VmFlags{spec::kVmLocked};
  space.future_flags = (flags & spec::kMclFuture) != 0 ? lock_flags : 0;
  if (current) {
    lock_all(space, lock_flags);
    populate_quietly(space, {0, space.setup->task_size});
  }
  return Outcome::ok();
}

Outcome run(AddressSpace& space, const spec::Munlockall& /*call*/) {
  space.future_flags = 0;
  lock_all(space, 0);
  return Outcome::ok();
}

}  // namespace vmadiff::model
