// spec: the memory policy of a VMA, as far as it keeps VMAs apart.
#pragma once

#include <cstdint>

namespace vmadiff::spec {

/// NUMA nodes that a call can name: 0 … kNodeCount-1.
inline constexpr unsigned kNodeCount = 16;
inline constexpr std::uint64_t kNodesMask = (std::uint64_t{1} << kNodeCount) - 1;

/// Two VMAs have the same policy where these are equal (mpol_equal), so each system writes just
/// what Linux looks at.
struct MemPolicy {
  std::uint16_t mode = 0;   ///< MPOL_*; MPOL_DEFAULT where there is none (then all is 0)
  std::uint16_t flags = 0;  ///< MPOL_F_*
  std::uint16_t nodes = 0;  ///< in effect: those asked for that there are; none with MPOL_LOCAL
  std::uint16_t asked = 0;  ///< as asked for, where any of flags is set
  friend constexpr bool operator==(const MemPolicy&, const MemPolicy&) = default;
};

}  // namespace vmadiff::spec
