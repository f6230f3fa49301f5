// impl: the counters of the pool of huge pages.
#include "impl/hstate.h"

#include <algorithm>
#include <iterator>

namespace vmadiff::impl {

std::uint64_t ResvMap::count(std::uint64_t from, std::uint64_t to) const {
  return static_cast<std::uint64_t>(
      std::distance(regions.lower_bound(from), regions.lower_bound(to)));
}

void Hstate::init(const spec::Setup& setup) {
  nr_overcommit_huge_pages = setup.nr_overcommit_hugepages;
  free_huge_pages = setup.nr_hugepages;
  resv_huge_pages = surplus_huge_pages = 0;
  inodes.clear();
  private_maps.clear();
  last_private_map = anon_files = 0;
}

bool Hstate::acct_memory(std::uint64_t delta) {
  // resv_huge_pages can be "below 0": a page's reservation was given up before it was free.
  const auto needed = static_cast<std::int64_t>(resv_huge_pages + delta - free_huge_pages);
  if (needed > 0) {
    // All of what is needed comes, or nothing.
    const auto more = static_cast<std::uint64_t>(needed);
    if (more > nr_overcommit_huge_pages - surplus_huge_pages) return false;
    surplus_huge_pages += more;
    free_huge_pages += more;
  }
  resv_huge_pages += delta;
  // allowed_mems_nr.
  if (delta <= free_huge_pages) return true;
  unacct_memory(delta);
  return false;
}

void Hstate::unacct_memory(std::uint64_t delta) {
  resv_huge_pages -= delta;
  for (auto left = std::min(delta, surplus_huge_pages); left != 0 && free_huge_pages != 0; --left) {
    --surplus_huge_pages;
    --free_huge_pages;
  }
}

HugeFolioPtr Hstate::alloc_folio(bool use_global_reservation) {
  auto folio = std::allocate_shared<HugeFolio>(SlabAllocator{&slab});
  // dequeue_hugetlb_folio_vma, of available_huge_pages.
  const bool available = use_global_reservation || free_huge_pages != resv_huge_pages;
  if (available && free_huge_pages != 0) {
    --free_huge_pages;
  } else if (surplus_huge_pages < nr_overcommit_huge_pages) {
    ++surplus_huge_pages;  // alloc_surplus_hugetlb_folio: it is in use at once
  } else {
    return nullptr;
  }
  if (use_global_reservation) {
    --resv_huge_pages;
    folio->restore_reserve = true;
  }
  return folio;
}

void Hstate::free_folio(const HugeFolio& folio) {
  if (folio.restore_reserve) ++resv_huge_pages;
  if (surplus_huge_pages != 0) {
    --surplus_huge_pages;
  } else {
    ++free_huge_pages;
  }
}

}  // namespace vmadiff::impl
