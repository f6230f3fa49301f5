// spec: what a syscall is and what can be observed. This file: addresses, pages, ranges.
// Knows nothing of any implementation of memory management.
#pragma once

#include <cstdint>

namespace vmadiff::spec {

/// A user virtual address or a length, in bytes.
using Address = std::uint64_t;

inline constexpr unsigned kPageShift = 12;
inline constexpr Address kPageSize = Address{1} << kPageShift;  ///< bytes
/// PMD_SIZE on x86-64: the huge page that THP placement and hugetlb align to, in bytes.
inline constexpr Address kHugePageSize = Address{2} << 20;

[[nodiscard]] constexpr bool is_page_aligned(Address a) { return (a & (kPageSize - 1)) == 0; }
[[nodiscard]] constexpr Address page_down(Address a) { return a & ~(kPageSize - 1); }
/// Rounds up to a page. Wraps to 0 for the last page of the 64-bit space, as PAGE_ALIGN does:
/// callers that take user input check for that.
[[nodiscard]] constexpr Address page_up(Address a) { return page_down(a + kPageSize - 1); }
/// Rounds up to a huge page of 2 MiB, in the same way.
[[nodiscard]] constexpr Address huge_page_up(Address a) {
  return (a + kHugePageSize - 1) & ~(kHugePageSize - 1);
}

/// Half-open byte range [start, end).
struct Range {
  Address start = 0;
  Address end = 0;
  [[nodiscard]] constexpr bool overlaps(const Range& o) const {
    return start < o.end && o.start < end;
  }
  [[nodiscard]] constexpr Address size() const { return end - start; }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

}  // namespace vmadiff::spec
