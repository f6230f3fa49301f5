// explain: why a mapping is not made, or not taken away: of memory, files, segments; and their
// seals.
#include <fmt/format.h>

#include "explain/boundary.h"
#include "explain/refusal_rules.h"
#include "properties/claims/reach.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

Why Rules::operator()(const spec::Mmap& c) const {
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

Why Rules::operator()(const spec::Munmap& c) const {
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

Why Rules::operator()(const spec::Shmat& c) const {
  const bool remaps = (c.flags & spec::kShmRemap) != 0;
  const Address addr = spec::page_down(c.addr);
  switch (errno_) {
    case Errno::kEINVAL: {
      if (addr != c.addr && (c.flags & spec::kShmRnd) == 0) {
        return "the address is not page-aligned, and SHM_RND is not there (do_shmat)";
      }
      if (addr == 0 && remaps) return "SHM_REMAP needs an address (do_shmat)";
      if (c.segment >= spec::kFilesPerClass) return "there is no such segment (shm_obtain_object)";
      const Address size = spec::kSegmentBytes[c.segment];
      if (addr + size < addr) return "the range wraps (do_shmat)";
      return remaps ? Why{} : overlapped({addr, addr + size}, "SHM_REMAP is not there (do_shmat)");
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

Why Rules::operator()(const spec::Shmdt& c) const {
  if (!spec::is_page_aligned(c.addr)) return unaligned("shmdt");
  return "nothing is left of a segment that was attached there (shmdt)";
}

Why Rules::operator()(const spec::RemapFilePages& c) const {
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

Why Rules::operator()(const spec::AddSeals& c) const {
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

}  // namespace vmadiff::explain
