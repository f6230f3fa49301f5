// reports: a VMA as a line that says what matters about it. /proc/PID/maps shows neither memory
// policies nor anon_vmas, nor which userfaultfd watches it, nor which object shared memory is of,
// nor the offset of anonymous memory, nor that of a private file's own pages; where just that tells
// two VMAs apart, it stands behind the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/snapshot.h"

namespace vmadiff::reports {

/// Parts of a VMA that spec::text does not show: a set of bits.
using Hidden = std::uint8_t;
inline constexpr Hidden kHiddenOffset = 1;
inline constexpr Hidden kHiddenFile = 2;
inline constexpr Hidden kHiddenAnonVma = 4;
inline constexpr Hidden kHiddenPolicy = 8;
inline constexpr Hidden kHiddenOwnOffset = 16;
inline constexpr Hidden kHiddenUserfaultfd = 32;

/// In which of them two VMAs in the same place differ, as far as it is observed.
[[nodiscard]] Hidden hidden_difference(const spec::Vma& a, const spec::Vma& b,
                                       const spec::Observes& seen);
/// What keeps two adjacent VMAs apart whose lines do not say it; nothing where they do.
[[nodiscard]] Hidden hidden_between(const spec::Vma& prev, const spec::Vma& next,
                                    const spec::Observes& seen);

/// What stands behind a line where nothing keeps its VMA apart from the one before: no call has
/// merged them since they became alike, or what keeps them apart is not seen.
inline constexpr std::string_view kNothingKeepsApart = " (nothing keeps it apart)";
inline constexpr std::string_view kNothingSeenKeepsApart = " (nothing seen here keeps it apart)";

/// One of these two where nothing that is seen keeps two adjacent VMAs apart; else empty.
[[nodiscard]] std::string_view unseen_between(const spec::Vma& prev, const spec::Vma& next,
                                              const spec::Observes& seen);

/// The VMA's line with these parts behind it.
[[nodiscard]] std::string text_with(const spec::Vma& vma, Hidden parts);

/// The lines of a layout, each with what keeps it apart from its neighbours.
[[nodiscard]] std::vector<std::string> lines_of(const std::vector<spec::Vma>& vmas,
                                                const spec::Observes& seen);

}  // namespace vmadiff::reports
