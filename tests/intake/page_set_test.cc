// tests of intake: a set of pages against a plain array.
#include "intake/page_set.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace vmadiff::intake {
namespace {

TEST(PageSet, DoesWhatAnArrayDoes) {
  constexpr std::size_t kSize = 40;
  std::mt19937 random{7};
  PageSet set;
  std::array<bool, kSize> plain{};
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t start = random() % kSize;
    const std::size_t end = start + random() % (kSize - start + 1);
    const spec::Range range{start, end};
    const bool adds = random() % 2 == 0;
    adds ? set.add(range) : set.remove(range);
    for (std::size_t i = start; i < end; ++i) plain[i] = adds;
    const std::size_t from = random() % kSize;
    const std::size_t to = from + random() % (kSize - from + 1);
    bool all = true;
    bool any = false;
    for (std::size_t i = from; i < to; ++i) {
      all = all && plain[i];
      any = any || plain[i];
    }
    ASSERT_EQ(set.contains({from, to}), all);
    ASSERT_EQ(set.overlaps({from, to}), any);
    spec::Address last = 0;
    bool is_first = true;
    for (const auto& [a, b] : set.ranges()) {
      ASSERT_LT(a, b);
      ASSERT_TRUE(is_first || last < a) << "ranges that touch are one";
      last = b;
      is_first = false;
    }
  }
}

}  // namespace
}  // namespace vmadiff::intake
