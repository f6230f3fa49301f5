// impl: cutting a VMA in two, and changing a part of it.
#include "impl/split.h"

#include "impl/anon_vma.h"
#include "impl/hugetlb.h"

namespace vmadiff::impl {

using namespace spec;

Failure split_vma_unlimited(MmStruct& mm, VmArea& vma, Address addr, NewPart part) {
  if (is_file_hugepages(vma.vm_file) && (addr & (kHugePageSize - 1)) != 0) {
    return Errno::kEINVAL;
  }
  const bool below = part == NewPart::kBelow;
  const Address first = below ? vma.vm_start : addr;
  const Address last = (below ? addr : vma.vm_end) - 1;
  VmArea* fresh = mm.vm_area_alloc();
  if (fresh == nullptr) return Errno::kENOMEM;
  if (!mm.preallocate(first, last) || !vma_dup_policy(mm, vma) || !anon_vma_clone(mm, vma)) {
    mm.vmas.give_back(fresh);
    return Errno::kENOMEM;
  }
  *fresh = vma;
  hugetlb_open(mm, *fresh);
  const std::uint64_t pages = (addr - vma.vm_start) >> kPageShift;
  VmArea& upper = below ? vma : *fresh;
  VmArea& lower = below ? *fresh : vma;
  upper.vm_start = addr;
  upper.vm_pgoff += pages;
  upper.anon_pgoff += pages;
  lower.vm_end = addr;
  mm.mm_mt.store_preallocated(first, last, fresh);
  ++mm.counters.map_count;
  return std::nullopt;
}

Failure split_vma(MmStruct& mm, VmArea& vma, Address addr, NewPart part) {
  if (mm.counters.map_count >= mm.setup->max_map_count) return Errno::kENOMEM;
  return split_vma_unlimited(mm, vma, addr, part);
}

namespace {

/// The range as it is now; the caller changes what shall be different.
VmaMergeStruct vmg_of(VmArea* prev, VmArea& vma, Address start, Address end) {
  VmaMergeStruct vmg;
  vmg.prev = prev;
  vmg.middle = &vma;
  vmg.start = start;
  vmg.end = end;
  vmg.vm_flags = vma.vm_flags;
  vmg.pgoff = vma.vm_pgoff + ((start - vma.vm_start) >> kPageShift);
  vmg.anon_pgoff = vma.anon_pgoff + ((start - vma.vm_start) >> kPageShift);
  vmg.file = vma.vm_file;
  vmg.anon_vma = vma.anon_vma;
  vmg.policy = vma.vm_policy;
  vmg.anon_name = vma.anon_name;
  vmg.uffd_ctx = vma.uffd_ctx;
  return vmg;
}

/// vma_modify.
std::expected<VmArea*, Errno> vma_modify(MmStruct& mm, VmaMergeStruct& vmg) {
  VmArea& vma = *vmg.middle;
  const Address start = vmg.start;
  const Address end = vmg.end;
  if (VmArea* merged = vma_merge_existing_range(mm, vmg)) return merged;
  if (vmg.state == MergeState::kErrorNomem) return std::unexpected{Errno::kENOMEM};

  if (vma.vm_start < start) {
    if (const Failure failed = split_vma(mm, vma, start, NewPart::kBelow)) {
      return std::unexpected{*failed};
    }
  }
  if (vma.vm_end > end) {
    if (const Failure failed = split_vma(mm, vma, end, NewPart::kAbove)) {
      return std::unexpected{*failed};
    }
  }
  return &vma;
}

}  // namespace

std::expected<VmArea*, Errno> vma_modify_flags(MmStruct& mm, VmArea* prev, VmArea& vma,
                                               Address start, Address end, VmFlags flags) {
  VmaMergeStruct vmg = vmg_of(prev, vma, start, end);
  vmg.vm_flags = flags;
  return vma_modify(mm, vmg);
}

std::expected<VmArea*, Errno> vma_modify_flags_uffd(MmStruct& mm, VmArea* prev, VmArea& vma,
                                                    Address start, Address end, VmFlags flags,
                                                    UffdCtxId ctx) {
  VmaMergeStruct vmg = vmg_of(prev, vma, start, end);
  vmg.vm_flags = flags;
  vmg.uffd_ctx = ctx;
  if (mm.profile.uffd_offset == UffdOffset::kOfVma) vmg.pgoff = vma.vm_pgoff;
  return vma_modify(mm, vmg);
}

std::expected<VmArea*, Errno> vma_modify_policy(MmStruct& mm, VmArea* prev, VmArea& vma,
                                                Address start, Address end,
                                                const MemPolicy& policy) {
  VmaMergeStruct vmg = vmg_of(prev, vma, start, end);
  vmg.policy = policy;
  return vma_modify(mm, vmg);
}

std::expected<VmArea*, Errno> vma_modify_name(MmStruct& mm, VmArea* prev, VmArea& vma,
                                              Address start, Address end, VmaName name) {
  VmaMergeStruct vmg = vmg_of(prev, vma, start, end);
  vmg.anon_name = name;
  return vma_modify(mm, vmg);
}

}  // namespace vmadiff::impl
