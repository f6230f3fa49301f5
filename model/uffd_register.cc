// model: UFFDIO_REGISTER. What is already watched for all that is asked stays as it is. All of the
// range is looked at before anything changes; holes are allowed. Then VMA by VMA, and what came
// before an error stays watched.
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

/// What is asked for: the flags of the modes, by which of the userfaultfds.
struct Wish {
  VmFlags flags = 0;
  std::uint64_t features = 0;
  std::uint32_t watcher = 0;
};

Result check_vmas(const AddressSpace& space, Range range, const Wish& wish) {
  for (const auto& [start, vma] : space.vmas.all()) {
    if (!vma.range().overlaps(range)) continue;
    if (!can_be_watched(vma, wish.flags, wish.features, space.profile)) return fail(Errno::kEINVAL);
    const bool is_closed = (vma.flags & spec::kVmAccessFlags) == 0;
    if ((wish.flags & spec::kVmUffdRwp) != 0 && is_closed) return fail(Errno::kEINVAL);
    if ((vma.flags & spec::kVmMaywrite) == 0) return fail(Errno::kEPERM);
    if (is_hugetlb(vma.file.cls) && range.end <= vma.end && range.end % spec::kHugePageSize != 0) {
      return fail(Errno::kEINVAL);
    }
    if (vma.userfaultfd != 0 && vma.userfaultfd != wish.watcher) return fail(Errno::kEBUSY);
    // What it watches for by marks on pages it goes on with, in some kernels.
    const bool keeps_marks = space.profile.uffd_remode == spec::UffdRemode::kRefused;
    const VmFlags marks = vma.flags & (spec::kVmUffdWp | spec::kVmUffdRwp);
    if (keeps_marks && (marks & ~wish.flags) != 0) return fail(Errno::kEBUSY);
  }
  return {};
}

/// Missing pages, and those that are in a file and not mapped, are told of: none is to be there
/// when it begins (spec::UffdRegister).
Result empty(AddressSpace& space, const spec::UffdRegister& call) {
  if ((call.mode & (spec::kUffdModeMissing | spec::kUffdModeMinor)) == 0) return {};
  if (const Result may = need_all_faults(space); !may) return may;
  const Outcome emptied =
      run(space, spec::Madvise{call.addr, call.length, spec::kMadvDontneedLocked});
  const bool is_fine = emptied.is_ok() || emptied.error() == Errno::kENOMEM;
  return is_fine ? Result{} : fail(emptied.error());
}

}  // namespace

Outcome run(AddressSpace& space, const spec::UffdRegister& call) {
  if (const Result there = need_userfaultfd(space, call.userfaultfd); !there)
    return Outcome::fail(there.error());
  Wish wish{.features = *space.userfaultfds.at(call.userfaultfd),
            .watcher = static_cast<std::uint32_t>(call.userfaultfd) + 1};
  if (const Result emptied = empty(space, call); !emptied) return Outcome::fail(emptied.error());
  const auto flags = watch_flags(space.profile, call.mode, wish.features);
  if (!flags) return Outcome::fail(flags.error());
  wish.flags = *flags;
  const Range range{call.addr, call.addr + call.length};
  if (const Result valid = check_watchable_range(space, range); !valid) {
    return Outcome::fail(valid.error());
  }
  if (const Result can = check_vmas(space, range, wish); !can) return Outcome::fail(can.error());

  const Result done =
      for_each_part(space, range, [&space, &wish](Range part, const Vma& vma) -> Result {
        if (is_watched(vma) && (vma.flags & wish.flags) == wish.flags) return {};
        return change_watch(space, part, vma, (vma.flags & ~spec::kVmUffd) | wish.flags,
                            wish.watcher);
      });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
