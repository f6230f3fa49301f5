// impl: where a new mapping goes. Top-down from mmap_base, bottom-up from a third of the address
// space where that fails or the process wants it so; large mappings on huge-page boundaries where
// the kernel tries.
#include "impl/unmapped_area.h"

#include <algorithm>

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Where MAP_32BIT looks (find_start_end): the second of the first two GiB.
constexpr Address kLow32BitStart = 0x40000000;
constexpr Address kLow32BitEnd = 0x80000000;
constexpr Address kAbove4G = 0x100000000;
/// An error is an address in the last page (IS_ERR_VALUE), and a fixed one there is taken for an
/// error.
constexpr Address kMaxErrno = 4095;

/// struct vm_unmapped_area_info, all in bytes. Addresses are align_offset modulo align_mask + 1.
struct UnmappedAreaInfo {
  Address length = 0;
  Address low_limit = 0;
  Address high_limit = 0;
  Address align_mask = 0;
  Address align_offset = 0;
};

/// The highest place; where it reaches into a stack's guard gap, the highest below that.
AddressOrErrno unmapped_area_topdown(const MmStruct& mm, const UnmappedAreaInfo& info) {
  const Address length = info.length + info.align_mask;
  if (length < info.length) return std::unexpected{Errno::kENOMEM};
  Address high_limit = info.high_limit;
  while (true) {
    const auto found = mm.mm_mt.highest_empty_area(info.low_limit, high_limit, length);
    if (!found) return std::unexpected{Errno::kENOMEM};
    const Address gap_end = *found + length;
    const VmArea* next = mm.find_vma(gap_end);
    if (next == nullptr || vm_start_gap(mm, *next) >= gap_end) {
      const Address gap = gap_end - info.length;
      return gap - ((gap - info.align_offset) & info.align_mask);
    }
    high_limit = vm_start_gap(mm, *next);
    // Where that gap begins at 0, the kernel's limit wraps: it finds the end of all addresses,
    // which get_unmapped_area refuses, and nobody looks upwards then (measured on 6.18, 6.12
    // and 6.1).
    if (high_limit == 0) return (0 - info.length) & ~info.align_mask;
  }
}

/// The lowest place; where it reaches into a stack's guard gap, the lowest behind that stack.
AddressOrErrno unmapped_area(const MmStruct& mm, const UnmappedAreaInfo& info) {
  const Address length = info.length + info.align_mask;
  if (length < info.length) return std::unexpected{Errno::kENOMEM};
  Address low_limit = info.low_limit;
  while (true) {
    const auto found = mm.mm_mt.lowest_empty_area(low_limit, info.high_limit, length);
    if (!found) return std::unexpected{Errno::kENOMEM};
    const Address gap = *found + ((info.align_offset - *found) & info.align_mask);
    const VmArea* next = mm.find_vma(*found + length);
    // The room for the alignment counts twice in the comparison with a stack above.
    if (next == nullptr || (next->vm_flags & kVmGrowsdown) == 0 ||
        vm_start_gap(mm, *next) >= gap + length - 1) {
      return gap;
    }
    low_limit = next->vm_end;
  }
}

/// Whether [addr, addr + length) lies below `limit` and is free, guard gaps of stacks included.
bool is_free_below(const MmStruct& mm, Address addr, Address length, Address limit) {
  if (length > limit || addr > limit - length) return false;
  const VmArea* vma = mm.find_vma(addr);
  return vma == nullptr || addr + length <= vm_start_gap(mm, *vma);
}

UnmappedAreaInfo info_of(FileId file, Address length, std::uint64_t pgoff) {
  UnmappedAreaInfo info;
  info.length = length;
  info.align_offset = pgoff << kPageShift;
  if (is_file_hugepages(file)) info.align_mask = (kHugePageSize - 1) & ~(kPageSize - 1);
  return info;
}

