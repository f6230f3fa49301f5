// fuzz: the cells as libFuzzer's extra counters, which it finds by the name of their section.
#include "fuzz/cell_counters.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace vmadiff::fuzz {
namespace {

constexpr std::size_t kCountersMax = 1024;
constexpr std::uint64_t kCountMax = 255;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): libFuzzer's interface
[[gnu::section("__libfuzzer_extra_counters")]] std::array<std::uint8_t, kCountersMax> counters;

}  // namespace

void count_cells(const properties::Coverage& coverage) {
  const auto cells = properties::meetable_cells();
  assert(cells.size() <= kCountersMax);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    counters[i] = static_cast<std::uint8_t>(std::min(kCountMax, count_of(coverage, cells[i])));
  }
}

std::span<const std::uint8_t> cell_counters() {
  return std::span{counters}.first(properties::meetable_cells().size());
}

}  // namespace vmadiff::fuzz
