// impl: what happens, fast? This file: the mm's counters, and overcommit.
#pragma once

#include <cstdint>

#include "impl/mm.h"

namespace vmadiff::impl {

/// Pages of the kinds that the mm counts; sums may wrap in between.
struct PageCounts {
  std::uint64_t total = 0;
  std::uint64_t locked = 0;
  std::uint64_t data = 0;
  std::uint64_t stack = 0;
  std::uint64_t exec = 0;
};

/// Adds what a VMA of these flags counts for (vm_stat_account; VM_LOCKED apart from it).
void count_pages(PageCounts& counts, spec::VmFlags flags, std::uint64_t pages);

/// vm_stat_account with a positive (negative) number of pages. locked_vm is not touched.
void vm_stat_account(MmStruct& mm, spec::VmFlags flags, std::uint64_t pages);
void vm_stat_unaccount(MmStruct& mm, spec::VmFlags flags, std::uint64_t pages);

/// accountable_mapping: private and writable, not hugetlb, not VM_NORESERVE.
[[nodiscard]] bool accountable_mapping(spec::FileId file, spec::VmFlags flags);

/// Whether heuristic overcommit allows one charge of so many pages (__vm_enough_memory with
/// OVERCOMMIT_GUESS): only a charge larger than all memory is refused, so what was committed before
/// does not matter and is not kept.
[[nodiscard]] bool vm_enough_memory(const MmStruct& mm, std::uint64_t pages);

}  // namespace vmadiff::impl
