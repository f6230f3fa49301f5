// impl: what happens, fast? This file: struct hstate of 2 MiB pages on a machine of one node, and
// the files and reservation maps that its pages belong to. What is done with them is in hugetlb.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <set>
#include <vector>

#include "spec/file.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::impl {

class MmStruct;

/// struct folio, of a huge page in use.
struct HugeFolio {
  std::uint32_t mapcount = 0;
  bool is_anon = false;          ///< folio_test_anon; else it is in a file's page cache
  bool restore_reserve = false;  ///< folio_test_hugetlb_restore_reserve
};
using HugeFolioPtr = std::shared_ptr<HugeFolio>;

/// Where the parts of a machine have their memory: a free list of each size.
using SlabAllocator = std::pmr::polymorphic_allocator<>;

/// struct resv_map. Of a file: what has had a reservation. Of a private mapping: what has used its
/// own up. In huge pages of the file.
struct ResvMap {
  using allocator_type = SlabAllocator;
  explicit ResvMap(const SlabAllocator& slab) : regions(slab) {}

  std::pmr::set<std::uint64_t> regions;
  std::uint32_t refs = 1;

  /// region_count.
  [[nodiscard]] std::uint64_t count(std::uint64_t from, std::uint64_t to) const;
};

/// struct inode of hugetlbfs.
struct HugetlbInode {
  using allocator_type = SlabAllocator;
  explicit HugetlbInode(const SlabAllocator& slab) : resv_map(slab), page_cache(slab) {}

  std::uint64_t size = 0;  ///< i_size, huge pages
  ResvMap resv_map;
  std::pmr::map<std::uint64_t, HugeFolioPtr> page_cache;
};

class Hstate {
 public:
  /// As a machine of that set-up begins.
  void init(const spec::Setup& setup);

  /// hugetlb_acct_memory, upwards (gather_surplus_pages) and downwards
  /// (return_unused_surplus_pages). False where the pool cannot grow so far.
  [[nodiscard]] bool acct_memory(std::uint64_t delta);
  void unacct_memory(std::uint64_t delta);
  /// hugetlb_alloc_folio: from what is reserved, or from what is not. Null: -ENOSPC.
  [[nodiscard]] HugeFolioPtr alloc_folio(bool use_global_reservation);
  /// free_huge_folio.
  void free_folio(const HugeFolio& folio);

  [[nodiscard]] spec::HugePages counters() const {
    return {free_huge_pages, resv_huge_pages, surplus_huge_pages};
  }
  [[nodiscard]] HugetlbInode& inode(spec::FileId file) { return inodes[{file.cls, file.number}]; }

  std::uint64_t nr_overcommit_huge_pages = 0;
  std::uint64_t free_huge_pages = 0;
  std::uint64_t resv_huge_pages = 0;
  std::uint64_t surplus_huge_pages = 0;
  /// Of what comes and goes with calls: it is kept, so that a run takes the memory of the one
  /// before.
  std::pmr::unsynchronized_pool_resource slab;
  std::pmr::map<std::pair<spec::FileClass, std::uint32_t>, HugetlbInode> inodes{&slab};
  std::pmr::map<std::uint32_t, ResvMap> private_maps{&slab};  ///< by what VMAs call them
  std::uint32_t last_private_map = 0;
  std::uint32_t anon_files = 0;  ///< how many were made for MAP_ANONYMOUS
  std::vector<MmStruct*> mms;    ///< all processes
};

}  // namespace vmadiff::impl
