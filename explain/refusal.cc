// explain: the rules by which calls are refused.
#include "explain/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "explain/boundary.h"
#include "explain/flag_names.h"
#include "properties/claims/reach.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {
namespace {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;
using Why = std::string;

bool is_shared(const Vma& vma) { return (vma.flags & (spec::kVmShared | spec::kVmMayshare)) != 0; }

/// One failed call, and the questions that several calls ask.
class Rules {
 public:
  explicit Rules(const Refused& r) : r_(r), errno_(r.outcome.error()) {}

  Why operator()(const spec::Mmap& c) const {
    const bool is_anonymous = (c.flags & spec::kMapAnonymous) != 0;
    const auto type = c.flags & spec::kMapType;
    const bool is_fixed = (c.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0;
    const auto length = properties::in_pages(c.length, properties::maps_huge_pages(c));
    const Range range{c.addr, c.addr + length};
    const auto hooks = spec::hooks_of(c.file.cls, r_.profile);
    switch (errno_) {
      case Errno::kEINVAL:
        if (!spec::is_page_aligned(c.offset)) return "the offset is not page-aligned (sys_mmap)";
        if (c.length == 0) return "the length is 0 (do_mmap)";
        if ((c.flags & spec::kMapHugetlb) != 0 && !is_anonymous &&
            c.file.cls != FileClass::kHugetlb) {
          return "MAP_HUGETLB needs a file of huge pages (ksys_mmap_pgoff)";
        }
        if ((c.flags & spec::kMapHugetlb) != 0 && is_anonymous &&
            (c.flags & spec::kMapHugeSize) != 0 &&
            (c.flags & spec::kMapHugeSize) != spec::kMapHuge2Mb) {
          return "there are no huge pages of that size (ksys_mmap_pgoff)";
        }
        if (is_fixed && !spec::is_page_aligned(c.addr)) {
          return "the address is not page-aligned (__get_unmapped_area)";
        }
        if (is_fixed && properties::maps_huge_pages(c) && c.addr % spec::kHugePageSize != 0) {
          return "the address is not aligned to a huge page (hugetlb_get_unmapped_area)";
        }
        if (type != spec::kMapShared && type != spec::kMapPrivate &&
            !(type == spec::kMapSharedValidate && !is_anonymous) &&
            !(type == spec::kMapDroppable && is_anonymous)) {
          return "it is neither MAP_PRIVATE nor MAP_SHARED (do_mmap)";
        }
        if (type == spec::kMapDroppable &&
            r_.profile.droppable_maps == spec::DroppableMaps::kAbsent) {
          return fmt::format("MAP_DROPPABLE is not known (droppable_maps={})",
                             spec::name(r_.profile.droppable_maps));
        }
        if (type == spec::kMapDroppable && (c.flags & spec::kMapLocked) != 0) {
          return "droppable memory is not locked (do_mmap)";
        }
        if ((c.flags & spec::kMapGrowsdown) != 0 && (!is_anonymous || type != spec::kMapPrivate)) {
          return "only private anonymous memory grows down (do_mmap)";
        }
        if (is_fixed) return split_huge_page(range);
        return {};
      case Errno::kEBADF:
        return c.file.is_none() && !is_anonymous ? "there is no file (fget)" : "";
      case Errno::kENODEV:
        if (is_anonymous) return {};
        if (hooks.mmap == hooks.mmap_prepare) {
          return fmt::format(
              "a file is mapped by .mmap or by .mmap_prepare, and {} has {} "
              "(can_mmap_file)",
              spec::text(c.file), hooks.mmap ? "both" : "neither");
        }
        return {};
      case Errno::kEACCES:
        if ((c.prot & spec::kProtWrite) != 0 && !is_anonymous &&
            c.file.cls == FileClass::kFileReadOnly) {
          return "the file is open for reading only, and the mapping is shared and writable "
                 "(do_mmap)";
        }
        return write_or_execute(c.prot);
      case Errno::kEEXIST:
        return overlapped(range, "MAP_FIXED_NOREPLACE (do_mmap)");
      case Errno::kEOVERFLOW:
        return "the file has no such offsets (file_mmap_ok)";
      case Errno::kEOPNOTSUPP:
        return "MAP_SHARED_VALIDATE refuses a flag that the file does not support (do_mmap)";
      case Errno::kEPERM:
        if (is_fixed && c.addr < r_.setup.mmap_min_addr) {
          return fmt::format("it is below vm.mmap_min_addr, {:#x} (cap_mmap_addr)",
                             r_.setup.mmap_min_addr);
        }
        if (const auto why = sealed(range); is_fixed && !why.empty()) return why;
        if (const auto why = file_seals(c.file); !is_anonymous && !why.empty()) {
          return fmt::format("{}, and the mapping is shared (memfd_check_seals_mmap)", why);
        }
        if ((c.prot & spec::kProtExec) != 0 && (r_.setup.zero_noexec || r_.setup.file_noexec) &&
            !is_anonymous) {
          return "the file's mount is noexec (do_mmap)";
        }
        return {};
      case Errno::kENOMEM:
        if (length < c.length) return "the length wraps when it is rounded (do_mmap)";
        if (c.length > r_.setup.task_size || (is_fixed && c.addr > r_.setup.task_size - length)) {
          return "it is beyond the end of the address space (__get_unmapped_area)";
        }
        if (properties::maps_huge_pages(c) && (c.flags & spec::kMapNoreserve) == 0) {
          return fmt::format("{} (hugetlb_reserve_pages)", pool());
        }
        if (is_fixed && r_.profile.mmap_replace == spec::MmapReplace::kUnmapsThenCharges) {
          auto why = sealed(range);
          if (why.empty()) why = split_huge_page(range);
          return why.empty() ? why
                             : fmt::format(
                                   "what is there cannot be unmapped, since {}, "
                                   "mmap_replace={}",
                                   why, spec::name(r_.profile.mmap_replace));
        }
        return is_fixed ? "" : "nowhere is so much room free where it may lie (vm_unmapped_area)";
      default:
        // An address, unaligned and so high, is taken for an errno.
        return is_fixed && c.addr > ~Address{0} - spec::kPageSize
                   ? "the address that was asked for looks like an error (IS_ERR_VALUE)"
                   : "";
    }
  }

  Why operator()(const spec::Munmap& c) const {
    const Range range{c.addr, c.addr + spec::page_up(c.length)};
    if (errno_ == Errno::kEINVAL) {
      if (!spec::is_page_aligned(c.addr)) return unaligned("do_vmi_munmap");
      if (spec::page_up(c.length) == 0) return "the length is 0 (do_vmi_munmap)";
      if (c.addr > r_.setup.task_size || c.length > r_.setup.task_size - c.addr) {
        return "it reaches beyond the end of the address space (do_vmi_munmap)";
      }
      return split_huge_page(range);
    }
    return errno_ == Errno::kEPERM ? sealed(range) : Why{};
  }

  Why operator()(const spec::Mprotect& c) const { return protect(c.addr, c.length, c.prot); }
  Why operator()(const spec::PkeyMprotect& c) const {
    auto why = protect(c.addr, c.length, c.prot);
    const bool is_of_key = errno_ == Errno::kEINVAL && c.pkey != spec::kNoPkey && why.empty();
    return is_of_key ? no_key(c.pkey) : why;
  }
  Why operator()(const spec::PkeyFree& c) const { return no_key(c.pkey); }
  Why operator()(const spec::PkeyAlloc& c) const {
    if (errno_ == Errno::kENOSPC) {
      return r_.setup.protection_keys ? "all keys are taken (mm_pkey_alloc)"
                                      : "the machine has no protection keys (mm_pkey_alloc)";
    }
    if (errno_ != Errno::kEINVAL) return {};
    if (c.flags != 0) return "no flag is known (pkey_alloc)";
    if ((c.rights & ~(spec::kPkeyDisableAccess | spec::kPkeyDisableWrite)) != 0) {
      return "a right is not known (pkey_alloc)";
    }
    return fmt::format(
        "the machine has no protection keys, which shows only when the rights of the one that was "
        "taken are to be set (alloc_without_keys={})",
        spec::name(r_.profile.alloc_without_keys));
  }
  Why operator()(const spec::Shmat& c) const {
    const bool remaps = (c.flags & spec::kShmRemap) != 0;
    const Address addr = spec::page_down(c.addr);
    switch (errno_) {
      case Errno::kEINVAL: {
        if (addr != c.addr && (c.flags & spec::kShmRnd) == 0) {
          return "the address is not page-aligned, and SHM_RND is not there (do_shmat)";
        }
        if (addr == 0 && remaps) return "SHM_REMAP needs an address (do_shmat)";
        if (c.segment >= spec::kFilesPerClass)
          return "there is no such segment (shm_obtain_object)";
        const Address size = spec::kSegmentBytes[c.segment];
        if (addr + size < addr) return "the range wraps (do_shmat)";
        return remaps ? Why{}
                      : overlapped({addr, addr + size}, "SHM_REMAP is not there (do_shmat)");
      }
      case Errno::kEPERM:
        if (c.addr != 0 && addr < r_.setup.mmap_min_addr) {
          return fmt::format("it is below vm.mmap_min_addr, {:#x} (cap_mmap_addr)",
                             r_.setup.mmap_min_addr);
        }
        return c.segment < spec::kFilesPerClass
                   ? sealed({addr, addr + spec::page_up(spec::kSegmentBytes[c.segment])})
                   : Why{};
      case Errno::kENOMEM:
        return c.addr != 0 && addr > r_.setup.task_size - spec::kPageSize
                   ? "it is beyond the end of the address space (__get_unmapped_area)"
                   : "";
      default:
        return {};
    }
  }
  Why operator()(const spec::Shmdt& c) const {
    if (!spec::is_page_aligned(c.addr)) return unaligned("shmdt");
    return "nothing is left of a segment that was attached there (shmdt)";
  }

  Why operator()(const spec::Madvise& c) const {
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
            range, [&](const Vma& vma) -> Why { return bus_error(vma, range); },
            "madvise_populate");
        return why.empty() ? guard(range) : why;
      }
      default:
        return {};
    }
  }

  Why operator()(const spec::Prctl& c) const {
    const bool is_about_mdwe = c.option == spec::kPrSetMdwe || c.option == spec::kPrGetMdwe;
    const bool is_about_ksm =
        c.option == spec::kPrSetMemoryMerge || c.option == spec::kPrGetMemoryMerge;
    if (errno_ == Errno::kEPERM && is_about_mdwe) {
      return "MDWE is on, and stays as it is (prctl_set_mdwe)";
    }
    if (errno_ == Errno::kEPERM) return "the process has no CAP_SYS_RESOURCE (prctl)";
    if (errno_ != Errno::kEINVAL) return {};
    if (is_about_mdwe && r_.profile.mdwe == spec::Mdwe::kAbsent) {
      return fmt::format("it is not known (mdwe={})", spec::name(r_.profile.mdwe));
    }
    if (c.option == spec::kPrSetMdwe && (c.arg3 | c.arg4 | c.arg5) == 0) {
      return c.arg2 == spec::kMdweNoInherit
                 ? "PR_MDWE_NO_INHERIT stands with PR_MDWE_REFUSE_EXEC_GAIN only (prctl_set_mdwe)"
                 : "a flag is not known (prctl_set_mdwe)";
    }
    if (is_about_ksm && r_.profile.process_ksm == spec::ProcessKsm::kAbsent) {
      return fmt::format("it is not known (process_ksm={})", spec::name(r_.profile.process_ksm));
    }
    return "an argument that has no meaning is not 0 (prctl)";
  }

  Why operator()(const spec::Touch& c) const {
    if (c.length > spec::kTouchBytesMax) return "it is longer than a touch may be";
    const Address last = c.addr + c.length - 1;
    if (last < c.addr || last >= r_.setup.task_size) {
      return "it reaches beyond the end of the address space";
    }
    const Range range{spec::page_down(c.addr), spec::page_down(last) + spec::kPageSize};
    for (Address at = range.start; at < range.end;) {
      const Vma* vma = vma_at(at);
      if (vma == nullptr) {
        return errno_ == Errno::kSIGSEGV
                   ? fmt::format(
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

  Why operator()(const spec::Mremap& c) const {
    const Vma* vma = vma_at(c.addr);
    const auto old_length = spec::page_up(c.length);
    const auto new_length = spec::page_up(c.new_length);
    const Range to{c.new_addr, c.new_addr + new_length};
    const Range from{c.addr, c.addr + old_length};
    const bool may_move = (c.flags & spec::kMremapMaymove) != 0;
    const bool is_fixed = (c.flags & spec::kMremapFixed) != 0;
    const bool keeps = (c.flags & spec::kMremapDontunmap) != 0;
    switch (errno_) {
      case Errno::kEINVAL:
        if ((c.flags & ~(spec::kMremapMaymove | spec::kMremapFixed | spec::kMremapDontunmap)) != 0)
          return "a flag is not known (check_mremap_params)";
        if ((is_fixed || keeps) && !may_move) {
          return "MREMAP_FIXED and MREMAP_DONTUNMAP need MREMAP_MAYMOVE (check_mremap_params)";
        }
        if (!spec::is_page_aligned(c.addr)) return unaligned("check_mremap_params");
        if (new_length == 0) return "the new length is 0 (check_mremap_params)";
        if (keeps && old_length != new_length) {
          return "MREMAP_DONTUNMAP keeps the length (check_mremap_params)";
        }
        if ((is_fixed || keeps) && !spec::is_page_aligned(c.new_addr)) {
          return "the new address is not page-aligned (check_mremap_params)";
        }
        if ((is_fixed || keeps) &&
            (new_length > r_.setup.task_size || c.new_addr > r_.setup.task_size - new_length)) {
          return "the destination reaches beyond the end of the address space "
                 "(check_mremap_params)";
        }
        if ((is_fixed || keeps) && from.overlaps(to)) {
          return "the destination overlaps the source (check_mremap_params)";
        }
        if (vma == nullptr) return {};
        if ((vma->flags & spec::kVmHugetlb) != 0) {
          return "memory of huge pages moves and shrinks by whole ones, and does not grow "
                 "(check_prep_vma)";
        }
        if (c.length == 0 && !is_shared(*vma)) {
          return "only shared memory has a second mapping made of it (check_prep_vma)";
        }
        if (keeps && (vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)) != 0) {
          return fmt::format("MREMAP_DONTUNMAP does not take memory with {} (check_prep_vma)",
                             flag_names(vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)));
        }
        return {};
      case Errno::kEFAULT:
        if (vma == nullptr) return fmt::format("at {:#x} nothing is mapped (mremap_to)", c.addr);
        if (from.end > vma->end) {
          return fmt::format("the range reaches over the end of its VMA, {} (check_prep_vma)",
                             spec::text(*vma));
        }
        if (new_length > old_length &&
            (vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)) != 0) {
          return fmt::format("memory with {} does not grow (check_prep_vma)",
                             flag_names(vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)));
        }
        return {};
      case Errno::kEPERM: {
        if (const auto why = sealed(from); !why.empty()) return why;
        return is_fixed ? sealed(to) : Why{};
      }
      case Errno::kENOMEM: {
        if (may_move || vma == nullptr || new_length <= old_length) return {};
        if (from.end != vma->end) {
          return "it does not end where its VMA does, and must not move (expand_vma)";
        }
        const Range more{vma->end, c.addr + new_length};
        if (const auto why = overlapped(more, "it must not move (vma_expandable)"); !why.empty())
          return why;
        return more.end > r_.setup.task_size
                   ? "it would reach beyond the end of the address space (vma_expandable)"
                   : Why{};
      }
      default:
        return {};
    }
  }

  Why operator()(const spec::Mlock& c) const { return lock(c.addr, c.length); }
  Why operator()(const spec::Mlock2& c) const {
    if (errno_ == Errno::kEINVAL && (c.flags & 0xffffffff & ~spec::kMlockOnfault) != 0) {
      return "a flag is not known (mlock2)";
    }
    return lock(c.addr, c.length);
  }
  Why operator()(const spec::Munlock& c) const { return lock(c.addr, c.length); }
  Why operator()(const spec::Mlockall& c) const {
    if (errno_ != Errno::kEINVAL) return {};
    return c.flags == spec::kMclOnfault ? "MCL_ONFAULT stands with another flag only (mlockall)"
                                        : "no flag, or one that is not known (mlockall)";
  }
  Why operator()(const spec::Munlockall&) const { return {}; }

  Why operator()(const spec::Mseal& c) const {
    const Range range{c.addr, c.addr + spec::page_up(c.length)};
    if (errno_ == Errno::kENOSYS) {
      return fmt::format("there is no such call (mseal={})", spec::name(r_.profile.mseal));
    }
    if (errno_ == Errno::kENOMEM) return hole(range, "range_contains_unmapped");
    if (errno_ != Errno::kEINVAL) return {};
    if (c.flags != 0) return "no flag is defined (do_mseal)";
    if (!spec::is_page_aligned(c.addr)) return unaligned("do_mseal");
    if (range.end < c.addr || (c.length != 0 && spec::page_up(c.length) == 0)) {
      return "the range wraps (do_mseal)";
    }
    return split_huge_page(range);
  }

  Why operator()(const spec::RemapFilePages& c) const {
    if (errno_ != Errno::kEINVAL) return {};
    if (c.prot != 0) return "prot must be 0 (remap_file_pages)";
    const Address start = spec::page_down(c.addr);
    const Range range{start, start + spec::page_down(c.length)};
    if (range.end <= range.start) return "no whole page is named, or it wraps (remap_file_pages)";
    const Vma* vma = vma_at(start);
    if (vma == nullptr) return fmt::format("at {:#x} nothing is mapped (remap_file_pages)", start);
    if ((vma->flags & spec::kVmShared) == 0) return "the memory is not shared (remap_file_pages)";
    if (range.end > vma->end) {
      return "what lies behind the first VMA is not all like it (remap_file_pages)";
    }
    return (vma->flags & spec::kVmHugetlb) != 0 ? "huge pages come whole (__split_vma)" : Why{};
  }

  Why operator()(const spec::Setrlimit&) const {
    return errno_ == Errno::kEINVAL ? "the soft limit is over the hard limit (do_prlimit)" : "";
  }
  Why operator()(const spec::Fork&) const {
    return errno_ == Errno::kEAGAIN
               ? fmt::format("a trace has at most {} processes", spec::kProcessCountMax)
               : Why{};
  }
  Why operator()(const spec::Exec&) const { return {}; }
  Why operator()(const spec::Exit&) const {
    return errno_ == Errno::kEPERM ? "process 0 stays until the trace is at its end" : "";
  }
  Why operator()(const spec::UffdRegister& c) const {
    const auto range = Range{c.addr, c.addr + c.length};
    if (errno_ == Errno::kEBADF) return no_number();
    if (errno_ == Errno::kEPERM) {
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
    if (errno_ == Errno::kEINVAL && c.mode != spec::kUffdModeWp) {
      return "no mode, or one that is not known, or two that exclude each other "
             "(userfaultfd_register)";
    }
    return watch(range);
  }
  Why operator()(const spec::UffdUnregister& c) const {
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
  Why operator()(const spec::UffdOpen& c) const {
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
  Why operator()(const spec::UffdClose&) const {
    return errno_ == Errno::kEBADF ? "no userfaultfd of that number is open" : "";
  }

  Why operator()(const spec::Mbind& c) const {
    const Range range{c.addr, c.addr + spec::page_up(c.length)};
    if (errno_ == Errno::kENOSYS) return "the kernel has no NUMA";
    if (errno_ == Errno::kEPERM) return "MPOL_MF_MOVE_ALL needs CAP_SYS_NICE (do_mbind)";
    if (errno_ == Errno::kEFAULT) {
      if (c.mode == spec::kMpolDefault) return "nothing is mapped there (queue_pages_range)";
      return hole(range, "queue_pages_test_walk");
    }
    if (errno_ != Errno::kEINVAL) return {};
    if (!spec::is_page_aligned(c.addr)) return unaligned("do_mbind");
    if (range.end < range.start) return "the range wraps (do_mbind)";
    return policy(c.mode, c.nodes);
  }
  Why operator()(const spec::SetMempolicy& c) const {
    if (errno_ == Errno::kENOSYS) return "the kernel has no NUMA";
    return errno_ == Errno::kEINVAL ? policy(c.mode, c.nodes) : Why{};
  }
  Why operator()(const spec::SetVmaName& c) const {
    const Range range{c.addr, c.addr + spec::page_up(c.length)};
    switch (errno_) {
      case Errno::kEFAULT:
        return "the name cannot be read (strndup_user)";
      case Errno::kEINVAL:
        if (!r_.setup.vma_names) return "the kernel has no CONFIG_ANON_VMA_NAME";
        if (c.name.text().size() > spec::kVmaNameLengthMax) {
          return fmt::format("a name has at most {} bytes (strndup_user)", spec::kVmaNameLengthMax);
        }
        if (!spec::is_page_aligned(c.addr)) return unaligned("madvise_set_anon_name");
        if (range.end < range.start || (c.length != 0 && range.size() == 0)) {
          return "the range wraps (madvise_set_anon_name)";
        }
        return "a name is of printable characters without \\, `, $, [ and ] (is_valid_name_char)";
      case Errno::kEBADF:
        return first_that(
            range,
            [this](const Vma& vma) -> Why {
              const bool is_shmem =
                  vma.file.cls == FileClass::kAnonShared || vma.file.cls == FileClass::kMemfd;
              const bool is_named_too =
                  is_shmem && r_.profile.shared_names == spec::SharedNames::kTaken;
              return vma.file.is_none() || is_named_too ? "" : "is not anonymous";
            },
            "madvise_vma_behavior");
      case Errno::kENOMEM:
        return hole(range, "madvise_walk_vmas");
      default:
        return {};
    }
  }

  Why operator()(const spec::Msync& c) const {
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
              return (vma.flags & spec::kVmLocked) != 0 ? "is locked, and would be invalidated"
                                                        : "";
            },
            "msync");
      case Errno::kENOMEM:
        if (range.end < range.start) return "the range wraps (msync)";
        return hole(range, "msync");
      default:
        return {};
    }
  }

  Why operator()(const spec::AddSeals& c) const {
    switch (errno_) {
      case Errno::kEBADF:
        return "there is no file (fget)";
      case Errno::kEBUSY:
        return "a mapping may write to the file (mapping_deny_writable)";
      case Errno::kEPERM:
        return c.file.cls == FileClass::kFileReadOnly
                   ? "the file is open for reading only (memfd_add_seals)"
                   : "F_SEAL_SEAL is set: no seal is added any more (memfd_add_seals)";
      case Errno::kEINVAL:
        if ((c.seals & spec::kSealExec) != 0 && r_.profile.exec_seal == spec::ExecSeal::kAbsent) {
          return fmt::format("F_SEAL_EXEC is not known (exec_seal={})",
                             spec::name(r_.profile.exec_seal));
        }
        return c.file.cls == FileClass::kMemfd
                   ? "a seal is not known (memfd_add_seals)"
                   : fmt::format("{} has no seals (memfd_file_seals_ptr)", spec::text(c.file));
      default:
        return {};
    }
  }

  Why operator()(const spec::ProcessMadvise& c) const {
    if (errno_ == Errno::kEINVAL && c.flags != 0) return "no flag is defined (process_madvise)";
    if (errno_ == Errno::kEPERM &&
        r_.profile.own_process_madvise == spec::OwnProcessMadvise::kNone) {
      return fmt::format("it asks for CAP_SYS_NICE (own_process_madvise={})",
                         spec::name(r_.profile.own_process_madvise));
    }
    const bool is_hint = c.advice == spec::kMadvCold || c.advice == spec::kMadvPageout ||
                         c.advice == spec::kMadvWillneed || c.advice == spec::kMadvCollapse;
    if (errno_ == Errno::kEINVAL && !is_hint &&
        r_.profile.own_process_madvise != spec::OwnProcessMadvise::kAll) {
      return fmt::format("it takes hints alone (own_process_madvise={})",
                         spec::name(r_.profile.own_process_madvise));
    }
    if ((c.length | c.second_length) >> 63 != 0) return "a length is negative (import_iovec)";
    // Of an error nothing was done before: it is that of the first range that is not empty.
    const bool is_first = c.length != 0 || !spec::is_page_aligned(c.addr);
    return (*this)(is_first ? spec::Madvise{c.addr, c.length, c.advice}
                            : spec::Madvise{c.second_addr, c.second_length, c.advice});
  }

  /// brk has no errno.
  Why operator()(const spec::Brk&) const { return {}; }

 private:
  [[nodiscard]] const Vma* vma_at(Address a) const { return explain::vma_at(r_.before, a); }

  /// Which write seal an earlier call has set.
  [[nodiscard]] Why file_seals(spec::FileId file) const {
    for (std::size_t i = 0; i < r_.earlier.size(); ++i) {
      const auto* call = std::get_if<spec::AddSeals>(&r_.earlier[i].call);
      constexpr std::uint64_t kWrite = spec::kSealWrite | spec::kSealFutureWrite | spec::kSealExec;
      if (call == nullptr || call->file != file || (call->seals & kWrite) == 0) continue;
      return fmt::format("call {} has sealed {} against writing", i + 1, spec::text(file));
    }
    return {};
  }

  /// What MDWE says of such a protection, if an earlier call has turned it on.
  [[nodiscard]] Why write_or_execute(std::uint64_t prot) const {
    if ((prot & spec::kProtExec) == 0) return {};
    for (std::size_t i = 0; i < r_.earlier.size(); ++i) {
      const auto* call = std::get_if<spec::Prctl>(&r_.earlier[i].call);
      if (call == nullptr || call->option != spec::kPrSetMdwe || call->arg2 == 0) continue;
      return fmt::format("call {} has turned MDWE on: {} (map_deny_write_exec)", i + 1,
                         (prot & spec::kProtWrite) != 0
                             ? "nothing is both writable and executable"
                             : "nothing that is mapped becomes executable");
    }
    return {};
  }

  static Why unaligned(std::string_view where) {
    return fmt::format("the address is not page-aligned ({})", where);
  }

  [[nodiscard]] Why hole(Range range, std::string_view where) const {
    for (Address at = range.start; at < range.end;) {
      const Vma* vma = vma_at(at);
      if (vma == nullptr) return fmt::format("at {:#x} nothing is mapped ({})", at, where);
      at = vma->end;
    }
    return {};
  }

  /// "VMA IS …", of the first VMA in the range of which `why` says something.
  [[nodiscard]] Why first_that(Range range, const auto& why, std::string_view where) const {
    for (const Vma& vma : r_.before.vmas) {
      if (!vma.range().overlaps(range)) continue;
      const Why what = why(vma);
      if (!what.empty()) return fmt::format("{} {} ({})", spec::text(vma), what, where);
    }
    return {};
  }

  [[nodiscard]] Why sealed(Range range) const {
    return first_that(
        range,
        [](const Vma& vma) -> Why { return (vma.flags & spec::kVmSealed) != 0 ? "is sealed" : ""; },
        "can_modify_mm, vma_is_sealed");
  }

  [[nodiscard]] Why overlapped(Range range, std::string_view what) const {
    for (const Vma& vma : r_.before.vmas) {
      if (vma.range().overlaps(range)) {
        return fmt::format("{} is in the way, and {}", spec::text(vma), what);
      }
    }
    return {};
  }

  /// One end of the range lies inside a huge page.
  [[nodiscard]] Why split_huge_page(Range range) const {
    for (const Address end : {range.start, range.end}) {
      const Vma* vma = vma_at(end);
      if (vma != nullptr && vma->start < end && (vma->flags & spec::kVmHugetlb) != 0 &&
          end % spec::kHugePageSize != 0) {
        return fmt::format("{:#x} lies inside a huge page of {} (hugetlb_vm_op_split)", end,
                           spec::text(*vma));
      }
    }
    return {};
  }

  [[nodiscard]] Why no_key(std::int32_t pkey) const {
    if (!r_.setup.protection_keys) {
      return "the machine has no protection keys (mm_pkey_is_allocated)";
    }
    return fmt::format("the key {} was not given by pkey_alloc (mm_pkey_is_allocated)", pkey);
  }

  [[nodiscard]] Why protect(Address addr, Address length, std::uint64_t prot) const {
    const Range range{addr, addr + spec::page_up(length)};
    const auto grows = prot & (spec::kProtGrowsdown | spec::kProtGrowsup);
    switch (errno_) {
      case Errno::kEINVAL:
        if (!spec::is_page_aligned(addr)) return unaligned("do_mprotect_pkey");
        if (grows == (spec::kProtGrowsdown | spec::kProtGrowsup)) {
          return "it cannot grow both ways (do_mprotect_pkey)";
        }
        if ((prot & ~(spec::kProtRead | spec::kProtWrite | spec::kProtExec | spec::kProtSem |
                      grows)) != 0) {
          return "a protection is not known (arch_validate_prot)";
        }
        if (grows != 0) return "the memory does not grow that way (do_mprotect_pkey)";
        return split_huge_page(range);
      case Errno::kENOMEM:
        if (range.end <= range.start) return "the range wraps (do_mprotect_pkey)";
        return hole(range, "do_mprotect_pkey");
      case Errno::kEACCES: {
        spec::VmFlags asked = 0;
        if ((prot & spec::kProtRead) != 0) asked |= spec::kVmMayread;
        if ((prot & spec::kProtWrite) != 0) asked |= spec::kVmMaywrite;
        if ((prot & spec::kProtExec) != 0) asked |= spec::kVmMayexec;
        auto why = first_that(
            range,
            [asked](const Vma& vma) -> Why {
              const auto lacks = asked & ~vma.flags;
              return lacks == 0 ? "" : fmt::format("has not {}", flag_names(lacks));
            },
            "do_mprotect_pkey");
        return why.empty() ? write_or_execute(prot) : why;
      }
      case Errno::kEPERM:
        return sealed(range);
      default:
        return {};
    }
  }

  [[nodiscard]] Why lock(Address addr, Address length) const {
    const Address start = spec::page_down(addr);
    const Range range{start, start + spec::page_up(length + addr % spec::kPageSize)};
    if (errno_ == Errno::kEINVAL && range.end < start)
      return "the range wraps (apply_vma_lock_flags)";
    if (errno_ == Errno::kEINVAL) return split_huge_page(range);
    if (errno_ == Errno::kEPERM) return "RLIMIT_MEMLOCK is 0 (can_do_mlock)";
    if (errno_ != Errno::kENOMEM) return {};
    if (auto why = hole(range, "apply_vma_lock_flags"); !why.empty()) return why;
    // What is populated must be there to be had.
    if (auto why = first_that(
            range, [&](const Vma& vma) { return bus_error(vma, range); }, "__mm_populate");
        !why.empty()) {
      return why;
    }
    auto why = first_that(
        range,
        [](const Vma& vma) -> Why {
          return (vma.flags & spec::kVmAccessFlags) == 0
                     ? "cannot be accessed, so that no page can be had"
                     : "";
        },
        "__mm_populate");
    return why.empty() ? guard(range) : why;
  }

  [[nodiscard]] static Why no_number() {
    return fmt::format("a process has at most {} userfaultfds", spec::kUserfaultfdCount);
  }

  [[nodiscard]] Why watch(Range range) const {
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

  [[nodiscard]] Why policy(std::uint16_t mode, std::uint64_t nodes) const {
    if (mode == spec::kMpolDefault && nodes != 0) return "MPOL_DEFAULT takes no nodes (mpol_new)";
    if (mode == spec::kMpolLocal && nodes != 0) return "MPOL_LOCAL takes no nodes (mpol_new)";
    if ((nodes & r_.setup.nodes) == 0) {
      return fmt::format(
          "of the nodes {:#x} none can be used here: {:#x} (mpol_set_nodemask), or "
          "mode and flags do not go together (sanitize_mpol_flags)",
          nodes, r_.setup.nodes);
    }
    return "mode and flags do not go together (sanitize_mpol_flags)";
  }

  /// "VMA refuses the advice", in words that go on behind the VMA.
  [[nodiscard]] Why refuses_advice(const Vma& vma, std::int32_t advice) const {
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

  [[nodiscard]] std::string pool() const {
    const auto& [free, reserved, surplus] = r_.before.huge_pages;
    if (!r_.setup.has_huge_pages()) return "the pool of huge pages is empty";
    return fmt::format("of the pool's huge pages {} are free, {} of these reserved", free,
                       reserved);
  }

  /// A page in the range that no file has, in words that go on behind the VMA.
  [[nodiscard]] Why bus_error(const Vma& vma, Range range) const {
    if ((vma.flags & spec::kVmHugetlb) != 0) {
      const auto& [free, reserved, surplus] = r_.before.huge_pages;
      return free == reserved ? fmt::format("has no huge page: {}", pool())
                              : Why{"has no huge page: it lies behind the end of its file, or the "
                                    "process that it was forked from took one of its pages away "
                                    "(unmap_ref_private)"};
    }
    const bool has_size = vma.file.cls == FileClass::kMemfd || vma.file.cls == FileClass::kFile ||
                          vma.file.cls == FileClass::kFileReadOnly ||
                          vma.file.cls == FileClass::kSysv;
    const Address end = std::min(vma.end, range.end);
    const auto pgoff_end = vma.pgoff + ((end - vma.start) >> spec::kPageShift);
    if (has_size && pgoff_end > spec::size_pages(vma.file)) {
      return fmt::format("reaches over the end of its file, which has {} pages",
                         spec::size_pages(vma.file));
    }
    if (vma.file.cls == FileClass::kAnonShared) {
      return "reaches over the end of its shared object";
    }
    return {};
  }

  /// Pages that an earlier call has made guards.
  [[nodiscard]] Why guard(Range range) const {
    for (std::size_t i = r_.earlier.size(); i-- > 0;) {
      const auto* call = std::get_if<spec::Madvise>(&r_.earlier[i].call);
      if (call == nullptr || call->advice != spec::kMadvGuardInstall) continue;
      const Range there{call->addr, call->addr + spec::page_up(call->length)};
      return fmt::format(
          "what its VMAs show permits it, and call {} has installed guards{} (handle_pte_marker)",
          i + 1, there.overlaps(range) ? " there" : ", which move with memory");
    }
    return {};
  }

  const Refused& r_;
  Errno errno_;
};

}  // namespace

std::string why_refused(const Refused& refused) {
  if (!refused.is_there) return "there is no such process";
  return std::visit(Rules{refused}, refused.step.call);
}

}  // namespace vmadiff::explain
