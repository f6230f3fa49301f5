// model: a process's userfaultfds, and which memory they can watch.
#include "model/userfault.h"

#include <array>
#include <utility>

#include "model/file_rules.h"
#include "model/join.h"

namespace vmadiff::model {

using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

namespace {

std::uint64_t known_features(const spec::KernelProfile& profile) {
  constexpr std::uint64_t kEvents = spec::kUffdEventFork | spec::kUffdEventRemap;
  constexpr std::uint64_t kAsync = kEvents | spec::kUffdWpUnpopulated | spec::kUffdWpAsync;
  switch (profile.uffd_features) {
    case spec::UffdFeatures::kEvents:
      return kEvents;
    case spec::UffdFeatures::kWpAsync:
      return kAsync;
    case spec::UffdFeatures::kRwp:
      return kAsync | spec::kUffdRwp | spec::kUffdRwpAsync;
  }
  return 0;
}

}  // namespace

bool watcher_has(const AddressSpace& space, const Vma& vma, std::uint64_t feature) {
  return vma.userfaultfd != 0 && (*space.userfaultfds.at(vma.userfaultfd - 1) & feature) != 0;
}

void forget_watch(Vma& vma) {
  vma.flags &= ~spec::kVmUffd;
  vma.userfaultfd = 0;
}

Result open_userfaultfd(AddressSpace& space, std::uint64_t number, std::uint64_t features) {
  if (number >= spec::kUserfaultfdCount) return fail(Errno::kEBADF);
  if (!space.setup->userfaultfd) return fail(Errno::kENOSYS);
  const bool is_known = (features & ~known_features(space.profile)) == 0;
  // The first kernels look at what they know before they ask who it is.
  if (!is_known && space.profile.uffd_features == spec::UffdFeatures::kEvents)
    return fail(Errno::kEINVAL);
  if ((features & spec::kUffdEventFork) != 0 && !space.setup->uffd_event_fork)
    return fail(Errno::kEPERM);
  const bool lacks_rwp = (features & spec::kUffdRwpAsync) != 0 && (features & spec::kUffdRwp) == 0;
  auto& userfaultfd = space.userfaultfds.at(number);
  if (!is_known || lacks_rwp || userfaultfd) return fail(Errno::kEINVAL);
  userfaultfd = features;
  return {};
}

Result need_userfaultfd(AddressSpace& space, std::uint64_t number) {
  const bool is_there = number < spec::kUserfaultfdCount && space.userfaultfds.at(number);
  return is_there ? Result{} : open_userfaultfd(space, number, 0);
}

Result need_all_faults(const AddressSpace& space) {
  return space.setup->uffd_kernel_faults ? Result{} : fail(Errno::kEPERM);
}

std::expected<spec::VmFlags, Errno> watch_flags(const spec::KernelProfile& profile,
                                                std::uint64_t mode, std::uint64_t features) {
  const bool knows_rwp =
      profile.uffd_features == spec::UffdFeatures::kRwp && (features & spec::kUffdRwp) != 0;
  constexpr std::array kModes{std::pair{spec::kUffdModeMissing, spec::kVmUffdMissing},
                              std::pair{spec::kUffdModeWp, spec::kVmUffdWp},
                              std::pair{spec::kUffdModeMinor, spec::kVmUffdMinor},
                              std::pair{spec::kUffdModeRwp, spec::kVmUffdRwp}};
  spec::VmFlags flags = 0;
  std::uint64_t rest = mode;
  for (const auto& [bit, flag] : kModes) {
    const bool is_known = bit != spec::kUffdModeRwp || knows_rwp;
    if ((mode & bit) == 0 || !is_known) continue;
    flags |= flag;
    rest &= ~bit;
  }
  constexpr spec::VmFlags kMarks = spec::kVmUffdWp | spec::kVmUffdRwp;
  if (rest != 0 || flags == 0 || (flags & kMarks) == kMarks) return std::unexpected{Errno::kEINVAL};
  return flags;
}

bool can_be_watched(const Vma& vma, spec::VmFlags flags, std::uint64_t features,
                    const spec::KernelProfile& profile) {
  // Before 6.17 the wrong flags were asked.
  const bool refuses_droppable = profile.uffd_droppable == spec::UffdDroppable::kRefused;
  if (refuses_droppable && (vma.flags & spec::kVmDroppable) != 0) return false;
  const bool is_special = (vma.flags & spec::kVmSpecial) != 0 && !is_hugetlb(vma.file.cls);
  if (is_special && profile.uffd_special == spec::UffdSpecial::kRefused) return false;
  const bool is_of_files = is_hugetlb(vma.file.cls) || vma.file.cls == FileClass::kMemfd ||
                           vma.file.cls == FileClass::kAnonShared;
  if ((flags & spec::kVmUffdMinor) != 0 && !is_of_files) return false;
  const bool waits_for_nobody = (features & spec::kUffdWpAsync) != 0;
  if (waits_for_nobody && (flags & spec::kVmUffd) == spec::kVmUffdWp) return true;
  return is_anonymous(vma) || is_of_files;
}

bool is_range_of_pages(const AddressSpace& space, Range range) {
  // Below the floor nothing is placed, but it can be mapped.
  const bool begins_anywhere = space.profile.uffd_floor == spec::UffdFloor::kAnywhere;
  if (!begins_anywhere && range.start < space.setup->placement_min_addr) return false;
  return spec::is_page_aligned(range.start) && spec::is_page_aligned(range.end) &&
         range.end > range.start && range.end <= space.setup->task_size;
}

Result check_watchable_range(const AddressSpace& space, Range range) {
  if (!is_range_of_pages(space, range)) return fail(Errno::kEINVAL);
  const Vma* const first = space.vmas.at_or_after(range.start);
  if (first == nullptr) {
    const bool is_nomem = space.profile.uffd_unmapped == spec::UffdUnmapped::kNomem;
    return fail(is_nomem ? Errno::kENOMEM : Errno::kEINVAL);
  }
  if (first->start >= range.end) return fail(Errno::kEINVAL);
  if (is_hugetlb(first->file.cls) && range.start % spec::kHugePageSize != 0) {
    return fail(Errno::kEINVAL);
  }
  return {};
}

Result change_watch(AddressSpace& space, Range part, const Vma& vma, spec::VmFlags flags,
                    std::uint32_t watcher) {
  const std::uint64_t pages = (part.start - vma.start) >> spec::kPageShift;
  const bool is_of_range = space.profile.uffd_offset == spec::UffdOffset::kOfRange;
  return change_watcher(space, part, flags, watcher, vma.pgoff + (is_of_range ? pages : 0));
}

}  // namespace vmadiff::model
