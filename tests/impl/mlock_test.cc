// Locked memory: the mlock family, what mlockall and MAP_LOCKED make of new mappings, limits, and
// which VMAs populating leaves an anon_vma in. All measured on 6.18.44 unless said otherwise.
#include "impl/mlock.h"

#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/populate.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kLimitPages = 2048;  // 8 MiB

Outcome mlock(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return sys_mlock(space.mm, {page(first), bytes(pages)});
}
Outcome mlock_onfault(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return sys_mlock2(space.mm, {page(first), bytes(pages), kMlockOnfault});
}
Outcome munlock(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return sys_munlock(space.mm, {page(first), bytes(pages)});
}
Outcome mlockall(AddressSpace& space, std::uint64_t flags) {
  return sys_mlockall(space.mm, {flags});
}
std::uint64_t locked(const AddressSpace& space) { return space.snapshot().counters.locked_vm; }

TEST(Mlock, splits_and_merges_again) {
  AddressSpace space;
  space.map(0, 9);
  EXPECT_EQ(mlock(space, 3, 3), Outcome::ok());
  EXPECT_EQ(space.ruler(), "AAABBBCCC...");
  EXPECT_EQ(locked(space), 3U);
  EXPECT_EQ(mlock_onfault(space, 4, 3), Outcome::ok());
  EXPECT_EQ(space.ruler(), "AAABCCCDD...");
  EXPECT_EQ(locked(space), 4U);
  EXPECT_EQ(munlock(space, 0, 9), Outcome::ok());
  EXPECT_EQ(space.ruler(), "AAAAAAAAA...");
  EXPECT_EQ(locked(space), 0U);
}

