// impl: huge pages from hugetlbfs.
#include "impl/hugetlb.h"

#include <algorithm>
#include <map>
#include <memory_resource>
#include <span>
#include <utility>
#include <vector>

#include "impl/anon_vma.h"
#include "impl/userfaultfd.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr Address kHugePageMask = ~(kHugePageSize - 1);
constexpr unsigned kHugePageOrder = 9;

// What a private mapping's vm_private_data says besides the number of its map: HPAGE_RESV_OWNER,
// HPAGE_RESV_UNMAPPED.
constexpr std::uint32_t kResvOwner = 1;
constexpr std::uint32_t kResvUnmapped = 2;
constexpr unsigned kResvBits = 2;

bool is_mayshare(const VmArea& vma) { return (vma.vm_flags & kVmMayshare) != 0; }
bool is_vm_hugetlb_page(const VmArea& vma) { return (vma.vm_flags & kVmHugetlb) != 0; }
bool is_vma_resv_set(const VmArea& vma, std::uint32_t flag) {
  return (vma.vm_private_data & flag) != 0;
}

/// vma_hugecache_offset.
std::uint64_t hugecache_offset(const VmArea& vma, Address addr) {
  return (vma.vm_pgoff + ((addr - vma.vm_start) >> kPageShift)) >> kHugePageOrder;
}

/// Of a private mapping; null where it has none.
ResvMap* private_map(Hstate& h, const VmArea& vma) {
  const auto found = h.private_maps.find(vma.vm_private_data >> kResvBits);
  return found == h.private_maps.end() ? nullptr : &found->second;
}

void put_private_map(Hstate& h, const VmArea& vma) {
  const auto found = h.private_maps.find(vma.vm_private_data >> kResvBits);
  if (--found->second.refs == 0) h.private_maps.erase(found);
}

/// folio_put, of who had it mapped or in a page cache.
void put(Hstate& h, const HugeFolioPtr& folio) {
  if (folio->mapcount == 0 && folio.use_count() == 1) h.free_folio(*folio);
}

/// alloc_hugetlb_folio.
HugeFolioPtr alloc_hugetlb_folio(Hstate& h, const VmArea& vma, Address addr, bool cow_from_owner) {
  const std::uint64_t idx = hugecache_offset(vma, addr);
  ResvMap* map = is_mayshare(vma) ? &h.inode(vma.vm_file).resv_map : private_map(h, vma);
  if (cow_from_owner) map = nullptr;
  // A file's map has what is reserved, a private one what is not any more.
  const bool has_reservation = map != nullptr && map->regions.contains(idx) == is_mayshare(vma);
  HugeFolioPtr folio = h.alloc_folio(has_reservation);
  if (folio != nullptr && map != nullptr) map->regions.insert(idx);
  return folio;
}

/// restore_reserve_on_error, of a private mapping, and folio_put.
void restore_reserve_on_error(Hstate& h, const VmArea& vma, Address addr, const HugeFolio& folio) {
  if (folio.restore_reserve) private_map(h, vma)->regions.erase(hugecache_offset(vma, addr));
  h.free_folio(folio);
}

/// struct mmu_gather.
using Gather = std::pmr::vector<HugeFolioPtr>;

/// __unmap_hugepage_range: what is mapped there goes to `gather`, from which it is freed at once.
void unmap_range(MmStruct& mm, VmArea& vma, Address start, Address end, Gather& gather) {
  Hstate& h = *mm.hstate;
  ResvMap* const map = is_mayshare(vma) ? nullptr : private_map(h, vma);
  const HugetlbDiscard discard = mm.profile.hugetlb_discard;
  const bool restores = discard != HugetlbDiscard::kSpends && h.surplus_huge_pages == 0 &&
                        map != nullptr && is_vma_resv_set(vma, kResvOwner);
  const auto first = mm.huge_ptes.lower_bound(start);
  const auto last = mm.huge_ptes.lower_bound(end);
  for (auto pte = first; pte != last; ++pte) {
    HugeFolio& folio = *pte->second;
    --folio.mapcount;
    const bool in_use = folio.mapcount != 0 && discard == HugetlbDiscard::kRestores;
    if (restores && folio.is_anon && !in_use) {
      folio.restore_reserve = true;
      map->regions.erase(hugecache_offset(vma, pte->first));
    }
    gather.push_back(std::move(pte->second));
  }
  mm.huge_ptes.erase(first, last);
}

