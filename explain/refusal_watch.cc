// explain: why a userfaultfd does not watch, or let go.
#include <fmt/format.h>

#include <algorithm>

#include "explain/refusal_rules.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

Why Rules::operator()(const spec::UffdRegister& c) const {
  const auto range = Range{c.addr, c.addr + c.length};
  if (errno_ == Errno::kEBADF) return no_number();
  const bool is_told_of_faults = (c.mode & (spec::kUffdModeMissing | spec::kUffdModeMinor)) != 0;
  if (errno_ == Errno::kEPERM && is_told_of_faults && !r_.setup.uffd_kernel_faults)
    return no_kernel_faults();
  if (errno_ == Errno::kEPERM) {
    const auto sealed = [](const Vma& vma) -> Why {
      return (vma.flags & spec::kVmSealed) != 0 ? "is sealed, and cannot be emptied" : "";
    };
    if (is_told_of_faults) {
      if (auto why = first_that(range, sealed, "MADV_DONTNEED_LOCKED"); !why.empty()) return why;
    }
    return first_that(
        range,
        [](const Vma& vma) -> Why {
          return (vma.flags & spec::kVmMaywrite) == 0 ? "may never be written" : "";
        },
        "userfaultfd_register");
  }
  if (errno_ == Errno::kEBUSY) {
    return first_that(
        range,
        [&c](const Vma& vma) -> Why {
          if (vma.userfaultfd != 0 && vma.userfaultfd != c.userfaultfd + 1)
            return fmt::format("is of userfaultfd {}", vma.userfaultfd - 1);
          return vma.userfaultfd != 0 ? "is registered for another mode" : "";
        },
        "userfaultfd_register");
  }
  if (errno_ == Errno::kEINVAL && c.mode == spec::kUffdModeRwp)
    return "the kernel, or the userfaultfd, does not know RWP, or the memory cannot be accessed "
           "(userfaultfd_register)";
  constexpr std::uint64_t kModes =
      spec::kUffdModeMissing | spec::kUffdModeWp | spec::kUffdModeMinor;
  if (errno_ == Errno::kEINVAL && (c.mode == 0 || (c.mode & ~kModes) != 0)) {
    return "no mode, or one that is not known, or two that exclude each other "
           "(userfaultfd_register)";
  }
  if (errno_ == Errno::kEINVAL && (c.mode & spec::kUffdModeMinor) != 0) {
    const auto why = first_that(
        range,
        [](const Vma& vma) -> Why {
          return vma.file.is_none() || vma.file.cls == FileClass::kZero
                     ? "is anonymous: its pages are in no file"
                     : "";
        },
        "vma_can_userfault");
    if (!why.empty()) return why;
  }
  return watch(range);
}

Why Rules::operator()(const spec::UffdUnregister& c) const {
  if (errno_ == Errno::kEBADF) return no_number();
  const auto range = Range{c.addr, c.addr + c.length};
  const bool is_strict = r_.profile.uffd_owner == spec::UffdOwner::kItsOwn;
  auto strangers = first_that(
      range,
      [&](const Vma& vma) -> Why {
        const bool is_others = vma.userfaultfd != 0 && vma.userfaultfd != c.userfaultfd + 1;
        return is_strict && is_others ? fmt::format("is of userfaultfd {}", vma.userfaultfd - 1)
                                      : "";
      },
      "userfaultfd_unregister");
  return strangers.empty() || errno_ != Errno::kEINVAL ? watch(range) : strangers;
}

Why Rules::operator()(const spec::UffdOpen& c) const {
  switch (errno_) {
    case Errno::kEBADF:
      return no_number();
    case Errno::kENOSYS:
      return "the kernel has no userfaultfd";
    case Errno::kEPERM:
      return "EVENT_FORK needs CAP_SYS_PTRACE (userfaultfd_api)";
    case Errno::kEINVAL:
      break;
    default:
      return {};
  }
  if ((c.features & spec::kUffdRwpAsync) != 0 && (c.features & spec::kUffdRwp) == 0)
    return "RWP_ASYNC needs RWP (userfaultfd_api)";
  return fmt::format(
      "it is open already, or a feature is not known (userfaultfd_api, uffd_features={})",
      spec::name(r_.profile.uffd_features));
}

