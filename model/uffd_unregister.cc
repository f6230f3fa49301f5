// model: UFFDIO_UNREGISTER. Memory that could not be watched refuses it before anything changes;
// memory that is not watched is passed over, and of memory that another userfaultfd watches it
// depends on the kernel.
#include <algorithm>

#include "model/calls.h"
#include "model/userfault.h"
#include "model/walk.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

Outcome run(AddressSpace& space, const spec::UffdUnregister& call) {
  if (const Result there = need_userfaultfd(space, call.userfaultfd); !there)
    return Outcome::fail(there.error());
  const Range range{call.addr, call.addr + call.length};
  if (const Result valid = check_watchable_range(space, range); !valid) {
    return Outcome::fail(valid.error());
  }
  const std::uint64_t features = *space.userfaultfds.at(call.userfaultfd);
  const bool is_strict = space.profile.uffd_owner == spec::UffdOwner::kItsOwn;
  const bool can_all = std::ranges::all_of(space.vmas.all(), [&](const auto& entry) {
    const Vma& vma = entry.second;
    if (!vma.range().overlaps(range)) return true;
    const bool is_anothers = vma.userfaultfd != 0 && vma.userfaultfd != call.userfaultfd + 1;
    return !(is_strict && is_anothers) && can_be_watched(vma, vma.flags, features, space.profile);
  });
  if (!can_all) return Outcome::fail(Errno::kEINVAL);

  const Result done = for_each_part(space, range, [&space](Range part, const Vma& vma) -> Result {
    if (!is_watched(vma)) return {};
    return change_watch(space, part, vma, vma.flags & ~spec::kVmUffd, 0);
  });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