void free_gathered(Hstate& h, Gather& gather) {
  for (; !gather.empty(); gather.pop_back()) put(h, gather.back());
}

void hugetlb_vm_op_close(MmStruct& mm, const VmArea& vma) {
  Hstate& h = *mm.hstate;
  if (is_mayshare(vma) || !is_vma_resv_set(vma, kResvOwner)) return;
  const std::uint64_t start = hugecache_offset(vma, vma.vm_start);
  const std::uint64_t end = hugecache_offset(vma, vma.vm_end);
  h.unacct_memory(end - start - private_map(h, vma)->count(start, end));
  put_private_map(h, vma);
}

/// A VMA of another process, or of this one, that maps a part of a file.
struct Mapping {
  MmStruct* mm;
  VmArea* vma;
};

/// The private VMAs that map something of the file's [first, end), by their offsets.
std::pmr::multimap<std::uint64_t, Mapping> private_mappings(Hstate& h, FileId file,
                                                            std::uint64_t first,
                                                            std::uint64_t end) {
  std::pmr::multimap<std::uint64_t, Mapping> found{&h.slab};
  for (MmStruct* mm : h.mms) {
    mm->mm_mt.for_each_value([&](VmArea* vma) {
      if (is_vm_hugetlb_page(*vma) && !is_mayshare(*vma) && vma->vm_file == file &&
          hugecache_offset(*vma, vma->vm_start) < end &&
          hugecache_offset(*vma, vma->vm_end) > first) {
        found.emplace(vma->vm_pgoff, Mapping{mm, vma});
      }
    });
  }
  return found;
}

Address address_in(const VmArea& vma, std::uint64_t idx) {
  return vma.vm_start + ((idx - hugecache_offset(vma, vma.vm_start)) * kHugePageSize);
}

/// unmap_ref_private: the owner's copy fails, so that nobody else keeps the page.
void unmap_ref_private(MmStruct& mm, const VmArea& vma, const HugeFolioPtr& folio, Address addr) {
  const std::uint64_t idx = hugecache_offset(vma, addr);
  for (const auto& [offset, mapping] : private_mappings(*mm.hstate, vma.vm_file, idx, idx + 1)) {
    const auto [other_mm, other] = mapping;
    if (other == &vma || is_vma_resv_set(*other, kResvOwner)) continue;
    const auto pte = other_mm->huge_ptes.find(address_in(*other, idx));
    if (pte == other_mm->huge_ptes.end() || pte->second != folio) continue;
    other->vm_private_data |= kResvUnmapped;
    --folio->mapcount;
    other_mm->huge_ptes.erase(pte);
  }
}

/// hugetlb_wp, of a private mapping: the page that is mapped must be its own.
Failure hugetlb_wp(MmStruct& mm, VmArea& vma, Address addr) {
  Hstate& h = *mm.hstate;
  HugeFolioPtr& pte = mm.huge_ptes[addr];
  const bool cow_from_owner = pte->is_anon && is_vma_resv_set(vma, kResvOwner);
  while (!pte->is_anon || pte->mapcount != 1) {
    HugeFolioPtr fresh = alloc_hugetlb_folio(h, vma, addr, cow_from_owner);
    if (fresh == nullptr) {
      if (!cow_from_owner) return Errno::kSIGBUS;
      unmap_ref_private(mm, vma, pte, addr);
      continue;
    }
    if (!anon_vma_prepare(mm, vma)) {
      restore_reserve_on_error(h, vma, addr, *fresh);
      return Errno::kENOMEM;
    }
    fresh->is_anon = true;
    fresh->mapcount = 1;
    fresh->restore_reserve = false;
    --pte->mapcount;
    const HugeFolioPtr old = std::exchange(pte, std::move(fresh));
    put(h, old);
  }
  return std::nullopt;
}

