// tests/model: memory protection keys.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

spec::Setup with_keys() {
  auto setup = spec::Setup::standard();
  setup.protection_keys = true;
  return setup;
}

Outcome give_key(Process& process, std::uint64_t first, std::uint64_t pages, std::int32_t key,
                 std::uint64_t prot = kReadWrite) {
  return process(PkeyMprotect{page(first), pages * kPageSize, prot, key});
}

TEST(PkeyMprotect, WithoutAKeyIsMprotect) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process(PkeyMprotect{page(1), 2 * kPageSize, kRead, -1}), kOk);
  EXPECT_EQ(process.ruler(4), "ABBC");
  EXPECT_EQ(process(PkeyMprotect{page(1) + 1, kPageSize, kRead, -1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyMprotect{page(8), kPageSize, kRead, -1}), fails(Errno::kENOMEM));
}

TEST(Pkeys, KeysAreGivenInOrderAndGivenBack) {
  Process process{kDefaultProfileName, with_keys()};
  for (std::uint64_t key = 1; key < 16; ++key) {
    EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(key));
  }
  EXPECT_EQ(process(PkeyAlloc{}), fails(Errno::kENOSPC));
  EXPECT_EQ(process(PkeyFree{3}), kOk);
  EXPECT_EQ(process(PkeyFree{3}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyFree{16}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyFree{-1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(3));
  EXPECT_EQ(process(PkeyAlloc{.flags = 1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyAlloc{.rights = 4}), fails(Errno::kEINVAL));
}

TEST(Pkeys, AKeyIsPartOfWhatMustBeEqual) {
  Process process{kDefaultProfileName, with_keys()};
  (void)process.map(0, 6);
  EXPECT_EQ(give_key(process, 2, 2, 1), fails(Errno::kEINVAL));
  (void)process(PkeyAlloc{});
  EXPECT_EQ(give_key(process, 2, 2, 1), kOk);
  EXPECT_EQ(process.ruler(7), "AABBCC.");
  EXPECT_EQ(process.flags(2), "rd wr mr mw me ac key=1");
  // mprotect keeps the key.
  EXPECT_EQ(process.protect(2, 2, kRead), kOk);
  EXPECT_EQ(process.protect(0, 6, kReadWrite), kOk);
  EXPECT_EQ(process.ruler(7), "AABBCC.");
  EXPECT_EQ(give_key(process, 2, 2, 0), kOk);
  EXPECT_EQ(process.ruler(7), "AAAAAA.");
}

TEST(Pkeys, RightsAreForTouchesAndPopulating) {
  Process process{kDefaultProfileName, with_keys()};
  (void)process.map(0, 4);
  EXPECT_EQ(process(PkeyAlloc{.rights = kPkeyDisableWrite}), Outcome::ok(1));
  EXPECT_EQ(process(PkeyAlloc{.rights = kPkeyDisableAccess}), Outcome::ok(2));
  (void)give_key(process, 0, 2, 1);
  (void)give_key(process, 2, 2, 2);
  EXPECT_EQ(process.read(0, 2), kOk);
  EXPECT_EQ(process.write(0), fails(Errno::kSIGSEGV));
  EXPECT_EQ(process.read(2), fails(Errno::kSIGSEGV));
  EXPECT_EQ(process.advise(0, 2, kMadvPopulateRead), kOk);
  EXPECT_EQ(process.advise(0, 2, kMadvPopulateWrite), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mlock{page(2), kPageSize}), fails(Errno::kENOMEM));
  // A key that was given back keeps its rights.
  (void)process(PkeyFree{1});
  EXPECT_EQ(process.write(0), fails(Errno::kSIGSEGV));
}

TEST(Pkeys, WhatIsExecutedAloneHasAKeyOfItsOwn) {
  Process process{kDefaultProfileName, with_keys()};
  (void)process.map(0, 2, kProtExec);
  EXPECT_EQ(process.flags(0), "ex mr mw me key=1");
  EXPECT_EQ(process.read(0), fails(Errno::kSIGSEGV));
  EXPECT_EQ(process(PkeyFree{1}), fails(Errno::kEINVAL));
  EXPECT_EQ(give_key(process, 0, 1, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(2));
  (void)process.map(2, 2, kRead);
  EXPECT_EQ(process.protect(2, 2, kProtExec), kOk);
  EXPECT_EQ(process.ruler(5), "AAAA.");
  EXPECT_EQ(process.protect(1, 2, kRead), kOk);
  EXPECT_EQ(process.flags(1), "rd mr mw me");
}

TEST(Pkeys, AForkInheritsThemAndAnExecForgets) {
  Process process{kDefaultProfileName, with_keys()};
  (void)process.map(0, 1);
  (void)process(PkeyAlloc{.rights = kPkeyDisableAccess});
  (void)give_key(process, 0, 1, 1);
  (void)process(Fork{});
  process.become(1);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac key=1");
  EXPECT_EQ(process.read(0), fails(Errno::kSIGSEGV));
  EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(2));
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(1));
  process.become(0);
  EXPECT_EQ(process(PkeyAlloc{}), Outcome::ok(2));
}

TEST(Pkeys, AMachineMayHaveNone) {
  for (const auto alloc : {AllocWithoutKeys::kTakesTheDefault, AllocWithoutKeys::kRefused}) {
    Process process{with(&KernelProfile::alloc_without_keys, alloc)};
    const bool takes = alloc == AllocWithoutKeys::kTakesTheDefault;
    (void)process.map(0, 1);
    EXPECT_EQ(give_key(process, 0, 1, 0), fails(Errno::kEINVAL));
    EXPECT_EQ(process(PkeyAlloc{}), fails(takes ? Errno::kEINVAL : Errno::kENOSPC));
    EXPECT_EQ(process(PkeyAlloc{}), fails(Errno::kENOSPC));
    EXPECT_EQ(process(PkeyFree{0}), fails(Errno::kEINVAL));
    EXPECT_EQ(process.protect(0, 1, kProtExec), kOk);
    EXPECT_EQ(process.read(0), kOk);
  }
}

}  // namespace
}  // namespace vmadiff::model
