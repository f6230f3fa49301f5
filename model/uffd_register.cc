// model: UFFDIO_REGISTER. All of the range is looked at before anything changes; holes are allowed.
// Then VMA by VMA, and what came before an error stays watched.
#include <expected>

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
    // What it watches for by marks on pages it goes on with (7.3, the first with two such modes).
    const VmFlags marks = vma.flags & (spec::kVmUffdWp | spec::kVmUffdRwp);
    if ((marks & ~wish.flags) != 0) return fail(Errno::kEBUSY);
  }
  return {};
}

/// The VMA flags of the modes. EINVAL: none, or one that the kernel, or the userfaultfd, does not
/// know, or two that would share a page's mark.
std::expected<VmFlags, Errno> flags_of(const AddressSpace& space, std::uint64_t mode,
                                       std::uint64_t features) {
  const bool knows_rwp =
      space.profile.uffd_features == spec::UffdFeatures::kRwp && (features & spec::kUffdRwp) != 0;
  constexpr std::uint64_t kAlways =
      spec::kUffdModeMissing | spec::kUffdModeWp | spec::kUffdModeMinor;
  const std::uint64_t known = kAlways | (knows_rwp ? spec::kUffdModeRwp : 0);
  constexpr std::uint64_t kMarks = spec::kUffdModeWp | spec::kUffdModeRwp;
  if (mode == 0 || (mode & ~known) != 0 || (mode & kMarks) == kMarks)
    return std::unexpected{Errno::kEINVAL};
  return (mode & spec::kUffdModeRwp) != 0 ? spec::kVmUffdRwp : spec::kVmUffdWp;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::UffdRegister& call) {
  if (const Result there = need_userfaultfd(space, call.userfaultfd); !there)
    return Outcome::fail(there.error());
  Wish wish{.features = *space.userfaultfds.at(call.userfaultfd),
            .watcher = static_cast<std::uint32_t>(call.userfaultfd) + 1};
  const auto flags = flags_of(space, call.mode, wish.features);
  if (!flags) return Outcome::fail(flags.error());
  wish.flags = *flags;
  const Range range{call.addr, call.addr + call.length};
  if (const Result valid = check_watchable_range(space, range); !valid) {
    return Outcome::fail(valid.error());
  }
  if (const Result can = check_vmas(space, range, wish); !can) return Outcome::fail(can.error());

  const Result done =
      for_each_part(space, range, [&space, &wish](Range part, const Vma& vma) -> Result {
        if (is_watched(vma)) return {};
        return change_watch(space, part, vma, vma.flags | wish.flags, wish.watcher);
      });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