/// hugetlb_no_page.
Failure hugetlb_no_page(MmStruct& mm, VmArea& vma, Address addr) {
  Hstate& h = *mm.hstate;
  const bool is_private = !is_mayshare(vma);
  if (is_private && is_vma_resv_set(vma, kResvUnmapped)) return Errno::kSIGBUS;
  HugetlbInode& inode = h.inode(vma.vm_file);
  const std::uint64_t idx = hugecache_offset(vma, addr);
  HugeFolioPtr folio;
  if (const auto found = inode.page_cache.find(idx); found != inode.page_cache.end()) {
    folio = found->second;
  } else {
    if (idx >= inode.size) return Errno::kSIGBUS;
    // hugetlb_handle_userfault: whoever reads of it has no such page.
    if ((vma.vm_flags & kVmUffdMissing) != 0) give_up_userfaultfd(mm, vma);
    folio = alloc_hugetlb_folio(h, vma, addr, false);
    if (folio == nullptr) return Errno::kSIGBUS;
    // Only now: where there is no page nobody sees whether the VMA has one.
    if (is_private && !anon_vma_prepare(mm, vma)) {
      restore_reserve_on_error(h, vma, addr, *folio);
      return Errno::kENOMEM;
    }
    folio->restore_reserve = false;
    folio->is_anon = is_private;
    if (!is_private) inode.page_cache[idx] = folio;
  }
  ++folio->mapcount;
  mm.huge_ptes[addr] = std::move(folio);
  return std::nullopt;
}

bool is_mapped(const Hstate& h, FileId file) {
  bool found = false;
  for (const MmStruct* mm : h.mms)
    mm->mm_mt.for_each_value([&](const VmArea* vma) { found = found || vma->vm_file == file; });
  return found;
}

/// hugetlbfs_evict_inode: its pages are free before what is left of its reservations is.
void evict_inode(Hstate& h, const HugetlbInode& inode) {
  for (const auto& [idx, folio] : inode.page_cache) put(h, folio);
  h.unacct_memory(inode.resv_map.regions.size() - inode.page_cache.size());
}

}  // namespace

FileId hugetlb_file_setup(MmStruct& mm, Address length) {
  const FileId file{FileClass::kAnonHugetlb, mm.hstate->anon_files++};
  mm.hstate->inode(file).size = length / kHugePageSize;
  return file;
}

Failure hugetlb_reserve_pages(MmStruct& mm, HookState& state) {
  Hstate& h = *mm.hstate;
  HugetlbInode& inode = h.inode(state.file);
  const std::uint64_t from = state.pgoff >> kHugePageOrder;
  const std::uint64_t to = (state.pgoff + state.pages) >> kHugePageOrder;
  if ((state.vm_flags & kVmNoreserve) == 0) {
    const bool is_shared = (state.vm_flags & kVmMayshare) != 0;
    const std::uint64_t chg = to - from - (is_shared ? inode.resv_map.count(from, to) : 0);
    if (!h.acct_memory(chg)) return Errno::kENOMEM;
    if (is_shared) {
      for (std::uint64_t idx = from; idx < to; ++idx) inode.resv_map.regions.insert(idx);
    } else {
      h.private_maps.try_emplace(++h.last_private_map);
      state.vm_private_data = (h.last_private_map << kResvBits) | kResvOwner;
    }
  }
  if ((state.vm_flags & kVmWrite) != 0) inode.size = std::max(inode.size, to);
  return std::nullopt;
}

void hugetlb_open(MmStruct& mm, const VmArea& vma) {
  if (!is_vm_hugetlb_page(vma) || is_mayshare(vma) || !is_vma_resv_set(vma, kResvOwner)) return;
  ++private_map(*mm.hstate, vma)->refs;
}

void hugetlb_dup_vma_private(VmArea& vma) { vma.vm_private_data = 0; }

void copy_hugetlb_page_range(MmStruct& dst, const MmStruct& src, const VmArea& dst_vma) {
  // vma_needs_copy: what a fault brings back is not copied.
  if (!is_vm_hugetlb_page(dst_vma) || dst_vma.anon_vma == kNoAnonVma) return;
  const auto last = src.huge_ptes.lower_bound(dst_vma.vm_end);
  for (auto pte = src.huge_ptes.lower_bound(dst_vma.vm_start); pte != last; ++pte) {
    ++pte->second->mapcount;
    dst.huge_ptes.insert(*pte);
  }
}

Failure hugetlb_fault(MmStruct& mm, VmArea& vma, Address addr, Access access) {
  addr &= kHugePageMask;
  if (!mm.huge_ptes.contains(addr)) {
    if (const Failure failed = hugetlb_no_page(mm, vma, addr)) return failed;
  }
  const bool may_copy = access == Access::kWrite && !is_mayshare(vma);
  return may_copy ? hugetlb_wp(mm, vma, addr) : std::nullopt;
}

