// model: UFFDIO_REGISTER. All of the range is looked at before anything changes; holes are allowed.
// Then VMA by VMA, and what came before an error stays watched.
#include "model/calls.h"
#include "model/file_rules.h"
#include "model/userfault.h"
#include "model/walk.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

Result check_vmas(const AddressSpace& space, Range range) {
  for (const auto& [start, vma] : space.vmas.all()) {
    if (!vma.range().overlaps(range)) continue;
    if (!can_be_watched(vma, space.profile)) return fail(Errno::kEINVAL);
    if ((vma.flags & spec::kVmMaywrite) == 0) return fail(Errno::kEPERM);
    if (is_hugetlb(vma.file.cls) && range.end <= vma.end && range.end % spec::kHugePageSize != 0) {
      return fail(Errno::kEINVAL);
    }
  }
  return {};
}

}  // namespace

Outcome run(AddressSpace& space, const spec::UffdRegister& call) {
  if (!space.setup->userfaultfd) return Outcome::fail(Errno::kENOSYS);
  constexpr std::uint64_t kKnown =
      spec::kUffdModeMissing | spec::kUffdModeWp | spec::kUffdModeMinor;
  if (call.mode == 0 || (call.mode & ~kKnown) != 0) return Outcome::fail(Errno::kEINVAL);
  const Range range{call.addr, call.addr + call.length};
  if (const Result valid = check_watchable_range(space, range); !valid) {
    return Outcome::fail(valid.error());
  }
  if (const Result can = check_vmas(space, range); !can) return Outcome::fail(can.error());

  const Result done = for_each_part(space, range, [&space](Range part, const Vma& vma) -> Result {
    if (is_watched(vma)) return {};
    return change_watch(space, part, vma, vma.flags | spec::kVmUffdWp);
  });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
