// tests of intake: what was adjacent stays so, what was apart stays apart.
#include "intake/relocation.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace vmadiff::intake {
namespace {

using spec::Address;
using spec::kPageSize;

TEST(Relocation, KeepsOrderDistancesThatMatterAndAlignment) {
  std::mt19937_64 random{11};
  for (int round = 0; round < 300; ++round) {
    PageSet used;
    std::vector<Address> edges;
    Address at = 0x400000;
    for (int i = 0; i < 40; ++i) {
      const Address step = Address{1} << (random() % 38);
      at += (step & ~(kPageSize - 1)) * (random() % 3);
      const Address length = kPageSize * (1 + random() % 5);
      used.add({at, at + length});
      edges.push_back(at);
      at += length;
      edges.push_back(at - kPageSize);
    }
    const auto to = Relocation::make(used, {});
    ASSERT_TRUE(to) << to.error();
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const Address before = edges[i + 1] - edges[i];
      const Address after = (*to)(edges[i + 1]) - (*to)(edges[i]);
      ASSERT_EQ((*to)(edges[i]) % spec::kHugePageSize, edges[i] % spec::kHugePageSize);
      // Close ones keep their distance; far ones stay far, in the same order.
      if (before <= (Address{64} << 20)) {
        ASSERT_EQ(after, before) << i;
      } else {
        ASSERT_GE(after, Address{64} << 20) << i;
        ASSERT_LT(after, Address{1} << 47) << i;
      }
    }
  }
}

TEST(Relocation, TheBreakIsATraces) {
  PageSet used;
  used.add({0x555500000000, 0x555500021000});
  used.add({0x7f0000000000, 0x7f0000001000});
  const auto to = Relocation::make(used, {0x555500000000, 0x555500021000});
  ASSERT_TRUE(to);
  EXPECT_EQ(to->break_at(0), 0U);
  EXPECT_EQ(to->break_at(0x555500021000), trace_break() + 0x21000);
  EXPECT_EQ((*to)(0x555500001000), trace_break() + 0x1000);
  EXPECT_FALSE(to->parts_heap());
  EXPECT_EQ((*to)(0x7f0000000000), 0x100000000000);
  // Its end is an address, too: that of a length that reaches there.
  EXPECT_EQ((*to)(0x7f0000001000), 0x100000001000);
  EXPECT_EQ((*to)(0x1234), 0x1234U);
}

TEST(Relocation, WhatWasBesideTheBreakIsSaid) {
  PageSet used;
  used.add({0x5554fffff000, 0x555500021000});
  const auto to = Relocation::make(used, {0x555500000000, 0x555500021000});
  ASSERT_TRUE(to);
  EXPECT_TRUE(to->parts_heap());
}

TEST(Relocation, WhatDoesNotFitIsAnError) {
  PageSet used;
  used.add({0x10000, 0x7fff00000000});
  EXPECT_FALSE(Relocation::make(used, {}));
  // Sixteen TiB of shadow fit lower down.
  PageSet shadow;
  shadow.add({0x7fff8000, 0x10007fff8000});
  shadow.add({0x600000000000, 0x680000000000});
  shadow.add({0x700000000000, 0x7ffffffff000});
  EXPECT_TRUE(Relocation::make(shadow, {}));
}

}  // namespace
}  // namespace vmadiff::intake
