// tests of compare: bisecting a row of kernels.
#include "compare/bisection.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace vmadiff::compare {
namespace {

struct Looks {
  std::vector<Likeness> row;
  std::vector<std::size_t> seen{};

  Bisection bisected() {
    const auto found = bisect(row.size(), [this](std::size_t at) {
      seen.push_back(at);
      return std::expected<Likeness, process::Refusal>{row[at]};
    });
    return found.value();
  }
};

std::vector<Likeness> row(std::size_t good, std::size_t bad) {
  std::vector<Likeness> all(good, Likeness::kGood);
  all.resize(good + bad, Likeness::kBad);
  return all;
}

TEST(Bisection, FindsEveryPlaceInFewLooks) {
  for (std::size_t count = 2; count <= 40; ++count) {
    for (std::size_t good = 1; good < count; ++good) {
      Looks looks{row(good, count - good)};
      const auto found = looks.bisected();
      EXPECT_EQ(found.good, good - 1);
      EXPECT_EQ(found.bad, good);
      EXPECT_LE(looks.seen.size(), 6U) << count;
    }
  }
}

TEST(Bisection, GoesRoundWhatIsNeither) {
  for (std::size_t good = 1; good < 12; ++good) {
    for (std::size_t vain = 1; vain < 11; ++vain) {
      Looks looks{row(good, 12 - good)};
      looks.row[vain] = Likeness::kNeither;
      const auto found = looks.bisected();
      // Nobody knows on which side it is.
      EXPECT_EQ(found.good, good - 1 == vain ? good - 2 : good - 1) << good << " " << vain;
      EXPECT_EQ(found.bad, good == vain ? good + 1 : good) << good << " " << vain;
      EXPECT_EQ(std::set(looks.seen.begin(), looks.seen.end()).size(), looks.seen.size())
          << "each is looked at once";
    }
  }
}

TEST(Bisection, OfNothingButWhatIsNeitherLeavesAll) {
  Looks looks{{Likeness::kGood, Likeness::kNeither, Likeness::kNeither, Likeness::kBad}};
  const auto found = looks.bisected();
  EXPECT_EQ(found.good, 0U);
  EXPECT_EQ(found.bad, 3U);
}

TEST(Bisection, EndsWithARefusal) {
  const auto found = bisect(5, [](std::size_t) -> std::expected<Likeness, process::Refusal> {
    return std::unexpected(process::Refusal{process::ExitStatus::kLacks, "no"});
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no");
}

Recording gave(std::vector<spec::Outcome> outcomes) {
  Recording run;
  run.outcomes = std::move(outcomes);
  return run;
}

TEST(Likeness, IsOfTheStepAtWhichTheTwoDiffer) {
  const auto ok = spec::Outcome::ok(0);
  const auto fault = spec::Outcome::fail(spec::Errno::kEFAULT);
  const auto invalid = spec::Outcome::fail(spec::Errno::kEINVAL);
  const auto good = gave({ok, ok, ok});
  const auto bad = gave({ok, fault, ok});
  EXPECT_EQ(likeness_of(good, good, bad), Likeness::kGood);
  EXPECT_EQ(likeness_of(bad, good, bad), Likeness::kBad);
  EXPECT_EQ(likeness_of(gave({invalid, ok, invalid}), good, bad), Likeness::kGood)
      << "what is another thing elsewhere decides nothing";
  EXPECT_EQ(likeness_of(gave({ok, fault, invalid}), good, bad), Likeness::kBad);
  EXPECT_EQ(likeness_of(gave({ok, invalid, ok}), good, bad), Likeness::kNeither);
  EXPECT_EQ(likeness_of(gave({ok, spec::Outcome::died(), spec::Outcome::died()}), good, bad),
            Likeness::kNeither);
}

}  // namespace
}  // namespace vmadiff::compare