/// arch_get_unmapped_area: bottom-up. `hint` is page-aligned, 0 for none.
AddressOrErrno arch_get_unmapped_area(const MmStruct& mm, FileId file, Address hint, Address length,
                                      std::uint64_t pgoff, std::uint64_t flags) {
  if ((flags & kMapFixed) != 0) return hint;
  UnmappedAreaInfo info = info_of(file, length, pgoff);
  // find_start_end.
  if ((flags & kMap32Bit) != 0) {
    info.low_limit = kLow32BitStart;
    info.high_limit = kLow32BitEnd;
  } else {
    info.low_limit = std::max(page_up(mm.setup->task_size / 3), mm.setup->placement_min_addr);
    info.high_limit = mm.setup->task_size;
  }
  if (length > info.high_limit) return std::unexpected{Errno::kENOMEM};
  if (hint != 0 && is_free_below(mm, hint, length, info.high_limit)) return hint;
  return unmapped_area(mm, info);
}

/// arch_get_unmapped_area_topdown.
AddressOrErrno arch_get_unmapped_area_topdown(const MmStruct& mm, FileId file, Address hint,
                                              Address length, std::uint64_t pgoff,
                                              std::uint64_t flags) {
  const Address task_size = mm.setup->task_size;
  if (length > task_size) return std::unexpected{Errno::kENOMEM};
  if ((flags & kMapFixed) != 0) return hint;
  if ((flags & kMap32Bit) != 0) {
    return arch_get_unmapped_area(mm, file, hint, length, pgoff, flags);
  }
  if (hint != 0 && is_free_below(mm, hint, length, task_size)) return hint;
  UnmappedAreaInfo info = info_of(file, length, pgoff);
  const bool above_4g =
      (flags & kMapAbove4G) != 0 && mm.profile.map_above_4g == MapAbove4G::kPresent;
  info.low_limit = above_4g ? kAbove4G : kPageSize;
  // vm_unmapped_area since 6.4.
  if (mm.profile.search_floor == SearchFloor::kLowestMappable) {
    info.low_limit = std::max(info.low_limit, mm.setup->placement_min_addr);
  }
  info.high_limit = mm.setup->mmap_base;
  if (const auto found = unmapped_area_topdown(mm, info)) return found;
  // The hint would fail again.
  return arch_get_unmapped_area(mm, file, 0, length, pgoff, flags);
}

/// mm_get_unmapped_area: in the direction of the process's layout.
AddressOrErrno mm_get_unmapped_area(const MmStruct& mm, FileId file, Address hint, Address length,
                                    std::uint64_t pgoff, std::uint64_t flags) {
  return mm.setup->bottom_up ? arch_get_unmapped_area(mm, file, hint, length, pgoff, flags)
                             : arch_get_unmapped_area_topdown(mm, file, hint, length, pgoff, flags);
}

/// Whether a file of a size over a huge page, mapped at byte `offset`, has a whole huge page in
/// [offset, offset + length); in the kernel's arithmetic: offsets are signed, differences not
/// (measured on 6.18: byte offset 2^63 - 8 KiB counts, though it has none).
bool spans_huge_page(std::uint64_t offset, Address length) {
  const std::uint64_t end = offset + length;
  const std::uint64_t aligned = huge_page_up(offset);
  return static_cast<std::int64_t>(end) > static_cast<std::int64_t>(aligned) &&
         end - aligned >= kHugePageSize;
}

/// thp_get_unmapped_area: looks for a huge page more than needed and takes the part where file
/// offset and address agree modulo a huge page. A hint is honoured only where that much is free
/// there (measured on 6.18).
AddressOrErrno thp_get_unmapped_area(const MmStruct& mm, FileId file, Address hint, Address length,
                                     std::uint64_t pgoff, std::uint64_t flags) {
  const std::uint64_t offset = pgoff << kPageShift;
  const Address padded = length + kHugePageSize;
  if (spans_huge_page(offset, length) && padded >= length && offset + padded >= offset) {
    const auto found = mm_get_unmapped_area(mm, file, hint, padded, pgoff, flags);
    const bool is_fixed = (flags & kMapFixed) != 0;
    if (found && !is_fixed) {
      if (*found == hint) return hint;
      const Address adjust = (offset - *found) & (kHugePageSize - 1);
      const bool honours_topdown =
          mm.profile.aligned_room == AlignedRoom::kToTop && !mm.setup->bottom_up;
      return *found + (adjust == 0 && honours_topdown ? kHugePageSize : adjust);
    }
  }
  return mm_get_unmapped_area(mm, file, hint, length, pgoff, flags);
}

