// tests/model: setrlimit, and RLIMIT_AS and RLIMIT_DATA in each call that asks for them. The
// standard set-up has 0x120 pages, of which 0x10 are data.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr Address kInitial = 0x120 * kPageSize;
constexpr Address kInitialData = 0x10 * kPageSize;
constexpr std::uint64_t kUnaccounted = kAnonymousFixed | kMapNoreserve;

TEST(Setrlimit, RefusesMoreThanTheHardLimit) {
  Process process;
  const Address hard = spec::Setup::standard().limits.stack_hard;
  EXPECT_EQ(process.limit(kRlimitStack, hard), kOk);
  EXPECT_EQ(process.limit(kRlimitStack, hard + 1), fails(Errno::kEINVAL));
  EXPECT_EQ(process.limit(kRlimitMemlock, kRlimInfinity), fails(Errno::kEINVAL));
  EXPECT_EQ(process.limit(kRlimitAs, 0), kOk);
  EXPECT_EQ(process.limit(kRlimitAs, kRlimInfinity), kOk);
  EXPECT_EQ(process.limit(kRlimitData, kRlimInfinity), kOk);
}

TEST(RlimitAs, CountsWholePagesAndWhatIsReplacedIsFree) {
  Process process;
  (void)process.limit(kRlimitAs, kInitial + 5 * kPageSize - 1);
  EXPECT_EQ(process.map(0, 5), fails(Errno::kENOMEM));
  EXPECT_TRUE(process.map(0, 4).is_ok());
  EXPECT_EQ(process.map(4, 1), fails(Errno::kENOMEM));
  EXPECT_TRUE(process.map(0, 4, kRead).is_ok());
  EXPECT_TRUE(process.map(1, 2, kReadWrite).is_ok());
}

TEST(RlimitAs, ARefusedMappingLeavesTheCuts) {
  Process process;
  (void)process.map(0, 4);
  (void)process.limit(kRlimitAs, kInitial + 4 * kPageSize);
  EXPECT_EQ(process.map(2, 3), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(4), "AABB");
}

TEST(RlimitAs, StopsBrkAndMremapButNotMprotect) {
  Process process;
  const Address heap = spec::Setup::standard().start_brk;
  (void)process.map(0, 2, kRead);
  (void)process.limit(kRlimitAs, kInitial + kPageSize);  // below what there is already
  EXPECT_EQ(process(Brk{heap + kPageSize}), Outcome::ok(heap));
  EXPECT_EQ(process.resize(0, 2, 3), fails(Errno::kENOMEM));
  EXPECT_EQ(process.move(0, 2, 8), Outcome::ok(page(8)));
  EXPECT_EQ(process.move(8, 2, 0, kMremapMaymove | kMremapDontunmap), fails(Errno::kENOMEM));
  EXPECT_EQ(process.protect(8, 2, kReadWrite), kOk);
}

TEST(RlimitData, CountsPrivateWritableMemoryOnly) {
  Process process;
  (void)process.limit(kRlimitData, kInitialData + 2 * kPageSize);
  EXPECT_EQ(process.map(0, 3), fails(Errno::kENOMEM));
  EXPECT_TRUE(process.map(0, 3, kRead, kUnaccounted).is_ok());
  EXPECT_TRUE(process.map_file(4, 3, kMemfd0, kReadWrite, kSharedFixed).is_ok());
  EXPECT_EQ(process.protect(0, 3, kReadWrite), fails(Errno::kENOMEM));
  EXPECT_EQ(process.protect(0, 2, kReadWrite), kOk);
  EXPECT_EQ(process.resize(4, 3, 6), Outcome::ok(page(4)));
}

TEST(RlimitData, OfZeroIsNoLimitForMappings) {
  Process process;
  (void)process.limit(kRlimitData, 0);
  EXPECT_TRUE(process.map(0, 3).is_ok());
}

TEST(RlimitData, HoldsTheBreakWhereItIs) {
  Process process;
  const Address heap = spec::Setup::standard().start_brk;
  (void)process.limit(kRlimitData, kInitialData + 2 * kPageSize);
  EXPECT_EQ(process(Brk{heap + 2 * kPageSize}), Outcome::ok(heap + 2 * kPageSize));
  EXPECT_EQ(process(Brk{heap + 2 * kPageSize + 1}), Outcome::ok(heap + 2 * kPageSize));
  (void)process.limit(kRlimitData, 0);
  EXPECT_EQ(process(Brk{heap}), Outcome::ok(heap + 2 * kPageSize));  // not even down
}

}  // namespace
}  // namespace vmadiff::model
