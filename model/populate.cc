// model: populating.
#include "model/populate.h"

#include <algorithm>

#include "model/fault.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Access;
using spec::Address;
using spec::Errno;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

constexpr VmFlags kDevice = spec::kVmIo | spec::kVmPfnmap;

Result populate_part(AddressSpace& space, Vma& vma, Range part) {
  if ((vma.flags & (kDevice | spec::kVmLockonfault)) != 0) return {};
  if ((vma.flags & spec::kVmAccessFlags) == 0) return fail(Errno::kEFAULT);
  const bool as_written = (vma.flags & (spec::kVmWrite | spec::kVmShared)) == spec::kVmWrite;
  const Result done = fault_in(space, vma, part, as_written ? Access::kWrite : Access::kRead);
  return done ? done : fail(Errno::kEFAULT);
}

// Visits the parts of VMAs in the range; goes on after an error only if it is quiet.
Result populate_range(AddressSpace& space, Range range, bool quiet) {
  Address at = range.start;
  while (at < range.end) {
    Vma* const vma = space.vmas.at_or_after(at);
    if (vma == nullptr || vma->start >= range.end) break;
    const Range part{std::max(at, vma->start), std::min(range.end, vma->end)};
    const Result done = populate_part(space, *vma, part);
    if (!done && !quiet) return done;
    at = part.end;
  }
  return {};
}

}  // namespace

Result populate(AddressSpace& space, Range range) { return populate_range(space, range, false); }

void populate_quietly(AddressSpace& space, Range range) {
  static_cast<void>(populate_range(space, range, true));
}

Result populate_for(AddressSpace& space, Range range, Access access) {
  const VmFlags needed = access == Access::kWrite ? spec::kVmWrite : spec::kVmRead;
  for (Address at = range.start; at < range.end;) {
    Vma* const vma = space.vmas.at(at);
    if (vma == nullptr) return fail(Errno::kENOMEM);
    if ((vma->flags & kDevice) != 0 || (vma->flags & needed) == 0) return fail(Errno::kEINVAL);
    const Range part{at, std::min(range.end, vma->end)};
    if (!fault_in(space, *vma, part, access)) return fail(Errno::kEFAULT);
    at = part.end;
  }
  return {};
}

}  // namespace vmadiff::model
