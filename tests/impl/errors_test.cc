// Calls that fail: what they leave as it was, and the cases in which the kernel does not.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kPages = kHugePageSize >> kPageShift;

/// A machine whose whole memory is 64 pages.
Setup small_machine() {
  Setup setup = Setup::standard();
  setup.overcommit_pages = 64;
  return setup;
}

TEST(FailedCall, bad_arguments_change_nothing) {
  AddressSpace space;
  space.map(0, 4);
  space.map(6, 4, kProtRead);
  const std::string before = text(space.snapshot());
  EXPECT_TRUE(sys_mmap(space.mm, {page(1), 0, 3, kAnonymous | kMapFixed, {}, 0}).is_error());
  EXPECT_TRUE(sys_mmap(space.mm, {page(1) + 1, 1, 3, kAnonymous | kMapFixed, {}, 0}).is_error());
  EXPECT_TRUE(
      sys_mmap(space.mm, {page(1), bytes(2), 3, kMapFixed | kMapAnonymous, {}, 0}).is_error());
  EXPECT_EQ(space.map(1, 2, kReadWrite, kAnonymous | kMapFixedNoreplace),
            Outcome::fail(Errno::kEEXIST));
  EXPECT_TRUE(space.map(1, 2, kReadWrite, kMapPrivate, {FileClass::kUnmappable, 0}).is_error());
  EXPECT_TRUE(sys_munmap(space.mm, {page(1) + 1, 1}).is_error());
  EXPECT_TRUE(space.protect(1, 0x10, 0x10).is_error());
  EXPECT_TRUE(space.protect(4, 1, kProtRead).is_error());
  EXPECT_EQ(text(space.snapshot()), before);
}

TEST(FailedCall, mprotect_into_a_hole_keeps_what_it_changed) {
  AddressSpace space;
  space.map(0, 4);
  EXPECT_EQ(space.protect(2, 4, kProtRead), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(8), "AABB....");
}

TEST(FailedCall, mprotect_without_the_right_stops_there) {
  AddressSpace space;
  space.map(0, 2);
  space.map(2, 2, kProtRead, kMapShared, {FileClass::kFileReadOnly, 0});
  EXPECT_EQ(space.protect(0, 4, kProtRead | kProtWrite), Outcome::fail(Errno::kEACCES));
}

// --- failures after the range was cut (measured on 6.18) --------------------------------------

TEST(FailedMmap, charge_refused_leaves_the_cut) {
  AddressSpace space{kDefaultProfileName, small_machine()};
  space.map(0, 12);
  EXPECT_EQ(space.map(4, 200, kReadWrite, kMapPrivate | kMapAnonymous),
            Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(), "AAAABBBBBBBB");
}

TEST(FailedMmap, charge_counts_only_what_the_range_did_not_have) {
  AddressSpace space{kDefaultProfileName, small_machine()};
  EXPECT_TRUE(space.map(0, 64, kReadWrite, kMapPrivate | kMapAnonymous).is_ok());
  EXPECT_TRUE(space.map(64, 64, kReadWrite, kMapPrivate | kMapAnonymous).is_ok());
  EXPECT_TRUE(space.map(0, 192, kReadWrite, kMapPrivate | kMapAnonymous).is_ok());
  EXPECT_EQ(space.map(0, 257, kReadWrite, kMapPrivate | kMapAnonymous),
            Outcome::fail(Errno::kENOMEM));
}

TEST(FailedMmap, shmem_charge_refused_leaves_a_hole) {
  for (const bool zero : {false, true}) {
    AddressSpace space{kDefaultProfileName, small_machine()};
    space.map(0, 12);
    const FileId file = zero ? FileId{FileClass::kZero, 0} : FileId{};
    const std::uint64_t type = zero ? kMapShared : kMapShared | kMapAnonymous;
    EXPECT_EQ(space.map(4, 65, kReadWrite, type, file), Outcome::fail(Errno::kENOMEM));
    EXPECT_EQ(space.ruler(), "AAAA........");
    EXPECT_EQ(space.snapshot().counters.total_vm, space.setup.initial.counters.total_vm + 4);
    EXPECT_TRUE(space.map(4, 65, kReadWrite, type | kMapNoreserve, file).is_ok());
  }
}

TEST(FailedMmap, hook_that_refuses_leaves_a_hole) {
  for (const char* profile : {"linux-6.12", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 12);
    EXPECT_EQ(space.map(4, 2, kProtRead, kMapPrivate | kMapSync, kRegular),
              Outcome::fail(Errno::kEOPNOTSUPP));
    EXPECT_EQ(space.ruler(), "AAAA..BBBBBB") << profile;
  }
}

TEST(FailedMmap, empty_huge_page_pool_leaves_a_hole) {
  AddressSpace space;
  space.map(0, 2 * kPages);
  EXPECT_EQ(space.map(kPages, 1, kProtRead, kMapPrivate, kHuge), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.mm.vma_lookup(page(kPages)), nullptr);
  EXPECT_EQ(space.at(0).vm_end, page(kPages));
}

// --- huge pages -------------------------------------------------------------------------------

