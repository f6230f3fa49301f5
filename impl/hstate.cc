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
  const std::uint64_t available = free_huge_pages - resv_huge_pages;
  if (delta > available) {
    // All of what is needed comes, or nothing.
    const std::uint64_t needed = delta - available;
    if (needed > nr_overcommit_huge_pages - surplus_huge_pages) return false;
    surplus_huge_pages += needed;
    free_huge_pages += needed;
  }
  resv_huge_pages += delta;
  return true;
}

void Hstate::unacct_memory(std::uint64_t delta) {
  resv_huge_pages -= delta;
  for (auto left = std::min(delta, surplus_huge_pages); left != 0 && free_huge_pages != 0; --left) {
    --surplus_huge_pages;
    --free_huge_pages;
  }
}

HugeFolioPtr Hstate::alloc_folio(bool use_global_reservation) {
  auto folio = std::make_shared<HugeFolio>();
  if (use_global_reservation) {
    --free_huge_pages;
    --resv_huge_pages;
    folio->restore_reserve = true;
  } else if (free_huge_pages != resv_huge_pages) {
    --free_huge_pages;
  } else if (surplus_huge_pages < nr_overcommit_huge_pages) {
    ++surplus_huge_pages;  // alloc_surplus_hugetlb_folio: it is in use at once
  } else {
    return nullptr;
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
