// Memory protection keys: which there are, whose they are, what they let through.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

Setup with_keys() {
  Setup setup = Setup::standard();
  setup.protection_keys = true;
  return setup;
}

TEST(Pkeys, sixteen_of_which_one_is_everybodys) {
  AddressSpace space{kDefaultProfileName, with_keys()};
  for (std::uint64_t key = 1; key < 16; ++key) {
    EXPECT_EQ(sys_pkey_alloc(space.mm, {}), Outcome::ok(key));
  }
  EXPECT_EQ(sys_pkey_alloc(space.mm, {}), Outcome::fail(Errno::kENOSPC));
  EXPECT_EQ(sys_pkey_free(space.mm, {15}), Outcome::ok());
  EXPECT_EQ(sys_pkey_alloc(space.mm, {0, 3}), Outcome::ok(15));
  // Key 0 can be given back, too.
  EXPECT_EQ(sys_pkey_free(space.mm, {0}), Outcome::ok());
  EXPECT_EQ(sys_pkey_alloc(space.mm, {}), Outcome::ok(0));
}

TEST(Pkeys, keep_vmas_apart) {
  AddressSpace space{kDefaultProfileName, with_keys()};
  space.map(0, 4);
  EXPECT_EQ(sys_pkey_alloc(space.mm, {0, kPkeyDisableWrite}), Outcome::ok(1));
  EXPECT_EQ(sys_pkey_mprotect(space.mm, {page(1), bytes(2), kReadWrite, 1}), Outcome::ok());
  EXPECT_EQ(space.ruler(5), "ABBC.");
  EXPECT_EQ(pkey_of(space.at(1).vm_flags), 1);
  EXPECT_EQ(space.read(1), Outcome::ok());
  EXPECT_EQ(space.write(1), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(sys_pkey_mprotect(space.mm, {page(1), bytes(2), kReadWrite, 0}), Outcome::ok());
  EXPECT_EQ(space.ruler(5), "AAAA.");
}

TEST(Pkeys, memory_to_execute_takes_one) {
  AddressSpace space{kDefaultProfileName, with_keys()};
  space.map(0, 2);
  EXPECT_EQ(space.protect(0, 1, kProtExec), Outcome::ok());
  EXPECT_EQ(pkey_of(space.at(0).vm_flags), 1);
  EXPECT_EQ(space.read(0), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(sys_pkey_free(space.mm, {1}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.protect(0, 1, kReadWrite), Outcome::ok());
  EXPECT_EQ(space.ruler(3), "AA.");
}

TEST(Pkeys, all_taken_leave_memory_to_execute_readable) {
  AddressSpace space{kDefaultProfileName, with_keys()};
  space.map(0, 1);
  for (int i = 1; i < 16; ++i) ASSERT_TRUE(sys_pkey_alloc(space.mm, {}).is_ok());
  EXPECT_EQ(space.protect(0, 1, kProtExec), Outcome::ok());
  EXPECT_EQ(pkey_of(space.at(0).vm_flags), 0);
  EXPECT_EQ(space.read(0), Outcome::ok());
}

TEST(Pkeys, a_seal_refuses_to_discard_what_a_key_keeps_from_being_written) {
  AddressSpace space{kDefaultProfileName, with_keys()};
  space.map(0, 2);
  EXPECT_EQ(sys_pkey_alloc(space.mm, {0, kPkeyDisableWrite}), Outcome::ok(1));
  EXPECT_EQ(sys_pkey_mprotect(space.mm, {page(0), bytes(1), kReadWrite, 1}), Outcome::ok());
  EXPECT_EQ(sys_mseal(space.mm, {page(0), bytes(2), 0}), Outcome::ok());
  EXPECT_EQ(space.advise(1, 1, kMadvDontneed), Outcome::ok());
  EXPECT_EQ(space.advise(0, 1, kMadvDontneed), Outcome::fail(Errno::kEPERM));
}

TEST(Pkeys, without_them_older_kernels_take_key_0) {
  AddressSpace space{
      profile_with<&KernelProfile::alloc_without_keys>(AllocWithoutKeys::kTakesTheDefault)};
  EXPECT_EQ(sys_pkey_alloc(space.mm, {}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_pkey_alloc(space.mm, {}), Outcome::fail(Errno::kENOSPC));
  EXPECT_EQ(sys_pkey_free(space.mm, {0}), Outcome::fail(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::impl
