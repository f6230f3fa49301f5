// explain: why advice, synchronisation and touches of pages are refused.
#include <fmt/format.h>

#include <algorithm>

#include "explain/boundary.h"
#include "explain/flag_names.h"
#include "explain/refusal_rules.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

Why Rules::operator()(const spec::Madvise& c) const {
  const Range range{c.addr, c.addr + spec::page_up(c.length)};
  const bool is_about_guards =
      c.advice == spec::kMadvGuardInstall || c.advice == spec::kMadvGuardRemove;
  switch (errno_) {
    case Errno::kEINVAL: {
      if (is_about_guards && r_.profile.guard_regions == spec::GuardRegions::kAbsent) {
        return fmt::format("guards are not known (guard_regions={})",
                           spec::name(r_.profile.guard_regions));
      }
      if (!spec::is_page_aligned(c.addr)) return unaligned("is_valid_madvise");
      if (range.end < c.addr || (c.length != 0 && spec::page_up(c.length) == 0)) {
        return "the range wraps (is_valid_madvise)";
      }
      const auto named = std::ranges::find(
          spec::kAdviceNames, static_cast<std::uint64_t>(static_cast<std::uint32_t>(c.advice)),
          &spec::FlagName::bits);
      if (named == spec::kAdviceNames.end()) {
        return "there is no such advice (madvise_behavior_valid)";
      }
      if (c.advice == spec::kMadvCollapse) {
        return "the process has transparent huge pages off (hugepage_madvise, madvise_collapse)";
      }
      return first_that(
          range, [&](const Vma& vma) { return refuses_advice(vma, c.advice); },
          "madvise_vma_behavior");
    }
    case Errno::kENOMEM:
      return hole(range, "madvise_walk_vmas");
    case Errno::kEPERM:
      if (c.advice == spec::kMadvRemove) {
        return first_that(
            range,
            [this](const Vma& vma) {
              const auto why = file_seals(vma.file);
              return why.empty() ? why : fmt::format("is of a file that has no holes: {}", why);
            },
            "shmem_fallocate");
      }
      return first_that(
          range,
          [](const Vma& vma) -> Why {
            return (vma.flags & spec::kVmSealed) == 0
                       ? ""
                       : "is sealed, and what cannot be written must not be "
                         "discarded either";
          },
          "can_madvise_modify");
    case Errno::kEACCES:
      return first_that(
          range,
          [](const Vma& vma) -> Why {
            constexpr auto kNeeded = spec::kVmShared | spec::kVmMaywrite;
            return (vma.flags & kNeeded) == kNeeded ? ""
                                                    : "is no shared memory that may be written";
          },
          "madvise_remove");
    case Errno::kENODEV:
      return c.advice == spec::kMadvRemove
                 ? "a hole is punched into a file, and a device has none (vfs_fallocate)"
                 : Why{};
    case Errno::kEFAULT: {
      auto why = first_that(
          range, [&](const Vma& vma) -> Why { return bus_error(vma, range); }, "madvise_populate");
      return why.empty() ? guard(range) : why;
    }
    default:
      return {};
  }
}

Why Rules::operator()(const spec::Touch& c) const {
  if (c.length > spec::kTouchBytesMax) return "it is longer than a touch may be";
  const Address last = c.addr + c.length - 1;
  if (last < c.addr || last >= r_.setup.task_size) {
    return "it reaches beyond the end of the address space";
  }
  const Range range{spec::page_down(c.addr), spec::page_down(last) + spec::kPageSize};
  for (Address at = range.start; at < range.end;) {
    const Vma* vma = vma_at(at);
    if (vma == nullptr) {
      return errno_ == Errno::kSIGSEGV ? fmt::format(
                                             "at {:#x} nothing is mapped, and no stack grows to it "
                                             "(do_user_addr_fault)",
                                             at)
                                       : Why{};
    }
    const auto needed = c.access == spec::Access::kWrite ? spec::kVmWrite : spec::kVmAccessFlags;
    if ((vma->flags & needed) == 0) {
      return errno_ == Errno::kSIGSEGV
                 ? fmt::format("{} does not permit it (access_error)", spec::text(*vma))
                 : Why{};
    }
    if (errno_ == Errno::kSIGSEGV && spec::pkey_of(vma->flags) != 0) {
      return fmt::format("{}, whose key's rights do not permit it (arch_vma_access_permitted)",
                         spec::text(*vma));
    }
    const Range here{at, std::min(vma->end, range.end)};
    if (errno_ == Errno::kSIGBUS) {
      if (auto why = bus_error(*vma, here); !why.empty()) {
        return fmt::format("{} {}", spec::text(*vma), why);
      }
    }
    at = vma->end;
  }
  return errno_ == Errno::kSIGSEGV ? guard(range) : Why{};
}

