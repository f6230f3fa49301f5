// reports: layouts beside each other, and as a picture with one letter a VMA and one column a page.
#pragma once

#include <string>
#include <vector>

#include "properties/claims/finding.h"

namespace vmadiff::reports {

/// One line a VMA, VMAs with equal start on one line, lines that differ marked `!`; below them the
/// counters that differ. Only what the sequence made, not what was there before. With one view, one
/// column. Each line ends with a newline.
[[nodiscard]] std::string side_by_side(const std::vector<properties::View>& views);

/// A ruler and a row for each view, of the VMAs around the first difference (or around `call`,
/// where the layouts are equal): at most 96 pages. Empty where that does not fit.
[[nodiscard]] std::string picture(const std::vector<properties::View>& views,
                                  const spec::Syscall& call);

}  // namespace vmadiff::reports
