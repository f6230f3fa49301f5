// The cells that an input meets are coverage of libFuzzer's.
#include "fuzz/cell_counters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "fuzz/fuzz_differential.h"

namespace vmadiff::fuzz {
namespace {

constexpr std::string_view kLeft =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
constexpr std::string_view kFlags =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

void run(std::string_view trace) {
  const auto failure =
      run_differential({reinterpret_cast<const std::uint8_t*>(trace.data()), trace.size()});
  EXPECT_FALSE(failure) << *failure;
}

unsigned count_of_cell(std::string_view text) {
  const auto cells = properties::meetable_cells();
  const auto at = std::ranges::find(
      cells, text, [](const properties::Cell& cell) { return properties::text(cell); });
  if (at == cells.end()) ADD_FAILURE() << "no cell " << text;
  return at == cells.end() ? 0 : cell_counters()[static_cast<std::size_t>(at - cells.begin())];
}

TEST(CellCounters, CountWhatTheLastInputMet) {
  run(kLeft);
  EXPECT_EQ(count_of_cell("mmap ok"), 2U);
  EXPECT_EQ(count_of_cell("mmap left, KSM off"), 1U);
  EXPECT_EQ(count_of_cell("mmap flags, KSM off"), 0U);
  run(kFlags);
  EXPECT_EQ(count_of_cell("mmap left, KSM off"), 0U);
  EXPECT_EQ(count_of_cell("mmap flags, KSM off"), 1U);
}

TEST(CellCounters, EndAt255) {
  properties::Coverage coverage;
  const spec::Snapshot empty;
  const spec::Setup setup;
  for (int i = 0; i < 300; ++i) {
    coverage.note(spec::Munmap{}, spec::Outcome::ok(), empty, empty, setup);
  }
  count_cells(coverage);
  EXPECT_EQ(count_of_cell("munmap ok"), 255U);
}

}  // namespace
}  // namespace vmadiff::fuzz
