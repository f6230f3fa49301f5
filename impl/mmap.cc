// impl: mmap(2): its checks, in the kernel's order, and the flags that it asks for.
#include "impl/mmap.h"

#include <algorithm>

#include "impl/calls.h"
#include "impl/file_operations.h"
#include "impl/hugetlb.h"
#include "impl/limits.h"
#include "impl/memfd.h"
#include "impl/mlock.h"
#include "impl/mmap_region.h"
#include "impl/populate.h"
#include "impl/unmapped_area.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// LEGACY_MAP_MASK, as far as it is modelled: the flags that MAP_SHARED ignores where it does not
/// know them, and MAP_SHARED_VALIDATE accepts.
constexpr std::uint64_t kLegacyMapMask =
    kMapShared | kMapPrivate | kMapFixed | kMapAnonymous | kMap32Bit | kMapAbove4G | kMapGrowsdown |
    kMapDenywrite | kMapExecutable | kMapLocked | kMapUninitialized | kMapNoreserve | kMapPopulate |
    kMapNonblock | kMapStack | kMapHugetlb | kMapHuge2Mb | kMapHuge1Gb;

/// round_hint_to_min.
Address round_hint_to_min(const MmStruct& mm, Address hint) {
  hint = page_down(hint);
  return hint != 0 && hint < mm.setup->placement_min_addr ? page_up(mm.setup->placement_min_addr)
                                                          : hint;
}

/// calc_vm_prot_bits, calc_vm_flag_bits. Unknown PROT_* bits are ignored.
VmFlags calc_vm_flags(const MmStruct& mm, std::uint64_t prot, std::uint64_t flags) {
  VmFlags vm_flags = prot & kVmAccessFlags;
  if ((flags & kMapSync) != 0) vm_flags |= kVmSync;
  const bool has_stack_maps = mm.profile.stack_maps == StackMaps::kNoHugePages;
  if ((flags & kMapStack) != 0 && has_stack_maps) vm_flags |= kVmNohugepage;
  if ((flags & kMapLocked) != 0) vm_flags |= kVmLocked;
  if ((flags & kMapGrowsdown) != 0) vm_flags |= kVmGrowsdown;
  return vm_flags | kVmMayread | kVmMaywrite | kVmMayexec;
}

/// The checks of do_mmap for a mapping of a file; adds to the request's flags what the type asks
/// for.
Failure check_file(const MmStruct& mm, const Mmap& call, std::uint64_t flags,
                   MmapRequest& request) {
  const FileId file = request.file;
  if (!file_mmap_ok(file, request.pgoff, request.length)) return Errno::kEOVERFLOW;
  const bool knows_above_4g = mm.profile.map_above_4g == MapAbove4G::kPresent;
  const std::uint64_t known =
      (kLegacyMapMask & ~(knows_above_4g ? 0 : kMapAbove4G)) | (has_mmap_sync(file) ? kMapSync : 0);
  switch (flags & kMapType) {
    case kMapShared:
    case kMapSharedValidate:
      if ((flags & kMapType) == kMapSharedValidate && (flags & ~known) != 0) {
        return Errno::kEOPNOTSUPP;
      }
      if ((call.prot & kProtWrite) != 0 && !is_writable(file)) return Errno::kEACCES;
      request.vm_flags |= kVmShared | kVmMayshare;
      if (!is_writable(file)) request.vm_flags &= ~(kVmMaywrite | kVmShared);
      break;
    case kMapPrivate:
      break;
    default:
      return Errno::kEINVAL;
  }
  if (path_noexec(*mm.setup, file)) {
    if ((request.vm_flags & kVmExec) != 0) return Errno::kEPERM;
    request.vm_flags &= ~kVmMayexec;
  }
  if (!can_mmap_file(mm, file)) return Errno::kENODEV;
  if ((request.vm_flags & kVmGrowsdown) != 0) return Errno::kEINVAL;
  return memfd_check_seals_mmap(mm, file, request.vm_flags);
}

