// shmat, shmdt, and merging beside a close hook. Measured on 6.18.44 unless a profile says
// otherwise.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kFourPages = 2;
constexpr std::uint64_t kEightPages = 3;

Outcome attach(AddressSpace& space, std::uint64_t segment, std::uint64_t first,
               std::uint64_t flags = 0) {
  return sys_shmat(space.mm, {segment, page(first), flags});
}

TEST(Shm, rounds_its_size_up_and_needs_room) {
  AddressSpace space;
  EXPECT_EQ(attach(space, kEightPages, 0), Outcome::ok(page(0)));
  EXPECT_EQ(space.ruler(9), "AAAAAAAA.");
  EXPECT_EQ(attach(space, kEightPages, 7), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(attach(space, kEightPages, 7, kShmRemap), Outcome::ok(page(7)));
  EXPECT_EQ(space.ruler(16), "AAAAAAABBBBBBBB.");
  EXPECT_EQ(sys_shmat(space.mm, {0, ~Address{0} - 0xfff, 0}), Outcome::fail(Errno::kEINVAL));
}

TEST(Shm, parts_join_where_no_vma_goes) {
  AddressSpace space;
  attach(space, kEightPages, 0);
  space.protect(0, 4, kProtRead);
  EXPECT_EQ(space.ruler(9), "AAAABBBB.");
  space.protect(0, 6, kProtRead);
  EXPECT_EQ(space.ruler(9), "AAAAAABB.");
  space.protect(3, 3, kReadWrite);
  EXPECT_EQ(space.ruler(9), "AAABBBBB.");
  space.protect(0, 3, kReadWrite);
  EXPECT_EQ(space.ruler(9), "AAABBBBB.");
}

TEST(Shm, before_6_4_nothing_joins_it) {
  AddressSpace space{"linux-6.1"};
  attach(space, kEightPages, 0);
  space.protect(0, 4, kProtRead);
  space.protect(0, 6, kProtRead);
  EXPECT_EQ(space.ruler(9), "AAAABBCC.");
  space.unmap(4, 4);
  EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(4), bytes(6), 0, 0}), Outcome::ok(page(0)));
  EXPECT_EQ(space.ruler(9), "AAAAAA...");
}

TEST(Shm, detaches_the_fragments_of_one_file) {
  AddressSpace space;
  attach(space, kFourPages, 0);
  attach(space, kFourPages, 8);
  space.protect(1, 1, kProtRead);
  space.unmap(2, 1);
  // The last page of another attachment, at the place of the first one's.
  EXPECT_EQ(
      sys_mremap(space.mm, {page(11), bytes(1), bytes(1), kMremapMaymove | kMremapFixed, page(2)}),
      Outcome::ok(page(2)));
  EXPECT_EQ(space.ruler(12), "ABCD....EEE.");
  EXPECT_EQ(sys_shmdt(space.mm, {page(0)}), Outcome::ok());
  EXPECT_EQ(space.ruler(12), "..A.....BBB.");
  EXPECT_EQ(sys_shmdt(space.mm, {page(0)}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_shmdt(space.mm, {page(8) + 1}), Outcome::fail(Errno::kEINVAL));
}

TEST(Shm, is_moved_alone) {
  AddressSpace space;
  attach(space, kFourPages, 0);
  space.protect(2, 2, kProtRead);
  EXPECT_EQ(
      sys_mremap(space.mm, {page(0), bytes(4), bytes(4), kMremapMaymove | kMremapFixed, page(8)}),
      Outcome::fail(Errno::kEFAULT));
}

}  // namespace
}  // namespace vmadiff::impl
