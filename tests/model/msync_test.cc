// tests/model: msync.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kAll = kMsAsync | kMsInvalidate;

Outcome sync(Process& process, std::uint64_t first, std::uint64_t pages, std::uint64_t flags) {
  return process(Msync{page(first), pages * kPageSize, flags});
}

TEST(Msync, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 2);
  const auto refused = fails(Errno::kEINVAL);
  EXPECT_EQ(sync(process, 0, 1, kMsAsync | kMsSync), refused);
  EXPECT_EQ(sync(process, 0, 1, 8), refused);
  EXPECT_EQ(sync(process, 0, 1, std::uint64_t{1} << 32), kOk);  // an int
  EXPECT_EQ(process(Msync{kArena + 1, kPageSize, kMsSync}), refused);
  EXPECT_EQ(process(Msync{kArena + 1, 0, 8}), refused);
  EXPECT_EQ(process(Msync{kArena, ~Address{0}, kMsSync}), kOk);  // rounds up to nothing
  EXPECT_EQ(process(Msync{kArena, -kPageSize, kMsSync}), fails(Errno::kENOMEM));
  EXPECT_EQ(sync(process, 9, 0, kAll), kOk);
}

TEST(Msync, TellsOfAHoleBehindAllElse) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1);
  EXPECT_EQ(sync(process, 0, 3, kMsSync), fails(Errno::kENOMEM));
  EXPECT_EQ(sync(process, 2, 2, kMsSync), fails(Errno::kENOMEM));
  EXPECT_EQ(sync(process, 5, 1, kMsSync), fails(Errno::kENOMEM));
  (void)process(Mlock{page(2), kPageSize});
  EXPECT_EQ(sync(process, 0, 3, kMsInvalidate), fails(Errno::kEBUSY));
  EXPECT_EQ(sync(process, 0, 3, kAll), fails(Errno::kEBUSY));
  EXPECT_EQ(sync(process, 0, 3, kMsSync), fails(Errno::kENOMEM));
}

TEST(Msync, OfADriverIsRefusedWhereItIsShared) {
  Process process;
  (void)process.map_file(0, 1, kPfnmap0, kRead, kSharedFixed);
  (void)process.map_file(2, 1, kPfnmap0, kRead);
  EXPECT_EQ(sync(process, 0, 1, kMsSync), fails(Errno::kEINVAL));
  EXPECT_EQ(sync(process, 0, 1, kMsAsync), kOk);
  EXPECT_EQ(sync(process, 2, 1, kMsSync), kOk);
  (void)process.map_file(4, 1, kFile0, kRead, kSharedFixed);
  EXPECT_EQ(sync(process, 4, 1, kMsSync), kOk);
}

}  // namespace
}  // namespace vmadiff::model
