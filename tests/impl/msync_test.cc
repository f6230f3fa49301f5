// msync, process_madvise of the process itself, and MDWE.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/fork.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

TEST(Msync, holes_are_told_at_the_end) {
  AddressSpace space;
  space.map(0, 1);
  space.map(2, 1);
  const auto sync = [&](std::uint64_t pages, std::uint64_t flags) {
    return sys_msync(space.mm, {page(0), bytes(pages), flags});
  };
  EXPECT_EQ(sync(1, kMsSync), Outcome::ok());
  EXPECT_EQ(sync(3, kMsSync), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(sync(4, kMsAsync), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(sync(1, kMsSync | kMsAsync), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sync(1, 8), Outcome::fail(Errno::kEINVAL));
  EXPECT_TRUE(sys_mlock(space.mm, {page(2), bytes(1)}).is_ok());
  EXPECT_EQ(sync(3, kMsInvalidate), Outcome::fail(Errno::kEBUSY));
  EXPECT_EQ(sync(2, kMsInvalidate), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(sys_msync(space.mm, {page(0), ~Address{0}, kMsSync}), Outcome::ok());
}

TEST(Msync, a_driver_has_no_fsync) {
  AddressSpace space;
  space.map(0, 1, kProtRead, kMapShared, {FileClass::kPfnmap, 0});
  EXPECT_EQ(sys_msync(space.mm, {page(0), bytes(1), kMsSync}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_msync(space.mm, {page(0), bytes(1), kMsAsync}), Outcome::ok());
}

TEST(ProcessMadvise, counts_whole_ranges) {
  AddressSpace space;
  space.map(0, 4);
  const auto advise = [&](std::uint64_t second, std::uint64_t pages) {
    return sys_process_madvise(space.mm,
                               {page(0), bytes(1), page(second), bytes(pages), kMadvDontdump, 0});
  };
  EXPECT_EQ(advise(2, 1), Outcome::ok(bytes(2)));
  EXPECT_EQ(space.ruler(4), "ABCD");
  EXPECT_EQ(advise(3, 2), Outcome::ok(bytes(1)));
  EXPECT_EQ(space.ruler(4), "ABCC");
  EXPECT_EQ(sys_process_madvise(space.mm, {page(3), bytes(2), page(0), bytes(1), kMadvNormal, 0}),
            Outcome::fail(Errno::kENOMEM));
}

TEST(Mdwe, is_asked_before_anything_is_unmapped) {
  AddressSpace space;
  space.map(0, 1);
  const Prctl set{.option = kPrSetMdwe, .arg2 = kMdweRefuseExecGain};
  EXPECT_TRUE(sys_prctl(space.mm, set).is_ok());
  EXPECT_EQ(space.map(0, 1, kReadWrite | kProtExec), Outcome::fail(Errno::kEACCES));
  EXPECT_EQ(space.ruler(1), "A");
  EXPECT_EQ(space.protect(0, 1, kProtExec), Outcome::fail(Errno::kEACCES));
  const auto child = space.fork();
  ASSERT_TRUE(child);
  EXPECT_EQ(child->mdwe, kMdweRefuseExecGain);
  exec_mmap(space.mm);
  EXPECT_EQ(space.mm.mdwe, kMdweRefuseExecGain);
}

}  // namespace
}  // namespace vmadiff::impl
