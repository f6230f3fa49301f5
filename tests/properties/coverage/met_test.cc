// tests of properties: the few sequences that meet what many meet.
#include "properties/coverage/met.h"

#include <gtest/gtest.h>

#include <set>

namespace vmadiff::properties {
namespace {

spec::Sequence of_length(std::size_t calls) {
  return spec::Sequence(calls, spec::Step{0, spec::Munmap{}, {}});
}

std::vector<std::size_t> lengths(const Distillation& distillation) {
  std::vector<std::size_t> out;
  for (const auto& kept : distillation.result()) out.push_back(kept.sequence.size());
  return out;
}

TEST(Distillation, OfTwoThatMeetTheSameTheShorterIsKept) {
  Distillation distillation;
  distillation.offer(of_length(5), {1, 2});
  distillation.offer(of_length(3), {1, 2});
  distillation.offer(of_length(4), {1, 2});
  EXPECT_EQ(lengths(distillation), (std::vector<std::size_t>{3}));
  EXPECT_EQ(distillation.met(), 2U);
}

TEST(Distillation, NothingThatWasMetIsLost) {
  Distillation distillation;
  distillation.offer(of_length(2), {1});
  distillation.offer(of_length(7), {1, 2, 3});
  distillation.offer(of_length(4), {3, 4});
  std::set<std::uint32_t> alone;
  for (const auto& kept : distillation.result()) alone.insert(kept.alone.begin(), kept.alone.end());
  EXPECT_TRUE(alone.contains(2) && alone.contains(4));
  EXPECT_EQ(lengths(distillation), (std::vector<std::size_t>{4, 7}))
      << "what meets 1 alone is not needed where 7 calls meet it, too";
}

TEST(Distillation, EachThatIsKeptMeetsSomethingAlone) {
  Distillation distillation;
  for (std::uint32_t i = 0; i < 200; ++i)
    distillation.offer(of_length(1 + i * 7 % 13), {i % 17, i % 5 + 20, i % 11 + 40});
  for (const auto& kept : distillation.result()) EXPECT_FALSE(kept.alone.empty());
  EXPECT_EQ(distillation.met(), 33U);
}

TEST(Met, NothingMeetsNothingAndEveryNumberHasAName) {
  const Coverage nothing;
  EXPECT_TRUE(met_by(nothing).empty());
  const auto all = meetable_cells().size() + meetable_pairs().size() + meetable_triples().size() +
                   meetable_repetitions().size();
  std::set<std::string> names;
  for (std::uint32_t met = 0; met < all; ++met) names.insert(met_text(met));
  EXPECT_FALSE(names.contains(""));
  EXPECT_GT(names.size(), all / 2);
}

}  // namespace
}  // namespace vmadiff::properties