TEST(Mlock, rounds_outwards_and_is_bounded_like_the_kernel) {
  AddressSpace space;
  space.map(0, 4);
  EXPECT_EQ(sys_mlock(space.mm, {page(1) + 4095, 2}), Outcome::ok());
  EXPECT_EQ(space.ruler(), "ABBC........");
  EXPECT_EQ(sys_mlock(space.mm, {page(8), 0}), Outcome::ok());
  // Rounded, the length wraps to 0; one page less is over the limit; munlock has none to be over.
  EXPECT_EQ(sys_mlock(space.mm, {page(0), ~Address{0}}), Outcome::ok());
  EXPECT_EQ(sys_mlock(space.mm, {page(0), -bytes(1)}), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(sys_munlock(space.mm, {page(0), -bytes(1)}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_mlock2(space.mm, {page(0), 1, 2}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_mlock2(space.mm, {page(0), 1, std::uint64_t{1} << 32}), Outcome::ok());
}

TEST(Mlock, stops_at_a_hole_and_keeps_what_it_did) {
  AddressSpace space;
  space.map(0, 3);
  space.map(4, 3);
  EXPECT_EQ(mlock(space, 1, 6), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(), "ABB.CCC.....");
  EXPECT_EQ(locked(space), 2U);
  EXPECT_FALSE(has_anon_vma(space, 1));  // nothing is populated
  EXPECT_EQ(mlock(space, 3, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(locked(space), 2U);
}

TEST(Mlock, what_cannot_be_populated_is_locked_all_the_same) {
  AddressSpace space;
  space.map(0, 2, kProtNone);
  EXPECT_EQ(mlock(space, 0, 1), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(mlock_onfault(space, 1, 1), Outcome::ok());
  space.map(4, 2, kReadWrite, kMapPrivate, kMemfd, kFileSizePages - 1);
  EXPECT_EQ(mlock(space, 4, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(locked(space), 4U);
  EXPECT_TRUE(has_anon_vma(space, 4));
}

TEST(Mlock, counts_what_is_locked_already_once) {
  AddressSpace space;
  space.map(0, kLimitPages + 1);
  EXPECT_EQ(mlock(space, 0, kLimitPages + 1), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(mlock(space, 1, kLimitPages), Outcome::ok());
  EXPECT_EQ(mlock(space, 2, kLimitPages - 1), Outcome::ok());
  EXPECT_EQ(mlock(space, 0, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(locked(space), kLimitPages);
  space.mm.limits.memlock = 0;
  EXPECT_EQ(mlock(space, 0, 1), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(mlockall(space, kMclFuture), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(sys_mmap(space.mm, {0, 1, 0, kAnonymous | kMapLocked, {}, 0}),
            Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(munlock(space, 0, kLimitPages + 1), Outcome::ok());
}

// What is special, droppable or of huge pages; the driver and its flags exist in models only.
TEST(Mlock, leaves_alone_what_cannot_be_locked) {
  AddressSpace space;
  space.map(0, 1, kReadWrite, kMapDroppable | kMapAnonymous);
  EXPECT_EQ(mlock(space, 0, 1), Outcome::ok());
  EXPECT_TRUE(has_anon_vma(space, 0));
  space.map(1, 1, kReadWrite, kMapPrivate | kMapLocked, kPfnmap);
  EXPECT_EQ(mlock(space, 1, 1), Outcome::ok());
  EXPECT_FALSE(has_anon_vma(space, 1));
  space.map(512, 512, kReadWrite, kMapPrivate | kMapNoreserve | kMapLocked, kHuge);
  EXPECT_EQ(mlock(space, 512, 512), Outcome::fail(Errno::kENOMEM));  // its pool is empty
  for (const std::uint64_t n : {0U, 1U, 512U}) EXPECT_EQ(space.at(n).vm_flags & kVmLockedMask, 0U);
  EXPECT_EQ(locked(space), 0U);
}

TEST(Mlock, without_memory_is_enomem_but_mlockall_goes_on) {
  AddressSpace space;
  space.map(0, 4);
  space.mm.mm_mt.fail_preallocate_after(0);
  EXPECT_EQ(mlock(space, 1, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(locked(space), 0U);
  mlock_onfault(space, 0, 2);
  space.mm.mm_mt.fail_preallocate_after(0);  // of the merge, to the left and so without the right
  EXPECT_EQ(mlockall(space, kMclCurrent), Outcome::ok());
  EXPECT_EQ(space.ruler(), "AABB........");
  EXPECT_EQ(space.at(2).vm_flags & kVmLocked, 0U);
}

TEST(Mlockall, checks_its_flags) {
  AddressSpace space;
  for (const std::uint64_t flags : {std::uint64_t{0}, kMclOnfault, std::uint64_t{8}}) {
    EXPECT_EQ(mlockall(space, flags), Outcome::fail(Errno::kEINVAL));
  }
  space.mm.limits.memlock = bytes(0x11f);  // the program is one page larger
  EXPECT_EQ(mlockall(space, kMclCurrent), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(mlockall(space, kMclFuture), Outcome::ok());
}

TEST(Mlockall, locks_all_and_joins_what_is_now_equal) {
  AddressSpace space;
  space.map(0, 6);
  mlock(space, 2, 2);
  space.map(8, 2, kProtNone);
  EXPECT_EQ(mlockall(space, kMclCurrent), Outcome::ok());  // though one VMA has no pages
  EXPECT_EQ(space.ruler(), "AAAAAA..BB..");
  EXPECT_EQ(locked(space), 0x120U + 8);
  space.map(10, 1);
  EXPECT_EQ(locked(space), 0x120U + 8);  // no MCL_FUTURE
  EXPECT_EQ(sys_munlockall(space.mm, {}), Outcome::ok());
  EXPECT_EQ(locked(space), 0U);
}

TEST(MclFuture, locks_new_mappings_and_the_heap) {
  AddressSpace space;
  EXPECT_EQ(mlockall(space, kMclFuture), Outcome::ok());
  space.map(0, 2);
  EXPECT_TRUE(has_anon_vma(space, 0));
  EXPECT_EQ(locked(space), 2U);
  const Address start = space.setup.start_brk;
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(2)}), Outcome::ok(start + bytes(2)));
  EXPECT_EQ(locked(space), 4U);
  EXPECT_NE(space.mm.vma_lookup(start)->anon_vma, kNoAnonVma);
  // Over the limit: an error from mmap, no step of the break.
  space.mm.limits.memlock = bytes(4);
  EXPECT_EQ(space.map(4, 1), Outcome::fail(Errno::kEAGAIN));
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(3)}), Outcome::ok(start + bytes(2)));
  EXPECT_EQ(mlockall(space, kMclFuture | kMclOnfault), Outcome::ok());
  space.mm.limits.memlock = bytes(5);
  space.map(6, 1);
  EXPECT_FALSE(has_anon_vma(space, 6));
  EXPECT_EQ(space.at(6).vm_flags & kVmLockedMask, kVmLockedMask);
  EXPECT_EQ(sys_munlockall(space.mm, {}), Outcome::ok());
  space.map(8, 1);
  EXPECT_EQ(locked(space), 0U);
}

// The flags are compared while VM_LOCKED is still in those of the new one.
TEST(MclFuture, keeps_droppable_neighbours_apart) {
  AddressSpace space;
  mlockall(space, kMclFuture);
  space.map(0, 2, kReadWrite, kMapDroppable | kMapAnonymous);
  space.map(2, 2, kReadWrite, kMapDroppable | kMapAnonymous);
  EXPECT_EQ(space.ruler(), "AABB........");
  EXPECT_EQ(space.at(0).vm_flags, space.at(2).vm_flags);
  EXPECT_EQ(space.map(4, 1, kReadWrite, kMapDroppable | kMapAnonymous | kMapLocked),
            Outcome::fail(Errno::kEINVAL));
}

// Measured on 6.18.15 (locked) and 7.0.13.
TEST(MclFuture, locks_droppable_memory_where_the_kernel_lets_it) {
  for (const auto lock : {DroppableLock::kLocked, DroppableLock::kNeverLocked}) {
    AddressSpace space{profile_with<&KernelProfile::droppable_lock>(lock)};
    mlockall(space, kMclFuture | kMclOnfault);
    space.map(0, 2, kReadWrite, kMapDroppable | kMapAnonymous);
    space.map(2, 2, kReadWrite, kMapDroppable | kMapAnonymous);
    const bool is_locked = lock == DroppableLock::kLocked;
    EXPECT_EQ(space.ruler(5), is_locked ? "AAAA." : "AABB.");
    EXPECT_EQ(space.at(2).vm_flags & kVmLockedMask, is_locked ? kVmLockedMask : 0U);
    EXPECT_EQ(locked(space), is_locked ? 4U : 0U);
    // mlock and munlock leave it alone either way.
    EXPECT_EQ(munlock(space, 0, 2), Outcome::ok());
    EXPECT_EQ(locked(space), is_locked ? 4U : 0U);
    EXPECT_TRUE(space.unmap(0, 4).is_ok());
    EXPECT_EQ(locked(space), 0U);
  }
}

TEST(Populate, gives_an_anon_vma_to_private_writable_memory_alone) {
  AddressSpace space;
  space.map(0, 1, kReadWrite, kAnonymous | kMapPopulate);
  space.map(2, 1, kProtRead, kAnonymous | kMapPopulate);
  space.map(4, 1, kReadWrite, kMapShared | kMapPopulate, kMemfd);
  space.map(6, 1, kReadWrite, kMapPrivate | kMapPopulate, kMemfd, kFileSizePages);
  space.map(8, 1, kReadWrite, kAnonymous | kMapPopulate | kMapNonblock);
  EXPECT_TRUE(has_anon_vma(space, 0));
  EXPECT_FALSE(has_anon_vma(space, 2));
  EXPECT_FALSE(has_anon_vma(space, 4));
  EXPECT_TRUE(has_anon_vma(space, 6));  // behind the end of the file
  EXPECT_FALSE(has_anon_vma(space, 8));
}

TEST(Populate, goes_on_behind_an_error_unless_mlock_asks) {
  AddressSpace space;
  space.map(0, 1, kProtNone);
  space.map(1, 1);
  EXPECT_EQ(mm_populate_until_error(space.mm, page(0), bytes(2)), Errno::kEFAULT);
  EXPECT_FALSE(has_anon_vma(space, 1));
  mm_populate(space.mm, page(0), bytes(2));
  EXPECT_TRUE(has_anon_vma(space, 1));
}

TEST(Mprotect, populates_locked_memory_that_becomes_writable) {
  AddressSpace space;
  space.map(0, 4, kProtRead);
  mlock(space, 0, 2);
  EXPECT_FALSE(has_anon_vma(space, 0));
  space.protect(0, 4, kReadWrite);
  EXPECT_TRUE(has_anon_vma(space, 0));
  EXPECT_FALSE(has_anon_vma(space, 2));
  EXPECT_EQ(locked(space), 2U);
}

}  // namespace
}  // namespace vmadiff::impl
