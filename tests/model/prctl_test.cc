// tests/model: prctl(PR_SET_MEMORY_MERGE, PR_GET_MEMORY_MERGE).
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

Prctl set(std::uint64_t arg2, std::uint64_t arg3 = 0, std::uint64_t arg4 = 0,
          std::uint64_t arg5 = 0) {
  return {kPrSetMemoryMerge, arg2, arg3, arg4, arg5};
}
Prctl get(std::uint64_t arg2 = 0, std::uint64_t arg5 = 0) {
  return {kPrGetMemoryMerge, arg2, 0, 0, arg5};
}

TEST(Prctl, SetsAndGetsTheMode) {
  Process process;
  EXPECT_EQ(process(get()), Outcome::ok(0));
  EXPECT_EQ(process(set(1)), kOk);
  EXPECT_EQ(process(get()), Outcome::ok(1));
  EXPECT_TRUE(process.snapshot().merge_any);
  EXPECT_EQ(process(set(0)), kOk);
  EXPECT_EQ(process(get()), Outcome::ok(0));
  EXPECT_EQ(process(set(0x100000000)), kOk);  // anything but 0 is on
  EXPECT_EQ(process(get()), Outcome::ok(1));
}

TEST(Prctl, UnusedArgumentsMustBeZero) {
  Process process;
  EXPECT_EQ(process(set(1, 1)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(set(1, 0, 1)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(set(1, 0, 0, 1)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(get(1)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(get(0, 1)), fails(Errno::kEINVAL));
  EXPECT_FALSE(process.snapshot().merge_any);
}

TEST(Prctl, WithoutTheRightIsEperm) {
  spec::Setup setup = spec::Setup::standard();
  setup.may_set_memory_merge = false;
  Process process(kDefaultProfileName, setup);
  EXPECT_EQ(process(set(1)), fails(Errno::kEPERM));
  EXPECT_EQ(process(set(1, 1)), fails(Errno::kEINVAL));  // the arguments come first
  EXPECT_EQ(process(get()), Outcome::ok(0));
}

TEST(Prctl, MarksEveryEligibleVmaAndMergesNone) {
  Process process;
  (void)process.map(0, 2);
  (void)process.advise(1, 1, kMadvMergeable);
  (void)process.map(2, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(process.ruler(4), "ABC.");
  (void)process(set(1));
  EXPECT_EQ(process.ruler(4), "ABC.");
  EXPECT_TRUE(process.is_mergeable(0));
  EXPECT_FALSE(process.is_mergeable(2));
  (void)process(set(0));
  EXPECT_EQ(process.ruler(4), "ABC.");
  EXPECT_FALSE(process.is_mergeable(1));  // cleared even though madvise had set it
}

TEST(Prctl, OfTheModeThatIsOnAlreadyChangesNothing) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1);
  (void)process.advise(0, 1, kMadvMergeable);
  (void)process(set(0));
  EXPECT_TRUE(process.is_mergeable(0));
  (void)process(set(1));
  (void)process.advise(2, 1, kMadvUnmergeable);
  (void)process(set(1));
  EXPECT_FALSE(process.is_mergeable(2));
}

}  // namespace
}  // namespace vmadiff::model
