// impl: where a new mapping goes. Top-down from mmap_base, bottom-up from a third of the address
// space where that fails; large mappings on huge-page boundaries where the kernel tries.
#include "impl/unmapped_area.h"

#include <algorithm>

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr Address kStackGuardGap = Address{256} << kPageShift;
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

/// No VMA grows down in this version (MAP_GROWSDOWN is not modelled), so no gap that is found can
/// lie in a stack's guard gap; where one can, the search goes on below (above) that stack.
AddressOrErrno unmapped_area_topdown(const MmStruct& mm, const UnmappedAreaInfo& info) {
  const Address length = info.length + info.align_mask;
  if (length < info.length) return std::unexpected{Errno::kENOMEM};
  const auto found = mm.mm_mt.highest_empty_area(info.low_limit, info.high_limit, length);
  if (!found) return std::unexpected{Errno::kENOMEM};
  const Address gap = *found + length - info.length;
  return gap - ((gap - info.align_offset) & info.align_mask);
}

AddressOrErrno unmapped_area(const MmStruct& mm, const UnmappedAreaInfo& info) {
  const Address length = info.length + info.align_mask;
  if (length < info.length) return std::unexpected{Errno::kENOMEM};
  const auto found = mm.mm_mt.lowest_empty_area(info.low_limit, info.high_limit, length);
  if (!found) return std::unexpected{Errno::kENOMEM};
  return *found + ((info.align_offset - *found) & info.align_mask);
}

/// arch_get_unmapped_area_topdown. `hint` is page-aligned, 0 for none.
AddressOrErrno arch_get_unmapped_area_topdown(const MmStruct& mm, FileId file, Address hint,
                                              Address length, std::uint64_t pgoff,
                                              std::uint64_t flags) {
  const Address task_size = mm.setup->task_size;
  if (length > task_size) return std::unexpected{Errno::kENOMEM};
  if ((flags & kMapFixed) != 0) return hint;
  if (hint != 0 && hint <= task_size - length) {
    const VmArea* vma = mm.find_vma(hint);
    if (vma == nullptr || hint + length <= vm_start_gap(*vma)) return hint;
  }
  UnmappedAreaInfo info;
  info.length = length;
  info.low_limit = std::max(kPageSize, mm.setup->placement_min_addr);
  info.high_limit = mm.setup->mmap_base;
  info.align_offset = pgoff << kPageShift;
  if (file.cls == FileClass::kHugetlb) info.align_mask = (kHugePageSize - 1) & ~(kPageSize - 1);
  if (const auto found = unmapped_area_topdown(mm, info)) return found;
  // arch_get_unmapped_area: the hint would fail again. TASK_UNMAPPED_BASE.
  info.low_limit = std::max(page_up(task_size / 3), mm.setup->placement_min_addr);
  info.high_limit = task_size;
  return unmapped_area(mm, info);
}

/// Whether a file of a size over a huge page, mapped at byte `offset`, has a whole huge page in
/// [offset, offset + length); in the kernel's arithmetic: offsets are signed, differences not
/// (measured on 6.18: byte offset 2^63 - 8 KiB counts, though it has none).
bool spans_huge_page(std::uint64_t offset, Address length) {
  const std::uint64_t end = offset + length;
  const std::uint64_t aligned = (offset + kHugePageSize - 1) & ~(kHugePageSize - 1);
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
    const auto found = arch_get_unmapped_area_topdown(mm, file, hint, padded, pgoff, flags);
    const bool is_fixed = (flags & kMapFixed) != 0;
    if (found && !is_fixed) {
      if (*found == hint) return hint;
      const Address adjust = (offset - *found) & (kHugePageSize - 1);
      return *found + (adjust == 0 ? kHugePageSize : adjust);
    }
  }
  return arch_get_unmapped_area_topdown(mm, file, hint, length, pgoff, flags);
}

/// hugetlb_get_unmapped_area (6.13 and later: a hint is rounded up to a huge page).
AddressOrErrno hugetlb_get_unmapped_area(const MmStruct& mm, FileId file, Address addr,
                                         Address length, std::uint64_t pgoff, std::uint64_t flags) {
  constexpr Address kMask = kHugePageSize - 1;
  if ((length & kMask) != 0) return std::unexpected{Errno::kEINVAL};
  if ((flags & kMapFixed) != 0 && (addr & kMask) != 0) return std::unexpected{Errno::kEINVAL};
  return arch_get_unmapped_area_topdown(mm, file, (addr + kMask) & ~kMask, length, pgoff, flags);
}

/// The choice that __get_unmapped_area and the file's own get_unmapped_area make.
AddressOrErrno area_for(const MmStruct& mm, FileId file, Address addr, Address length,
                        std::uint64_t pgoff, std::uint64_t flags) {
  const bool is_shared = (flags & kMapShared) != 0;  // the bit: also of MAP_SHARED_VALIDATE
  bool huge_page_aligned = false;
  switch (file.cls) {
    case FileClass::kHugetlb:
      return hugetlb_get_unmapped_area(mm, file, addr, length, pgoff, flags);
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
      huge_page_aligned = true;
      break;
    case FileClass::kZero:
      // Shared, it is placed as shmem is: without huge pages there, plainly.
      huge_page_aligned =
          !is_shared && mm.profile.zero_placement == ZeroPlacement::kHugePageAligned;
      break;
    case FileClass::kNone:
      pgoff = 0;
      huge_page_aligned = !is_shared && addr == 0 && (length & (kHugePageSize - 1)) == 0;
      break;
    default:
      break;
  }
  return huge_page_aligned ? thp_get_unmapped_area(mm, file, addr, length, pgoff, flags)
                           : arch_get_unmapped_area_topdown(mm, file, addr, length, pgoff, flags);
}

}  // namespace

Address vm_start_gap(const VmArea& vma) {
  if ((vma.vm_flags & kVmGrowsdown) == 0) return vma.vm_start;
  return vma.vm_start > kStackGuardGap ? vma.vm_start - kStackGuardGap : 0;
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
