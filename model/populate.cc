// model: populating.
#include "model/populate.h"

#include "model/fault.h"
#include "model/walk.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Access;
using spec::Errno;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

constexpr VmFlags kDevice = spec::kVmIo | spec::kVmPfnmap;

Result populate_part(AddressSpace& space, Vma& vma, Range part, Waits waits = Waits::kYes) {
  if ((vma.flags & (kDevice | spec::kVmLockonfault)) != 0) return {};
  if ((vma.flags & spec::kVmAccessFlags) == 0) return fail(Errno::kEFAULT);
  const bool as_written = (vma.flags & (spec::kVmWrite | spec::kVmShared)) == spec::kVmWrite;
  const Access access = as_written ? Access::kWrite : Access::kRead;
  if (!space.pkeys.allow(vma.flags, access)) return fail(Errno::kEFAULT);
  const Result done = fault_in(space, vma, part, access, waits);
  return done ? done : fail(Errno::kEFAULT);
}

// Goes on after an error only if it is quiet.
Result populate_range(AddressSpace& space, Range range, bool quiet) {
  return for_each_part(space, range, [&space, quiet](Range part, Vma& vma) -> Result {
    const Result done = populate_part(space, vma, part);
    return quiet ? Result{} : done;
  });
}

}  // namespace

Result populate(AddressSpace& space, Range range) { return populate_range(space, range, false); }

void populate_quietly(AddressSpace& space, Range range) {
  static_cast<void>(populate_range(space, range, true));
}

void populate_at_once(AddressSpace& space, Range range) {
  static_cast<void>(for_each_part(space, range, [&space](Range part, Vma& vma) -> Result {
    static_cast<void>(populate_part(space, vma, part, Waits::kNo));
    return {};
  }));
}

Result populate_for(AddressSpace& space, Range range, Access access) {
  const VmFlags needed = access == Access::kWrite ? spec::kVmWrite : spec::kVmRead;
  const auto populate = [&](Range part, Vma& vma) -> Result {
    if ((vma.flags & kDevice) != 0 || (vma.flags & needed) == 0 ||
        !space.pkeys.allow(vma.flags, access)) {
      return fail(Errno::kEINVAL);
    }
    return fault_in(space, vma, part, access) ? Result{} : fail(Errno::kEFAULT);
  };
  if (space.profile.populate_holes == spec::PopulateHoles::kEnd) {
    return for_each_part_to_hole(space, range, populate);
  }
  if (const Result done = for_each_part(space, range, populate); !done) return done;
  return space.vmas.is_all_mapped(range) ? Result{} : fail(Errno::kENOMEM);
}

}  // namespace vmadiff::model