/// The same for a mapping without a file.
Failure check_anonymous(const MmStruct& mm, std::uint64_t flags, MmapRequest& request) {
  switch (flags & kMapType) {
    case kMapShared:
      if ((request.vm_flags & kVmGrowsdown) != 0) return Errno::kEINVAL;
      request.pgoff = 0;
      request.vm_flags |= kVmShared | kVmMayshare;
      return std::nullopt;
    case kMapDroppable:
      if (mm.profile.droppable_maps == DroppableMaps::kAbsent) return Errno::kEINVAL;
      if ((request.vm_flags & kVmGrowsdown) != 0 || (flags & kMapLocked) != 0) {
        return Errno::kEINVAL;
      }
      request.vm_flags |= kVmDroppable | kVmNoreserve | kVmWipeonfork | kVmDontdump;
      break;
    case kMapPrivate:
      break;
    default:
      return Errno::kEINVAL;
  }
  request.pgoff = request.addr >> kPageShift;
  return std::nullopt;
}

}  // namespace

AddressOrErrno do_mmap(MmStruct& mm, const Mmap& call, FileId file, Address length,
                       std::uint64_t pgoff) {
  if (length == 0) return std::unexpected{Errno::kEINVAL};
  std::uint64_t flags = call.flags;
  if ((flags & kMapFixedNoreplace) != 0) flags |= kMapFixed;
  const Address hint = (flags & kMapFixed) != 0 ? call.addr : round_hint_to_min(mm, call.addr);
  length = page_up(length);
  if (length == 0) return std::unexpected{Errno::kENOMEM};
  // The check of pgoff against overflow (EOVERFLOW) cannot fail: each caller has done it, or has
  // 64-bit byte offsets.
  if (mm.counters.map_count > mm.setup->max_map_count) return std::unexpected{Errno::kENOMEM};

  const std::int32_t pkey = call.prot == kProtExec ? std::max(mm.pkeys.execute_only_pkey(), 0) : 0;

  const auto addr = get_unmapped_area(mm, file, hint, length, pgoff, flags);
  if (!addr) return addr;
  if ((flags & kMapFixedNoreplace) != 0 &&
      mm.find_vma_intersection(*addr, *addr + length) != nullptr) {
    return std::unexpected{Errno::kEEXIST};
  }
  if ((flags & kMapLocked) != 0 && !can_do_mlock(mm)) return std::unexpected{Errno::kEPERM};
  const VmFlags vm_flags = with_pkey(calc_vm_flags(mm, call.prot, flags), pkey) | mm.def_flags;
  MmapRequest request{file, *addr, length, vm_flags, pgoff};
  if (!mlock_future_ok(mm, request.vm_flags, length)) return std::unexpected{Errno::kEAGAIN};
  if (const Failure failed = file.is_none() ? check_anonymous(mm, flags, request)
                                            : check_file(mm, call, flags, request)) {
    return std::unexpected{*failed};
  }
  if ((flags & kMapNoreserve) != 0) request.vm_flags |= kVmNoreserve;
  if (const Failure failed = mmap_region(mm, request)) return std::unexpected{*failed};
  if ((request.vm_flags & kVmLocked) != 0 ||
      (flags & (kMapPopulate | kMapNonblock)) == kMapPopulate) {
    mm_populate(mm, *addr, length);
  }
  return addr;
}

Outcome sys_mmap(MmStruct& mm, const Mmap& call) {
  if (!is_page_aligned(call.offset)) return Outcome::fail(Errno::kEINVAL);
  FileId file;
  Address length = call.length;
  if ((call.flags & kMapAnonymous) == 0) {
    file = call.file;
    if (file.is_none()) return Outcome::fail(Errno::kEBADF);
    if (is_file_hugepages(file)) {
      length = huge_page_up(length);
    } else if ((call.flags & kMapHugetlb) != 0) {
      return Outcome::fail(Errno::kEINVAL);
    }
  } else if ((call.flags & kMapHugetlb) != 0) {
    const std::uint64_t size = call.flags & kMapHugeSize;
    if (size != 0 && size != kMapHuge2Mb) return Outcome::fail(Errno::kEINVAL);
    length = huge_page_up(length);
    file = hugetlb_file_setup(mm, length);
  }
  const auto addr = do_mmap(mm, call, file, length, call.offset >> kPageShift);
  return addr ? Outcome::ok(*addr) : Outcome::fail(addr.error());
}

}  // namespace vmadiff::impl