Why Rules::operator()(const spec::Msync& c) const {
  const Range range{c.addr, c.addr + spec::page_up(c.length)};
  constexpr std::uint64_t kBoth = spec::kMsAsync | spec::kMsSync;
  switch (errno_) {
    case Errno::kEINVAL:
      if ((c.flags & 0xffffffff & ~(kBoth | spec::kMsInvalidate)) != 0) {
        return "a flag is not known (msync)";
      }
      if (!spec::is_page_aligned(c.addr)) return unaligned("msync");
      if ((c.flags & kBoth) == kBoth) return "it is either MS_ASYNC or MS_SYNC (msync)";
      return first_that(
          range,
          [](const Vma& vma) -> Why {
            return (vma.flags & spec::kVmPfnmap) != 0 && is_shared(vma)
                       ? "is of a driver, which has no fsync"
                       : "";
          },
          "vfs_fsync_range");
    case Errno::kEBUSY:
      return first_that(
          range,
          [](const Vma& vma) -> Why {
            return (vma.flags & spec::kVmLocked) != 0 ? "is locked, and would be invalidated" : "";
          },
          "msync");
    case Errno::kENOMEM:
      if (range.end < range.start) return "the range wraps (msync)";
      return hole(range, "msync");
    default:
      return {};
  }
}

Why Rules::operator()(const spec::ProcessMadvise& c) const {
  if (errno_ == Errno::kEINVAL && c.flags != 0) return "no flag is defined (process_madvise)";
  if (errno_ == Errno::kEPERM && r_.profile.own_process_madvise == spec::OwnProcessMadvise::kNone) {
    return fmt::format("it asks for CAP_SYS_NICE (own_process_madvise={})",
                       spec::name(r_.profile.own_process_madvise));
  }
  const bool is_hint = c.advice == spec::kMadvCold || c.advice == spec::kMadvPageout ||
                       c.advice == spec::kMadvWillneed || c.advice == spec::kMadvCollapse;
  const bool takes_hints_alone =
      r_.profile.own_process_madvise == spec::OwnProcessMadvise::kHints ||
      r_.profile.own_process_madvise == spec::OwnProcessMadvise::kNone;
  if (errno_ == Errno::kEINVAL && !is_hint && takes_hints_alone) {
    return fmt::format("it takes hints alone (own_process_madvise={})",
                       spec::name(r_.profile.own_process_madvise));
  }
  if ((c.length | c.second_length) >> 63 != 0) return "a length is negative (import_iovec)";
  // Of an error nothing was done before: it is that of the first range that is not empty.
  const bool is_first = c.length != 0 || !spec::is_page_aligned(c.addr);
  return (*this)(is_first ? spec::Madvise{c.addr, c.length, c.advice}
                          : spec::Madvise{c.second_addr, c.second_length, c.advice});
}

Why Rules::refuses_advice(const Vma& vma, std::int32_t advice) const {
  const auto has = [&vma](spec::VmFlags flags) -> Why {
    const auto there = vma.flags & flags;
    return there == 0 ? "" : fmt::format("has {}", flag_names(there));
  };
  switch (advice) {
    case spec::kMadvDontneed:
    case spec::kMadvFree:
      if (auto why = has(spec::kVmPfnmap | spec::kVmLocked | spec::kVmHugetlb); !why.empty())
        return why;
      return advice == spec::kMadvFree && !vma.file.is_none() && vma.file.cls != FileClass::kZero
                 ? "is not anonymous"
                 : "";
    case spec::kMadvDontneedLocked:
      return has(spec::kVmPfnmap | spec::kVmHugetlb);
    case spec::kMadvCold:
    case spec::kMadvPageout:
      return has(spec::kVmLocked | spec::kVmPfnmap | spec::kVmHugetlb);
    case spec::kMadvRemove:
      if (vma.file.is_none()) return "has no file";
      if (auto why = has(spec::kVmLocked); !why.empty()) return why;
      return "has an offset that no file has: no hole can be punched there (vfs_fallocate)";
    case spec::kMadvGuardInstall:
      return has(spec::kVmSpecial | spec::kVmHugetlb | spec::kVmLocked);
    case spec::kMadvGuardRemove:
      return has(spec::kVmSpecial | spec::kVmHugetlb);
    case spec::kMadvDofork:
      return has(spec::kVmSpecial);
    case spec::kMadvDodump:
      return has(spec::kVmSpecial | spec::kVmDroppable);
    case spec::kMadvWipeonfork:
      return is_shared(vma) || !vma.file.is_none() ? "is no private anonymous memory" : "";
    case spec::kMadvKeeponfork:
      return has(spec::kVmDroppable);
    case spec::kMadvPopulateRead:
    case spec::kMadvPopulateWrite: {
      if (auto why = has(spec::kVmIo | spec::kVmPfnmap); !why.empty()) return why;
      const auto needed = advice == spec::kMadvPopulateWrite ? spec::kVmWrite : spec::kVmRead;
      const auto lacks = needed & ~vma.flags;
      if (lacks != 0) return fmt::format("has not {}", flag_names(lacks));
      return spec::pkey_of(vma.flags) == 0 ? "" : "has a key whose rights do not permit it";
    }
    default:
      return has(spec::kVmHugetlb);
  }
}

}  // namespace vmadiff::explain