/// hugetlb_get_unmapped_area. Before 6.13 x86 had a search of its own, which differs in the
/// rounding of a hint, and in that it knows no other flags.
AddressOrErrno hugetlb_get_unmapped_area(const MmStruct& mm, FileId file, Address addr,
                                         Address length, std::uint64_t pgoff, std::uint64_t flags) {
  constexpr Address kMask = kHugePageSize - 1;
  if ((length & kMask) != 0) return std::unexpected{Errno::kEINVAL};
  if ((flags & kMapFixed) != 0 && (addr & kMask) != 0) return std::unexpected{Errno::kEINVAL};
  if (mm.profile.hugetlb_placement == HugetlbPlacement::kOwnSearch) {
    const Address hint = addr & ~kMask;
    // Rounded down to 0 it is an address like any other (one that is refused later on).
    if (addr != 0 && is_free_below(mm, hint, length, mm.setup->task_size)) return hint;
    return mm_get_unmapped_area(mm, file, hint, length, 0, flags & kMapFixed);
  }
  return mm_get_unmapped_area(mm, file, (addr + kMask) & ~kMask, length, pgoff, flags);
}

/// The choice that __get_unmapped_area and the file's own get_unmapped_area make.
AddressOrErrno area_for(const MmStruct& mm, FileId file, Address addr, Address length,
                        std::uint64_t pgoff, std::uint64_t flags) {
  const bool is_shared = (flags & kMapShared) != 0;  // the bit: also of MAP_SHARED_VALIDATE
  bool huge_page_aligned = false;
  switch (file.cls) {
    case FileClass::kHugetlb:
    case FileClass::kAnonHugetlb:
      return hugetlb_get_unmapped_area(mm, file, addr, length, pgoff, flags);
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      huge_page_aligned = true;
      break;
    case FileClass::kZero:
      // Shared, it is placed as shmem is: without huge pages there, plainly.
      huge_page_aligned =
          !is_shared && mm.profile.zero_placement == ZeroPlacement::kHugePageAligned;
      break;
    case FileClass::kNone:
      pgoff = 0;
      huge_page_aligned = !is_shared && addr == 0 && (length & (kHugePageSize - 1)) == 0 &&
                          mm.profile.anon_placement == AnonPlacement::kHugePageAligned;
      break;
    default:
      break;
  }
  return huge_page_aligned ? thp_get_unmapped_area(mm, file, addr, length, pgoff, flags)
                           : mm_get_unmapped_area(mm, file, addr, length, pgoff, flags);
}

}  // namespace

Address vm_start_gap(const MmStruct& mm, const VmArea& vma) {
  if ((vma.vm_flags & kVmGrowsdown) == 0) return vma.vm_start;
  const Address guard_gap = mm.setup->stack_guard_gap << kPageShift;
  return vma.vm_start > guard_gap ? vma.vm_start - guard_gap : 0;
}

AddressOrErrno get_unmapped_area(const MmStruct& mm, FileId file, Address addr, Address length,
                                 std::uint64_t pgoff, std::uint64_t flags) {
  const Address task_size = mm.setup->task_size;
  if (length > task_size) return std::unexpected{Errno::kENOMEM};
  const auto area = area_for(mm, file, addr, length, pgoff, flags);
  if (!area) return area;
  if (*area >= -kMaxErrno) return std::unexpected{static_cast<Errno>(-*area)};
  if (*area > task_size - length) return std::unexpected{Errno::kENOMEM};
  if (!is_page_aligned(*area)) return std::unexpected{Errno::kEINVAL};
  if (*area < mm.setup->mmap_min_addr) return std::unexpected{Errno::kEPERM};
  return area;
}

}  // namespace vmadiff::impl
