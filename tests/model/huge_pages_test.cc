// tests/model: huge pages from a pool that has some: what is reserved, taken and given back.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::spec {

inline void PrintTo(const HugePages& pool, std::ostream* out) {
  *out << pool.free << " free, " << pool.reserved << " reserved, " << pool.surplus << " surplus";
}

}  // namespace vmadiff::spec

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kPrivate = kAnonymousFixed | kMapHugetlb;
constexpr std::uint64_t kShared = kSharedFixed | kMapAnonymous | kMapHugetlb;

spec::Setup pool_of(std::uint64_t pages, std::uint64_t surplus = 0) {
  spec::Setup setup = spec::Setup::standard();
  setup.nr_hugepages = pages;
  setup.nr_overcommit_hugepages = surplus;
  return setup;
}

class Pool : public testing::Test {
 protected:
  static constexpr std::string_view kProfile = kDefaultProfileName;

  HugePages pool() { return process.snapshot().huge_pages; }
  /// `pages` huge pages from the huge page `first`.
  Outcome map(std::uint64_t first, std::uint64_t pages, std::uint64_t flags) {
    return process.map(first * kHugePages, pages * kHugePages, kReadWrite, flags);
  }
  Outcome write(std::uint64_t first) { return process.write(first * kHugePages); }
  Outcome unmap(std::uint64_t first, std::uint64_t pages) {
    return process.unmap(first * kHugePages, pages * kHugePages);
  }

  Process process{kProfile, pool_of(4)};
};

TEST_F(Pool, PrivateMappingsReserveAndGiveBackWhatTheyHaveNotUsed) {
  EXPECT_EQ(pool(), (HugePages{4, 0, 0}));
  EXPECT_TRUE(map(0, 3, kPrivate).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 3, 0}));
  EXPECT_TRUE(write(1).is_ok());
  EXPECT_EQ(pool(), (HugePages{3, 2, 0}));
  EXPECT_TRUE(unmap(0, 1).is_ok());
  EXPECT_EQ(pool(), (HugePages{3, 1, 0}));
  EXPECT_TRUE(unmap(1, 2).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 0, 0}));
}

TEST_F(Pool, WhatIsNotReservedTakesWhatNobodyHasReserved) {
  EXPECT_TRUE(map(0, 3, kPrivate).is_ok());
  EXPECT_TRUE(map(4, 2, kPrivate | kMapNoreserve).is_ok());
  EXPECT_TRUE(write(4).is_ok());
  EXPECT_EQ(write(5), fails(Errno::kSIGBUS));
  EXPECT_EQ(pool(), (HugePages{3, 3, 0}));
}

TEST_F(Pool, SharedPagesStayUntilTheirFileGoes) {
  EXPECT_TRUE(map(0, 2, kShared).is_ok());
  EXPECT_TRUE(write(0).is_ok());
  EXPECT_TRUE(unmap(0, 1).is_ok());
  EXPECT_EQ(pool(), (HugePages{3, 1, 0}));
  EXPECT_TRUE(unmap(1, 1).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 0, 0}));
}

TEST_F(Pool, AChildHasTheParentsPageAndNoReservation) {
  EXPECT_TRUE(map(0, 4, kPrivate).is_ok());
  EXPECT_TRUE(write(0).is_ok());
  EXPECT_TRUE(process(Fork{}).is_ok());
  process.become(1);
  EXPECT_TRUE(process.read(0).is_ok());
  EXPECT_EQ(write(0), fails(Errno::kSIGBUS));
  process.become(0);
  // No page is left for a copy: the child's goes.
  EXPECT_TRUE(write(0).is_ok());
  process.become(1);
  EXPECT_EQ(process.read(0), fails(Errno::kSIGBUS));
  EXPECT_EQ(process.read(kHugePages), fails(Errno::kSIGBUS));
  EXPECT_TRUE(process(Exit{}).is_ok());
  process.become(0);
  EXPECT_EQ(pool(), (HugePages{3, 3, 0}));
}