Why Rules::mark(Range range, std::uint64_t mode, spec::VmFlags flag) const {
  if (errno_ == Errno::kEBADF) return no_number();
  if (errno_ == Errno::kEPERM) return no_kernel_faults();
  const bool both = (mode & spec::kUffdProtect) != 0 && (mode & spec::kUffdDontwake) != 0;
  if (errno_ == Errno::kEINVAL && (both || mode > 3))
    return "a mode that is not known, or marks that wake nobody anyway (userfaultfd_writeprotect)";
  if (errno_ != Errno::kENOENT) return watch(range);
  auto why = first_that(
      range,
      [flag](const Vma& vma) -> Why {
        return (vma.flags & flag) == 0 ? "is not registered for it" : "";
      },
      "mwriteprotect_range");
  if (!why.empty()) return why;
  return fmt::format(
      "nothing is mapped there, or more than one VMA (mwriteprotect_range, "
      "uffd_marks={})",
      spec::name(r_.profile.uffd_marks));
}

Why Rules::operator()(const spec::UffdWriteprotect& c) const {
  return mark({c.addr, c.addr + c.length}, c.mode, spec::kVmUffdWp);
}

Why Rules::operator()(const spec::UffdRwprotect& c) const {
  if (errno_ == Errno::kEINVAL && r_.profile.uffd_features != spec::UffdFeatures::kRwp)
    return "the kernel does not know UFFDIO_RWPROTECT";
  return mark({c.addr, c.addr + c.length}, c.mode, spec::kVmUffdRwp);
}

Why Rules::no_kernel_faults() {
  return "a userfaultfd may not have the kernel's own faults here (uffd_kernel_faults)";
}

Why Rules::no_number() {
  return fmt::format("a process has at most {} userfaultfds", spec::kUserfaultfdCount);
}

Why Rules::watch(Range range) const {
  if (errno_ == Errno::kENOSYS) return "the kernel has no userfaultfd";
  if (errno_ != Errno::kEINVAL && errno_ != Errno::kENOMEM) return {};
  if (!spec::is_page_aligned(range.start) || !spec::is_page_aligned(range.end)) {
    return "the range is not page-aligned (validate_unaligned_range)";
  }
  if (range.end <= range.start) return "the range is empty or wraps (validate_range)";
  if (range.end > r_.setup.task_size) {
    return "it reaches beyond the end of the address space (validate_range)";
  }
  if (range.start < r_.setup.placement_min_addr) {
    return fmt::format("it begins below {:#x} (validate_range, uffd_floor={})",
                       r_.setup.placement_min_addr, spec::name(r_.profile.uffd_floor));
  }
  const auto first = std::ranges::upper_bound(r_.before.vmas, range.start, {}, &Vma::end);
  if (first == r_.before.vmas.end() || first->start >= range.end) {
    return fmt::format("nothing is mapped there (userfaultfd_register, uffd_unmapped={})",
                       spec::name(r_.profile.uffd_unmapped));
  }
  if ((first->flags & spec::kVmHugetlb) != 0) {
    return "it does not begin, or end, at a huge page (userfaultfd_register)";
  }
  return first_that(
      range,
      [](const Vma& vma) -> Why {
        const bool is_shmem =
            vma.file.cls == FileClass::kMemfd || vma.file.cls == FileClass::kAnonShared;
        const bool is_anonymous = vma.file.is_none() || vma.file.cls == FileClass::kZero;
        if ((vma.flags & spec::kVmDroppable) != 0) return "is droppable";
        return is_shmem || is_anonymous ? "" : "is neither anonymous nor shmem nor of huge pages";
      },
      "vma_can_userfault");
}

}  // namespace vmadiff::explain
