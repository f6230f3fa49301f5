// tests/model: vm.max_map_count, in each call that asks for it. The standard set-up has three VMAs.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

spec::Setup with_max_map_count(std::uint64_t count) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = count;
  return setup;
}

TEST(MaxMapCount, MayBeExceededByOneInMmap) {
  Process process(kDefaultProfileName, with_max_map_count(4));
  EXPECT_TRUE(process.map(0, 1).is_ok());
  EXPECT_TRUE(process.map(2, 1).is_ok());  // at the limit is not above it
  EXPECT_EQ(process.map(4, 1), fails(Errno::kENOMEM));
  EXPECT_EQ(process.map(3, 1), fails(Errno::kENOMEM));  // even where it would merge
  EXPECT_EQ(process(Mmap{1, kPageSize, 0, kAnonymousFixed, {}, 0}), fails(Errno::kENOMEM));
}

TEST(MaxMapCount, ForbidsAHoleInAVmaAtTheLimit) {
  Process process(kDefaultProfileName, with_max_map_count(4));
  (void)process.map(0, 3);
  EXPECT_EQ(process.unmap(1, 1), fails(Errno::kENOMEM));
  EXPECT_EQ(process.map(1, 1, kRead), fails(Errno::kENOMEM));  // as MAP_FIXED into its middle
  EXPECT_EQ(process.unmap(0, 1), kOk);
  EXPECT_EQ(process.unmap(2, 1), kOk);
  EXPECT_EQ(process.ruler(3), ".A.");
}

TEST(MaxMapCount, ForbidsACutAtTheLimitButNotAMovedBoundary) {
  Process process(kDefaultProfileName, with_max_map_count(5));
  const std::uint64_t flags = kAnonymousFixed | kMapNoreserve;
  (void)process.map(0, 3, kReadWrite, flags);
  (void)process.map(3, 3, kRead, flags);
  EXPECT_EQ(process.protect(1, 1, kRead), fails(Errno::kENOMEM));
  EXPECT_EQ(process.advise(1, 1, kMadvMergeable), fails(Errno::kEAGAIN));
  EXPECT_EQ(process.ruler(6), "AAABBB");
  EXPECT_EQ(process.protect(2, 1, kRead), kOk);
  EXPECT_EQ(process.ruler(6), "AABBBB");
}

TEST(MaxMapCount, ASecondCutThatFailsLeavesTheFirst) {
  Process process(kDefaultProfileName, with_max_map_count(5));
  (void)process.map(0, 3);
  EXPECT_EQ(process.protect(1, 1, kRead), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(3), "ABB");
  EXPECT_EQ(process.flags(1), "rd wr mr mw me ac");
}

TEST(MaxMapCount, StopsBrkAboveTheLimitEvenWhereItWouldMerge) {
  const Address heap = spec::Setup::standard().start_brk;
  Process process(kDefaultProfileName, with_max_map_count(4));
  (void)process(Brk{heap + kPageSize});
  (void)process.map(0, 1);
  EXPECT_EQ(process(Brk{heap + 2 * kPageSize}), Outcome::ok(heap + kPageSize));
  (void)process.unmap(0, 1);
  EXPECT_EQ(process(Brk{heap + 2 * kPageSize}), Outcome::ok(heap + 2 * kPageSize));
}

}  // namespace
}  // namespace vmadiff::model