TEST(HugetlbSplit, inside_a_huge_page_is_refused) {
  AddressSpace space;
  ASSERT_TRUE(space.map(0, 4 * kPages, kReadWrite, kMapPrivate | kMapNoreserve, kHuge).is_ok());
  const std::string before = text(space.snapshot());
  EXPECT_EQ(space.unmap(1, 1), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.protect(1, kPages, kProtRead), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.map(1, 1), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(text(space.snapshot()), before);
}

TEST(HugetlbSplit, cut_at_the_start_stays_where_the_one_at_the_end_is_refused) {
  for (const bool unmap : {false, true}) {
    AddressSpace space;
    space.map(0, 4 * kPages, kReadWrite, kMapPrivate | kMapNoreserve, kHuge);
    EXPECT_EQ(unmap ? space.unmap(kPages, 1) : space.protect(kPages, 1, kProtRead),
              Outcome::fail(Errno::kEINVAL));
    EXPECT_EQ(space.at(0).vm_end, page(kPages));
    EXPECT_EQ(space.at(kPages).vm_pgoff, kPages);
    EXPECT_EQ(space.at(kPages).vm_flags, space.at(0).vm_flags);
  }
}

// --- max_map_count ----------------------------------------------------------------------------

TEST(MaxMapCount, limits_each_call_in_its_way) {
  AddressSpace space;
  space.map(0, 4);
  space.map(6, 4, kProtRead);
  const std::string before = text(space.snapshot());
  space.setup.max_map_count = space.mm.counters.map_count;
  EXPECT_EQ(space.unmap(1, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.map(1, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.protect(1, 2, kProtRead), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.advise(1, 2, kMadvMergeable), Outcome::fail(Errno::kEAGAIN));
  EXPECT_EQ(text(space.snapshot()), before);
  EXPECT_TRUE(space.unmap(3, 4).is_ok());  // one VMA loses its end, one its start
  EXPECT_TRUE(space.map(20, 1).is_ok());   // at the limit mmap still gives one more
  EXPECT_EQ(space.map(22, 1), Outcome::fail(Errno::kENOMEM));
  const Address brk = space.setup.start_brk;
  EXPECT_EQ(sys_brk(space.mm, {brk + 1}).value(), brk);
}

// --- allocation failure -----------------------------------------------------------------------

/// Every preallocation of every call fails once: the call answers an error and leaves a sound
/// state, or it does without (a merge that cannot be had is not an error for mmap).
TEST(AllocationFailure, leaves_a_sound_state_wherever_it_comes) {
  const auto run = [](std::uint64_t failure, int call) {
    AddressSpace space;
    space.map(0, 4);
    space.map(4, 4, kProtRead);
    space.map(8, 4);
    const std::string before = text(space.snapshot());
    space.mm.mm_mt.fail_preallocate_after(failure);
    const Outcome outcome = call == 0   ? space.map(2, 4)
                            : call == 1 ? space.unmap(1, 2)
                            : call == 2 ? space.protect(1, 2, kProtRead)
                            : call == 3 ? space.advise(1, 2, kMadvMergeable)
                                        : sys_brk(space.mm, {space.setup.start_brk + 1});
    const std::string after = text(space.snapshot());
    if (failure == 0 && call != 4) {
      EXPECT_TRUE(outcome.is_error()) << call;
      EXPECT_EQ(after, before) << call;
    }
    if (failure == 0 && call == 4) {
      EXPECT_EQ(outcome.value(), space.setup.start_brk);
    }
  };
  for (int call = 0; call < 5; ++call) {
    for (std::uint64_t failure = 0; failure < 4; ++failure) run(failure, call);
  }
}

TEST(AllocationFailure, new_vma_after_the_old_pages_were_given_up_leaves_a_hole) {
  AddressSpace space;
  space.map(0, 12);
  space.mm.mm_mt.fail_preallocate_after(2);  // after the two cuts
  EXPECT_EQ(space.map(4, 4, kProtRead), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(), "AAAA....BBBB");
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

// --- before 6.12 (measured on 6.1) ------------------------------------------------------------

KernelProfile that_unmaps_first() {
  return profile_with<&KernelProfile::mmap_replace>(MmapReplace::kUnmapsThenCharges);
}

TEST(MmapThatUnmapsFirst, loses_what_was_there_to_a_refused_charge) {
  AddressSpace space{that_unmaps_first(), small_machine()};
  constexpr std::uint64_t kCharged = kMapPrivate | kMapAnonymous;
  space.map(0, 12, kReadWrite, kCharged);
  // The whole is charged, though some of it was.
  EXPECT_EQ(space.map(4, 65, kReadWrite, kCharged), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(), "AAAA........");
  EXPECT_EQ(space.map(4, 64, kReadWrite, kCharged), Outcome::ok(page(4)));
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

TEST(MmapThatUnmapsFirst, looks_at_limits_before_it_cuts) {
  AddressSpace space{that_unmaps_first()};
  space.map(0, 6);
  ASSERT_EQ(sys_setrlimit(space.mm, {kRlimitAs, 0}), Outcome::ok());
  EXPECT_EQ(space.map(2, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(7), "AAAAAA.");
  ASSERT_EQ(sys_setrlimit(space.mm, {kRlimitAs, bytes(space.mm.counters.total_vm)}), Outcome::ok());
  EXPECT_EQ(space.map(5, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.map(2, 2), Outcome::ok(page(2)));
}

TEST(MmapThatUnmapsFirst, counts_nothing_that_a_failed_call_had_gathered) {
  AddressSpace space{that_unmaps_first()};
  space.map(kPages - 1, 1);
  space.map(kPages, kPages, kProtRead, kMapPrivate | kMapNoreserve, kHuge);
  EXPECT_EQ(space.unmap(kPages - 1, 2), Outcome::fail(Errno::kEINVAL));
  space.map(0, 1);
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

TEST(MmapThatUnmapsFirst, hides_why_it_cannot_unmap) {
  AddressSpace space{that_unmaps_first()};
  space.map(0, kPages, kProtRead, kMapPrivate | kMapNoreserve, kHuge);
  EXPECT_EQ(space.map(0, 1), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.unmap(0, 1), Outcome::fail(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::impl
