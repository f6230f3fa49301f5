// tests/model: prctl(PR_SET_MDWE), and PR_SET_THP_DISABLE beside it.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kReadExec = kProtRead | kProtExec;
constexpr std::uint64_t kAllAccess = kReadWrite | kProtExec;
constexpr std::uint64_t kBoth = kMdweRefuseExecGain | kMdweNoInherit;

Outcome set(Process& process, std::uint64_t bits, std::uint64_t arg3 = 0) {
  return process(Prctl{.option = kPrSetMdwe, .arg2 = bits, .arg3 = arg3});
}
Outcome get(Process& process) { return process(Prctl{.option = kPrGetMdwe}); }

TEST(Mdwe, IsSetOnce) {
  Process process;
  EXPECT_EQ(set(process, kMdweNoInherit), fails(Errno::kEINVAL));
  EXPECT_EQ(set(process, 4), fails(Errno::kEINVAL));
  EXPECT_EQ(set(process, kMdweRefuseExecGain, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(set(process, 0), kOk);
  EXPECT_EQ(get(process), Outcome::ok(0));
  EXPECT_EQ(set(process, kMdweRefuseExecGain), kOk);
  EXPECT_EQ(set(process, kMdweRefuseExecGain), kOk);
  EXPECT_EQ(set(process, 0), fails(Errno::kEPERM));
  EXPECT_EQ(set(process, kBoth), fails(Errno::kEPERM));
  EXPECT_EQ(get(process), Outcome::ok(kMdweRefuseExecGain));
  EXPECT_EQ(process(Prctl{.option = kPrGetMdwe, .arg5 = 1}), fails(Errno::kEINVAL));
}

TEST(Mdwe, RefusesToGainExec) {
  Process process;
  (void)process.map(0, 1, kAllAccess);
  (void)process.map(2, 1, kReadWrite);
  (void)set(process, kMdweRefuseExecGain);
  EXPECT_EQ(process.map(2, 1, kAllAccess), fails(Errno::kEACCES));
  EXPECT_EQ(process.ruler(3), "A.B");
  EXPECT_TRUE(process.map(4, 1, kReadExec).is_ok());
  EXPECT_EQ(process.protect(0, 1, kAllAccess), fails(Errno::kEACCES));
  EXPECT_EQ(process.protect(0, 1, kReadExec), kOk);
  EXPECT_EQ(process.protect(2, 1, kReadExec), fails(Errno::kEACCES));
  EXPECT_EQ(process.protect(2, 1, kRead), kOk);
}

TEST(Mdwe, IsInheritedUnlessItSaysNot) {
  Process process;
  (void)process(Fork{});
  (void)set(process, kMdweRefuseExecGain);
  (void)process(Fork{});
  process.become(2);
  EXPECT_EQ(get(process), Outcome::ok(kMdweRefuseExecGain));
  (void)process(Exec{});
  EXPECT_EQ(get(process), Outcome::ok(kMdweRefuseExecGain));
  process.become(1);
  EXPECT_EQ(get(process), Outcome::ok(0));
  (void)set(process, kBoth);
  (void)process(Fork{});
  process.become(3);
  EXPECT_EQ(get(process), Outcome::ok(0));
  process.become(1);
  (void)process(Exec{});
  EXPECT_EQ(get(process), Outcome::ok(0));
}

TEST(Mdwe, IsNewerThanSomeKernels) {
  Process absent{with(&KernelProfile::mdwe, Mdwe::kAbsent)};
  EXPECT_EQ(set(absent, kMdweRefuseExecGain), fails(Errno::kEINVAL));
  EXPECT_EQ(get(absent), fails(Errno::kEINVAL));
  Process inherited{with(&KernelProfile::mdwe, Mdwe::kInherited)};
  EXPECT_EQ(set(inherited, kBoth), fails(Errno::kEINVAL));
  EXPECT_EQ(set(inherited, kMdweRefuseExecGain), kOk);
}

TEST(ThpDisable, IsOnAndStaysSo) {
  Process process;
  EXPECT_EQ(process(Prctl{.option = kPrGetThpDisable}), Outcome::ok(1));
  EXPECT_EQ(process(Prctl{.option = kPrSetThpDisable, .arg2 = 7}), kOk);
  EXPECT_EQ(process(Prctl{.option = kPrSetThpDisable, .arg2 = 1, .arg3 = 1}),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process(Prctl{.option = kPrSetThpDisable, .arg2 = 1, .arg4 = 1}),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process(Prctl{.option = kPrGetThpDisable, .arg3 = 1}), fails(Errno::kEINVAL));
  EXPECT_TRUE(unmodelled_reason(Prctl{.option = kPrSetThpDisable}));
  EXPECT_TRUE(unmodelled_reason(
      Prctl{.option = kPrSetThpDisable, .arg2 = 1, .arg3 = kThpDisableExceptAdvised}));
  EXPECT_FALSE(unmodelled_reason(
      Prctl{.option = kPrSetThpDisable, .arg2 = 0, .arg3 = kThpDisableExceptAdvised}));
}

}  // namespace
}  // namespace vmadiff::model