TEST_F(Pool, TheParentsCopyTakesAFreePageWhereThereIsOne) {
  EXPECT_TRUE(map(0, 2, kPrivate).is_ok());
  EXPECT_TRUE(write(0).is_ok());
  EXPECT_TRUE(process(Fork{}).is_ok());
  EXPECT_TRUE(write(0).is_ok());
  EXPECT_EQ(pool(), (HugePages{2, 1, 0}));
  process.become(1);
  EXPECT_TRUE(write(0).is_ok());  // it is the only one to have it now
  EXPECT_EQ(pool(), (HugePages{2, 1, 0}));
}

TEST_F(Pool, AMoveOfAPartForgetsWhatTheRestHasReserved) {
  EXPECT_TRUE(map(0, 3, kPrivate).is_ok());
  EXPECT_TRUE(process.move(kHugePages, kHugePages, 8 * kHugePages).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 3, 0}));
  EXPECT_TRUE(unmap(0, 16).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 2, 0}));
}

TEST_F(Pool, AMoveOfAllTakesItsReservationsAlong) {
  EXPECT_TRUE(map(0, 3, kPrivate).is_ok());
  EXPECT_TRUE(write(2).is_ok());
  EXPECT_TRUE(process.move(0, 3 * kHugePages, 8 * kHugePages).is_ok());
  EXPECT_TRUE(write(9).is_ok());
  EXPECT_EQ(pool(), (HugePages{2, 1, 0}));
  EXPECT_TRUE(unmap(0, 16).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 0, 0}));
}

TEST_F(Pool, AHoleTakesPagesAndTheirReservations) {
  EXPECT_TRUE(map(0, 3, kShared).is_ok());
  EXPECT_TRUE(write(1).is_ok());
  EXPECT_TRUE(process.advise(0, 2 * kHugePages, kMadvRemove).is_ok());
  EXPECT_EQ(pool(), (HugePages{4, 2, 0}));
}

TEST(SurplusPages, ComeWhereTheyAreNeededAndGoFirst) {
  Process process{kDefaultProfileName, pool_of(1, 2)};
  const auto pool = [&process] { return process.snapshot().huge_pages; };
  EXPECT_EQ(process.map(0, 4 * kHugePages, kReadWrite, kPrivate), fails(Errno::kENOMEM));
  EXPECT_EQ(pool(), (HugePages{1, 0, 0}));
  EXPECT_TRUE(process.map(0, 3 * kHugePages, kReadWrite, kPrivate).is_ok());
  EXPECT_EQ(pool(), (HugePages{3, 3, 2}));
  EXPECT_TRUE(process.write(0).is_ok());
  EXPECT_TRUE(process.unmap(0, kHugePages).is_ok());
  EXPECT_EQ(pool(), (HugePages{2, 2, 1}));
  EXPECT_TRUE(process.unmap(kHugePages, 2 * kHugePages).is_ok());
  EXPECT_EQ(pool(), (HugePages{1, 0, 0}));
}

TEST(DiscardedHugePages, LeaveTheirReservationUnlessThereIsASurplus) {
  for (const bool restores : {false, true}) {
    const auto profile = with(&KernelProfile::hugetlb_discard,
                              restores ? HugetlbDiscard::kRestores : HugetlbDiscard::kSpends);
    Process process{profile, pool_of(2)};
    EXPECT_TRUE(process.map(0, kHugePages, kReadWrite, kPrivate).is_ok());
    EXPECT_TRUE(process.write(0).is_ok());
    EXPECT_TRUE(process.advise(0, kHugePages, kMadvDontneed).is_ok());
    EXPECT_EQ(process.snapshot().huge_pages, (HugePages{2, restores ? 1U : 0U, 0}));
    Process other{profile, pool_of(0, 1)};
    EXPECT_TRUE(other.map(0, kHugePages, kReadWrite, kPrivate).is_ok());
    EXPECT_TRUE(other.write(0).is_ok());
    EXPECT_TRUE(other.advise(0, kHugePages, kMadvDontneed).is_ok());
    EXPECT_EQ(other.snapshot().huge_pages, (HugePages{0, 0, 0}));
  }
}

}  // namespace
}  // namespace vmadiff::model
