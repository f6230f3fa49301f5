// tests of reports: no two lines of a layout that are equal but for their range stand side by side
// without a word why.
#include "reports/vma_lines.h"

#include <gtest/gtest.h>

#include "reports/side_by_side.h"

namespace vmadiff::tests {
namespace {

constexpr spec::Address kArena = 0x100000000000;
constexpr spec::VmFlags kPlain = spec::kVmDataDefaultFlags | spec::kVmAccount;

/// Two anonymous VMAs, each a page, the one behind the other.
std::vector<spec::Vma> two() {
  spec::Vma low{};
  low.start = kArena;
  low.end = kArena + spec::kPageSize;
  low.flags = kPlain;
  low.pgoff = kArena >> spec::kPageShift;
  auto high = low;
  high.start = low.end;
  high.end += spec::kPageSize;
  ++high.pgoff;
  return {low, high};
}

const std::string kLow = "100000000000-100000001000 rw-p 00000000 anon [rd wr mr mw me ac]";
const std::string kHigh = "100000001000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac]";

TEST(VmaLines, SayWhatKeepsNeighboursApart) {
  auto vmas = two();
  vmas[1].policy = {.mode = spec::kMpolBind, .flags = 0, .nodes = 1, .asked = 0};
  EXPECT_EQ(reports::lines_of(vmas, {}),
            (std::vector{kLow + " no policy", kHigh + " policy MPOL_BIND nodes 0x1"}));
  vmas = two();
  vmas[0].anon_vma = 1;
  vmas[0].anon_vma_links = 1;
  vmas[1].anon_vma = 2;
  vmas[1].anon_vma_links = 2;
  EXPECT_EQ(reports::lines_of(vmas, {}),
            (std::vector{kLow + " anon_vma 1", kHigh + " anon_vma 2 (2 links)"}));
  vmas = two();
  vmas[1].pgoff += 7;
  EXPECT_EQ(reports::lines_of(vmas, {}),
            (std::vector{kLow + " pgoff 100000000", kHigh + " pgoff 100000008"}));
}

TEST(VmaLines, OfARealKernelSayThatItIsNotSeen) {
  const auto vmas = two();
  const std::string note = " (nothing seen here keeps it apart)";
  EXPECT_EQ(reports::lines_of(vmas, spec::kFromOutside), (std::vector{kLow, kHigh + note}));
  // Who sees all of it knows that there is nothing.
  EXPECT_EQ(reports::lines_of(vmas, {}), (std::vector{kLow, kHigh + " (nothing keeps it apart)"}));
  auto sealed = two();
  sealed[1].flags |= spec::kVmSealed;
  auto special = two();
  for (auto& vma : special) vma.flags |= spec::kVmIo;
  auto gap = two();
  gap[1].start += spec::kPageSize;
  gap[1].end += spec::kPageSize;
  for (const auto& other : {sealed, special, gap}) {
    for (const auto& line : reports::lines_of(other, spec::kFromOutside))
      EXPECT_FALSE(line.contains(note)) << line;
  }
}

TEST(VmaLines, OfAFindingShowWhatEachSideSeesAndMarkWhatBothDo) {
  spec::Snapshot state;
  state.vmas = two();
  state.vmas[1].policy = {.mode = spec::kMpolBind, .flags = 0, .nodes = 1, .asked = 0};
  auto seen = state;
  seen.vmas[1].policy = {};
  EXPECT_EQ(reports::side_by_side({{"model", spec::Outcome::ok(0), state, {}},
                                   {"host", spec::Outcome::ok(0), seen, spec::kFromOutside}}),
            "  expected (model)                                                                    "
            "        | "
            "actual (host)\n"
            "  " +
                kLow + " no policy                  | " + kLow +
                "\n"
                "  " +
                kHigh + " policy MPOL_BIND nodes 0x1 | " + kHigh +
                " (nothing seen here keeps it apart)\n");
}

}  // namespace
}  // namespace vmadiff::tests