void unmap_hugepage_range(MmStruct& mm, VmArea& vma, Address start, Address end) {
  Gather gather{&mm.hstate->slab};
  unmap_range(mm, vma, start, end, gather);
  free_gathered(*mm.hstate, gather);
}

void hugetlb_unmap_vmas(MmStruct& mm, std::span<VmArea* const> vmas) {
  const auto none =
      std::ranges::none_of(vmas, [](const VmArea* vma) { return is_vm_hugetlb_page(*vma); });
  if (none) return;
  Gather gather{&mm.hstate->slab};
  for (VmArea* vma : vmas) unmap_range(mm, *vma, vma->vm_start, vma->vm_end, gather);
  free_gathered(*mm.hstate, gather);
  for (const VmArea* vma : vmas) hugetlb_vm_op_close(mm, *vma);
}

void hugetlb_exit_mmap(MmStruct& mm) {
  std::pmr::vector<VmArea*> vmas{&mm.hstate->slab};
  mm.mm_mt.for_each_value([&vmas](VmArea* vma) {
    if (is_vm_hugetlb_page(*vma)) vmas.push_back(vma);
  });
  hugetlb_unmap_vmas(mm, vmas);
}

void hugetlbfs_punch_hole(Hstate& h, FileId file, std::uint64_t offset, Address length) {
  const std::uint64_t first = (offset + kHugePageSize - 1) / kHugePageSize;
  const std::uint64_t end = (offset + length) / kHugePageSize;
  if (first >= end) return;
  // hugetlb_vmdelete_list. What a shared mapping has mapped is only the file's.
  for (const auto& [pgoff, mapping] : private_mappings(h, file, first, end)) {
    const auto [mm, vma] = mapping;
    const std::uint64_t from = std::max(first, hugecache_offset(*vma, vma->vm_start));
    const std::uint64_t to = std::min(end, hugecache_offset(*vma, vma->vm_end));
    unmap_hugepage_range(*mm, *vma, address_in(*vma, from), address_in(*vma, to));
  }
  HugetlbInode& inode = h.inode(file);
  for (MmStruct* mm : h.mms) {
    std::erase_if(mm->huge_ptes, [&](const auto& pte) {
      const VmArea* const vma = mm->vma_lookup(pte.first);
      if (vma->vm_file != file) return false;
      const std::uint64_t idx = hugecache_offset(*vma, pte.first);
      if (idx < first || idx >= end) return false;
      --pte.second->mapcount;
      return true;
    });
  }
  // remove_inode_hugepages: with a page its reservation goes.
  const auto page = inode.page_cache.lower_bound(first);
  const auto last = inode.page_cache.lower_bound(end);
  for (auto it = page; it != last; ++it) {
    inode.resv_map.regions.erase(it->first);
    put(h, it->second);
  }
  inode.page_cache.erase(page, last);
}

void move_hugetlb_page_tables(MmStruct& mm, VmArea& vma, Address from, Address to, Address length) {
  const auto first = mm.huge_ptes.lower_bound(from);
  const auto last = mm.huge_ptes.lower_bound(from + length);
  std::pmr::vector<std::pair<Address, HugeFolioPtr>> moved{&mm.hstate->slab};
  for (auto pte = first; pte != last; ++pte)
    moved.emplace_back(pte->first - from + to, std::move(pte->second));
  mm.huge_ptes.erase(first, last);
  mm.huge_ptes.insert(moved.begin(), moved.end());
  // clear_vma_resv_huge_pages.
  if (is_mayshare(vma)) return;
  if (is_vma_resv_set(vma, kResvOwner)) put_private_map(*mm.hstate, vma);
  hugetlb_dup_vma_private(vma);
}

void hugetlb_evict_unused(Hstate& h) {
  std::erase_if(h.inodes, [&h](const auto& entry) {
    const FileId file{entry.first.first, entry.first.second};
    if (file.cls != FileClass::kAnonHugetlb || is_mapped(h, file)) return false;
    evict_inode(h, entry.second);
    return true;
  });
}

void hugetlb_evict_all(Hstate& h) {
  for (const auto& [file, inode] : h.inodes) evict_inode(h, inode);
  h.inodes.clear();
}

}  // namespace vmadiff::impl
