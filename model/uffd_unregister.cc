// model: UFFDIO_UNREGISTER. Memory that could not be watched refuses it before anything changes;
// memory that is not watched is passed over.
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
  if (!space.setup->userfaultfd) return Outcome::fail(Errno::kENOSYS);
  const Range range{call.addr, call.addr + call.length};
  if (const Result valid = check_watchable_range(space, range); !valid) {
    return Outcome::fail(valid.error());
  }
  const bool can_all = std::ranges::all_of(space.vmas.all(), [&space, range](const auto& entry) {
    return !entry.second.range().overlaps(range) || can_be_watched(entry.second, space.profile);
  });
  if (!can_all) return Outcome::fail(Errno::kEINVAL);

  const Result done = for_each_part(space, range, [&space](Range part, const Vma& vma) -> Result {
    if (!is_watched(vma)) return {};
    return change_watch(space, part, vma, vma.flags & ~kUffdFlags);
  });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
