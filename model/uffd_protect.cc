// model: UFFDIO_WRITEPROTECT and UFFDIO_RWPROTECT: marks on pages, of which VMAs know nothing, and
// which are gone by the time that somebody who meets them goes on. So what is here is what they
// refuse.
#include "model/calls.h"
#include "model/file_rules.h"
#include "model/userfault.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

/// Whether all of the range is in one VMA that is watched.
bool is_in_one(const AddressSpace& space, Range range) {
  const Vma* const vma = space.vmas.at(range.start);
  return vma != nullptr && range.end <= vma->end && is_watched(*vma);
}

/// VMA by VMA, holes passed over, the first that is not watched for `flag` or would be marked in
/// part of a huge page.
Result check_marks(const AddressSpace& space, Range range, VmFlags flag) {
  bool has_any = false;
  const bool is_huge_aligned =
      range.start % spec::kHugePageSize == 0 && range.end % spec::kHugePageSize == 0;
  for (const auto& [start, vma] : space.vmas.all()) {
    if (!vma.range().overlaps(range)) continue;
    if ((vma.flags & flag) == 0) return fail(Errno::kENOENT);
    if (is_hugetlb(vma.file.cls) && !is_huge_aligned) return fail(Errno::kEINVAL);
    has_any = true;
  }
  return has_any ? Result{} : fail(Errno::kENOENT);
}

Result protect(AddressSpace& space, const auto& call, VmFlags flag, bool wants_one_vma) {
  if (const Result there = need_userfaultfd(space, call.userfaultfd); !there) return there;
  if (const Result may = need_all_faults(space); !may) return may;
  const Range range{call.addr, call.addr + call.length};
  if (!is_range_of_pages(space, range)) return fail(Errno::kEINVAL);
  constexpr std::uint64_t kBoth = spec::kUffdProtect | spec::kUffdDontwake;
  if ((call.mode & ~kBoth) != 0 || call.mode == kBoth) return fail(Errno::kEINVAL);
  if (wants_one_vma && !is_in_one(space, range)) return fail(Errno::kENOENT);
  return check_marks(space, range, flag);
}

Outcome outcome_of(const Result& done) {
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace

Outcome run(AddressSpace& space, const spec::UffdWriteprotect& call) {
  const bool wants_one_vma = space.profile.uffd_marks == spec::UffdMarks::kOneVma;
  return outcome_of(protect(space, call, spec::kVmUffdWp, wants_one_vma));
}

Outcome run(AddressSpace& space, const spec::UffdRwprotect& call) {
  if (space.profile.uffd_features != spec::UffdFeatures::kRwp) {
    const Result there = need_userfaultfd(space, call.userfaultfd);
    if (!there) return outcome_of(there);
    const Result may = need_all_faults(space);
    return Outcome::fail(may ? Errno::kEINVAL : may.error());
  }
  return outcome_of(protect(space, call, spec::kVmUffdRwp, false));
}

}  // namespace vmadiff::model
