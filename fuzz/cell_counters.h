// fuzz: the cells of properties/coverage/coverage.h as coverage of libFuzzer's: an input that meets
// one for the first time is new to it, whichever code it ran through.
#pragma once

#include <cstdint>
#include <span>

#include "properties/coverage/coverage.h"

namespace vmadiff::fuzz {

/// Writes how often each cell was met, 255 at most, where libFuzzer looks after every input.
void count_cells(const properties::Coverage& coverage);

/// What it looks at: cell i of properties::meetable_cells() is element i.
[[nodiscard]] std::span<const std::uint8_t> cell_counters();

}  // namespace vmadiff::fuzz
