// tests/model: the merge questions themselves, with the reason why not.
#include "model/compatibility.h"

#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

const KernelProfile k612 = *profile_named("linux-6.12");
const KernelProfile k618 = *profile_named("linux-6.18");

Vma vma(std::uint64_t first, std::uint64_t pages, AnonVmaId anon_vma = kNoAnonVma,
        std::uint32_t links = 1) {
  Vma made;
  made.start = page(first);
  made.end = page(first + pages);
  made.pgoff = made.start >> kPageShift;
  made.flags = kVmDataDefaultFlags;
  made.anon_vma = anon_vma;
  made.anon_vma_links = anon_vma == kNoAnonVma ? 0 : links;
  return made;
}

TEST(CanMerge, SaysWhyNot) {
  const Vma prev = vma(0, 2);
  const Vma range = vma(2, 2);
  EXPECT_EQ(can_merge_left(&prev, range, k618), MergeAnswer::kYes);
  EXPECT_EQ(can_merge_left(nullptr, range, k618), MergeAnswer::kNoNeighbour);
  EXPECT_EQ(can_merge_left(&prev, vma(3, 1), k618), MergeAnswer::kNoNeighbour);
  Vma other = range;
  other.flags |= kVmIo;
  EXPECT_EQ(can_merge_left(&prev, other, k618), MergeAnswer::kSpecial);
  other = range;
  other.flags |= kVmMergeable;
  EXPECT_EQ(can_merge_left(&prev, other, k618), MergeAnswer::kFlags);
  other = range;
  other.file = kMemfd0;
  EXPECT_EQ(can_merge_left(&prev, other, k618), MergeAnswer::kFile);
  other = range;
  ++other.pgoff;
  EXPECT_EQ(can_merge_left(&prev, other, k618), MergeAnswer::kOffset);
  other = range;
  other.flags |= kVmSoftdirty;
  EXPECT_EQ(can_merge_left(&prev, other, k618), MergeAnswer::kYes);
}

TEST(CanMerge, IsSymmetricButForTheAnonVma) {
  const Vma low = vma(0, 2);
  const Vma high = vma(2, 2);
  EXPECT_EQ(can_merge_right(low, &high, k618), MergeAnswer::kYes);
  EXPECT_EQ(can_merge_right(low, nullptr, k618), MergeAnswer::kNoNeighbour);
  Vma moved = high;
  moved.pgoff += 5;
  EXPECT_EQ(can_merge_right(low, &moved, k618), MergeAnswer::kOffset);
}

TEST(CanMerge, AsksWhetherAnAnonVmaCameThroughFork) {
  struct Case {
    AnonVmaId neighbour, range;
    std::uint32_t links;
    bool in_612, in_618;
  };
  for (const Case& c :
       {Case{0, 0, 1, true, true}, Case{7, 7, 2, true, true}, Case{7, 8, 1, false, false},
        Case{7, 0, 1, true, true}, Case{7, 0, 2, false, false}, Case{0, 7, 1, false, true},
        Case{0, 7, 2, false, false}}) {
    const Vma prev = vma(0, 2, c.neighbour, c.links);
    const Vma range = vma(2, 2, c.range, c.links);
    EXPECT_EQ(can_merge_left(&prev, range, k612) == MergeAnswer::kYes, c.in_612)
        << c.neighbour << " " << c.range << " " << c.links;
    EXPECT_EQ(can_merge_left(&prev, range, k618) == MergeAnswer::kYes, c.in_618)
        << c.neighbour << " " << c.range << " " << c.links;
  }
}

TEST(NeighboursAgree, UnlessTheirAnonVmasDiffer) {
  EXPECT_TRUE(neighbours_agree(vma(0, 1, 7, 2), vma(2, 1)));
  EXPECT_TRUE(neighbours_agree(vma(0, 1, 7), vma(2, 1, 7)));
  EXPECT_FALSE(neighbours_agree(vma(0, 1, 7), vma(2, 1, 8)));
}

TEST(CanShareAnonVma, WherePermissionsDiffer) {
  const Vma low = vma(0, 1);
  Vma high = vma(1, 1);
  high.flags &= ~kVmWrite;
  EXPECT_TRUE(can_share_anon_vma(low, high));
  high.flags |= kVmAccount;
  EXPECT_FALSE(can_share_anon_vma(low, high));
}

}  // namespace
}  // namespace vmadiff::model
