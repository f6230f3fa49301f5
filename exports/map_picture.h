// exports: an address space as a picture of letters: a row for each layout, a letter for each VMA,
// a ruler of pages above.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "spec/snapshot.h"

namespace vmadiff::exports {

struct MapRow {
  std::string_view label;  ///< at most 8 letters
  const std::vector<spec::Vma>* vmas = nullptr;
};

/// One picture for each group of VMAs that no gap of more than 16 pages parts, none wider than
/// `columns`. A group with more pages than fit has several pages in a column, and says so. Letters
/// go from A in each row, and begin again behind Z.
[[nodiscard]] std::string map_picture(const std::vector<MapRow>& rows, std::size_t columns);

}  // namespace vmadiff::exports
