// mremap: what moves, grows and shrinks, what merges at the destination, what stays behind, and in
// which order each kernel refuses. Measured on 6.18.44 unless a profile says otherwise.
#include <gtest/gtest.h>

#include "mremap_calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kCharged = kMapPrivate | kMapAnonymous;

std::uint64_t offset(const AddressSpace& space, std::uint64_t n) { return space.at(n).vm_pgoff; }
bool is_charged(const AddressSpace& space, std::uint64_t n) {
  return (space.at(n).vm_flags & kVmAccount) != 0;
}

// --- in place ----------------------------------------------------------------------------------

TEST(MremapInPlace, same_size_is_not_looked_at) {
  AddressSpace space;
  space.map(0, 2);
  EXPECT_EQ(remap(space, 0, 9, 9), at_page(0));
  EXPECT_EQ(space.ruler(6), "AA....");
}

TEST(MremapInPlace, shrinking_unmaps_even_what_is_not_its_own) {
  AddressSpace space;
  space.map(0, 4);
  space.map(4, 2, kProtRead);
  EXPECT_EQ(remap(space, 0, 6, 2), at_page(0));
  EXPECT_EQ(space.ruler(8), "AA......");
  EXPECT_EQ(space.snapshot().counters.total_vm, 0x120U + 2);
}

TEST(MremapInPlace, growing_joins_the_neighbour_it_reaches) {
  // AA..BB -> AAAAAA
  AddressSpace space;
  space.map(0, 2);
  space.map(4, 2);
  EXPECT_EQ(remap(space, 0, 2, 4), at_page(0));
  EXPECT_EQ(space.ruler(8), "AAAAAA..");
  EXPECT_EQ(space.snapshot().counters.total_vm, 0x120U + 6);
}

TEST(MremapInPlace, growing_stops_at_a_neighbour) {
  AddressSpace space;
  space.map(0, 2);
  space.map(3, 1, kProtRead);
  EXPECT_EQ(remap(space, 0, 2, 4), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(remap(space, 0, 1, 2), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(6), "AA.B..");
}

TEST(MremapInPlace, growing_past_the_end_of_the_vma) {
  AddressSpace space;
  space.map(0, 2);
  EXPECT_EQ(remap(space, 1, 2, 4), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(remap(space, 1, 1, 3), at_page(1));
  EXPECT_EQ(space.ruler(6), "AAAA..");
}

// --- moves -------------------------------------------------------------------------------------

TEST(MremapMove, untouched_anonymous_memory_takes_the_offset_of_its_new_place) {
  AddressSpace space;
  space.map(0, 2);
  space.map(8, 2);
  EXPECT_EQ(move(space, 0, 2, 6), at_page(6));
  EXPECT_EQ(space.ruler(), "......AAAA..");
}

TEST(MremapMove, touched_anonymous_memory_keeps_its_offset_and_its_anon_vma) {
  AddressSpace space;
  space.map(0, 2);
  space.map(8, 2);
  space.write(0);
  const AnonVmaId before = space.at(0).anon_vma;
  EXPECT_EQ(move(space, 0, 2, 6), at_page(6));
  EXPECT_EQ(space.ruler(), "......AABB..");
  EXPECT_EQ(space.at(6).anon_vma, before);
  EXPECT_EQ(offset(space, 6), page(0) >> kPageShift);
  // Back at its first place it is a neighbour again.
  space.map(2, 2);
  EXPECT_EQ(move(space, 6, 2, 0), at_page(0));
  EXPECT_EQ(space.ruler(), "AAAA....BB..");
  EXPECT_EQ(space.at(2).anon_vma, before);
}

TEST(MremapMove, touched_memory_next_to_untouched_is_one_only_since_6_16) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 4);
    space.write(1);
    EXPECT_EQ(move(space, 1, 1, 8), at_page(8));
    space.unmap(0, 4);
    space.map(0, 1);
    space.map(2, 2);
    EXPECT_EQ(move(space, 8, 1, 1), at_page(1));
    const bool joins = std::string_view{profile} != "linux-6.12";
    EXPECT_EQ(space.ruler(5), joins ? "AAAA." : "ABCC.") << profile;
    // What joins forgets its anon_vma before 6.18.15.
    const bool passed_on = std::string_view{profile} == "linux-6.18";
    EXPECT_EQ(has_anon_vma(space, 1), !joins || passed_on) << profile;
    EXPECT_EQ(has_anon_vma(space, 0), passed_on) << profile;
  }
}

TEST(MremapMove, private_zero_moves_as_anonymous_memory_does) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapPrivate | kMapNoreserve, kZero);
  EXPECT_EQ(move(space, 0, 2, 6), at_page(6));
  EXPECT_EQ(offset(space, 6), page(6) >> kPageShift);
  space.write(6);
  EXPECT_EQ(move(space, 6, 2, 0), at_page(0));
  EXPECT_EQ(offset(space, 0), page(6) >> kPageShift);
}

TEST(MremapMove, a_part_of_untouched_memory_can_join_what_it_was_cut_from) {
  // AAA...: page 0 to page 3, behind its own VMA -> .AAA
  AddressSpace space;
  space.map(0, 3, kReadWrite, kCharged);
  EXPECT_EQ(move(space, 0, 1, 3), at_page(3));
  EXPECT_EQ(space.ruler(6), ".AAA..");
  EXPECT_TRUE(is_charged(space, 1));
  EXPECT_EQ(space.snapshot().counters.data_vm, 0x10U + 3);
}

TEST(MremapMove, the_middle_goes_and_both_ends_stay_charged) {
  AddressSpace space;
  space.map(0, 3, kReadWrite, kCharged);
  EXPECT_EQ(move(space, 1, 1, 6), at_page(6));
  EXPECT_EQ(space.ruler(8), "A.B...C.");
  for (const std::uint64_t n : {0U, 2U, 6U}) EXPECT_TRUE(is_charged(space, n)) << n;
}

TEST(MremapMove, takes_the_place_of_what_is_at_the_destination) {
  AddressSpace space;
  space.map(0, 1, kProtRead);
  space.map(4, 4);
  EXPECT_EQ(remap(space, 0, 1, 2, kMove, 5), at_page(5));
  EXPECT_EQ(space.ruler(9), "....ABBC.");
}

TEST(MremapMove, inside_its_own_vma) {
  AddressSpace space;
  space.map(0, 6, kReadWrite, kMapShared, kMemfd);
  EXPECT_EQ(move(space, 0, 2, 3), at_page(3));
  EXPECT_EQ(space.ruler(7), "..ABBC.");
  EXPECT_EQ(offset(space, 3), 0U);
}

TEST(MremapMove, shrinks_first_and_grows_at_the_destination) {
  AddressSpace space;
  space.map(0, 4, kReadWrite, kMapShared, kMemfd);
  EXPECT_EQ(remap(space, 0, 4, 2, kMove, 8), at_page(8));
  EXPECT_EQ(space.ruler(), "........AA..");
  EXPECT_EQ(remap(space, 8, 2, 5, kMove, 0), at_page(0));
  EXPECT_EQ(space.ruler(), "AAAAA.......");
}

TEST(MremapMove, goes_where_there_is_room_if_it_may) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapShared, kMemfd);
  space.map(2, 1, kProtRead);
  const Address top = space.setup.mmap_base - bytes(3);
  EXPECT_EQ(remap(space, 0, 2, 3, kMremapMaymove), Outcome::ok(top));
  EXPECT_EQ(space.ruler(4), "..A.");
}

TEST(MremapMove, size_0_doubles_shared_memory_alone) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapShared, kMemfd, 3);
  EXPECT_EQ(remap(space, 1, 0, 2, kMove, 5), at_page(5));
  EXPECT_EQ(space.ruler(8), "AA...BB.");
  EXPECT_EQ(offset(space, 5), 4U);
  space.map(9, 1);
  EXPECT_EQ(remap(space, 9, 0, 1, kMove, 10), Outcome::fail(Errno::kEINVAL));
}

// Measured on 7.2.12 and 7.3.4.
TEST(MremapUserfaultfd, memory_that_is_watched_may_never_merge) {
  for (const auto moves : {UffdMove::kMerges, UffdMove::kNeverMerges}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_move>(moves)};
    const bool merges = moves == UffdMove::kMerges;
    space.map(0, 2);
    space.map(8, 2);
    for (const std::uint64_t n : {0U, 8U}) {
      ASSERT_TRUE(userfaultfd_register(space.mm, {page(n), bytes(2), kUffdModeWp}).is_ok());
    }
    EXPECT_EQ(move(space, 0, 2, 10), at_page(10));
    EXPECT_EQ(space.ruler(), merges ? "........AAAA" : "........AABB");
    EXPECT_EQ(space.at(8).vm_flags & kVmUffd, merges ? 0U : kVmUffdWp);
    EXPECT_EQ(space.at(10).vm_flags & kVmUffd, 0U);
    // What is not watched merges as ever.
    space.map(20, 2);
    EXPECT_EQ(move(space, 20, 2, 12), at_page(12));
    EXPECT_EQ(space.ruler(15), merges ? "........AAAAAA." : "........AABBBB.");
  }
}

TEST(MremapMove, a_smaller_size_is_charged_for_as_if_it_were_larger_since_6_15) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 64;
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile, setup};
    space.map(0, 3, kReadWrite, kCharged);
    const bool refused = std::string_view{profile} != "linux-6.12";
    EXPECT_EQ(remap(space, 0, 100, 1, kMove, 200),
              refused ? Outcome::fail(Errno::kENOMEM) : at_page(200));
    // What was cut off is gone either way.
    EXPECT_EQ(space.ruler(4), refused ? "A..." : "....") << profile;
  }
}

// --- several VMAs --------------------------------------------------------------------------------

TEST(MremapSeveral, move_with_the_holes_between_them) {
  AddressSpace space;
  space.map(0, 2);
  space.map(2, 1, kProtRead);
  space.map(4, 3);
  EXPECT_EQ(move(space, 1, 5, 20), at_page(20));
  EXPECT_EQ(space.ruler(26), "A.....B.............CD.EE.");
}

TEST(MremapSeveral, was_a_fault_before_6_17) {
  for (const auto* profile : {"linux-6.12", "patch-v2"}) {
    AddressSpace space{profile};
    space.map(0, 2);
    space.map(2, 1, kProtRead);
    space.map(20, 1);
    EXPECT_EQ(move(space, 0, 3, 20), Outcome::fail(Errno::kEFAULT));
    // The destination was unmapped before the range was looked at.
    EXPECT_EQ(space.ruler(22), "AAB...................");
  }
}

TEST(MremapSeveral, not_where_the_range_begins_in_a_hole_or_the_size_changes) {
  AddressSpace space;
  space.map(1, 2);
  space.map(3, 1, kProtRead);
  EXPECT_EQ(move(space, 0, 4, 20), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(remap(space, 1, 3, 4, kMove, 20), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(remap(space, 1, 3, 3, kMremapMaymove | kMremapDontunmap, 20),
            Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(space.ruler(5), ".AAB.");
}

TEST(MremapSeveral, an_error_leaves_moved_what_was_moved) {
  AddressSpace space;
  space.map(0, 1);
  space.map(1, 1, kProtRead);
  ASSERT_EQ(sys_mseal(space.mm, {page(1), bytes(1), 0}), Outcome::ok());
  EXPECT_EQ(move(space, 0, 2, 20), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(space.ruler(22), ".A..................B.");
}

TEST(MremapSeveral, private_zero_only_alone) {
  AddressSpace space;
  space.map(0, 1);
  space.map(1, 1, kReadWrite, kMapPrivate, kZero);
  EXPECT_EQ(move(space, 0, 2, 20), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(space.ruler(22), ".A..................B.");
  EXPECT_EQ(move(space, 1, 2, 10), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(move(space, 1, 1, 10), at_page(10));
}

// --- MREMAP_DONTUNMAP ----------------------------------------------------------------------------

TEST(MremapDontunmap, leaves_an_untouched_vma) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 2, kReadWrite, kCharged);
    space.write(0);
    EXPECT_EQ(move(space, 0, 2, 8), at_page(8));
    EXPECT_EQ(move(space, 8, 2, 4, kKeep), at_page(4));
    EXPECT_EQ(space.ruler(), "....AA..BB..");
    EXPECT_TRUE(has_anon_vma(space, 4));
    EXPECT_FALSE(has_anon_vma(space, 8));
    const bool cut_out = std::string_view{profile} == "linux-6.12";
    EXPECT_EQ(offset(space, 8), page(cut_out ? 8 : 0) >> kPageShift) << profile;
    EXPECT_EQ(is_charged(space, 8), std::string_view{profile} != "patch-v2") << profile;
    EXPECT_TRUE(is_charged(space, 4));
    EXPECT_EQ(space.snapshot().counters.data_vm, 0x10U + 4);
  }
}

TEST(MremapDontunmap, a_part_of_a_vma_keeps_its_anon_vma) {
  AddressSpace space;
  space.map(0, 3);
  space.write(1);
  EXPECT_EQ(move(space, 1, 1, 8, kKeep), at_page(8));
  EXPECT_EQ(space.ruler(), "AAA.....B...");
  EXPECT_TRUE(has_anon_vma(space, 1));
  EXPECT_EQ(space.at(8).anon_vma, space.at(1).anon_vma);
}

TEST(MremapDontunmap, source_and_destination_are_one_where_the_kernel_lets_them) {
  for (const auto* profile : {"linux-6.12", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 2);
    EXPECT_EQ(move(space, 0, 2, 2, kKeep), at_page(2));
    EXPECT_EQ(space.ruler(5), std::string_view{profile} == "linux-6.12" ? "AABB." : "AAAA.");
    EXPECT_EQ(space.snapshot().counters.total_vm, 0x120U + 4);
  }
}

TEST(MremapDontunmap, the_lock_goes_along_and_only_6_12_counts_right) {
  for (const auto* profile : {"linux-6.12", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 3);
    ASSERT_EQ(sys_mlock(space.mm, {page(0), bytes(3)}), Outcome::ok());
    EXPECT_EQ(move(space, 1, 1, 8, kKeep), at_page(8));
    const bool cut_out = std::string_view{profile} == "linux-6.12";
    EXPECT_EQ(space.ruler(), cut_out ? "ABC.....D..." : "AAA.....B...") << profile;
    EXPECT_EQ(space.at(0).vm_flags & kVmLocked, cut_out ? kVmLocked : 0U) << profile;
    EXPECT_EQ(space.at(1).vm_flags & kVmLocked, 0U);
    EXPECT_EQ(space.at(8).vm_flags & kVmLocked, kVmLocked);
    EXPECT_EQ(space.snapshot().counters.locked_vm, cut_out ? 3U : 4U) << profile;
  }
}

TEST(MremapDontunmap, takes_the_address_for_a_hint) {
  AddressSpace space;
  space.map(0, 2);
  space.map(4, 2, kProtRead);
  constexpr std::uint64_t kHint = kMremapMaymove | kMremapDontunmap;
  EXPECT_EQ(move(space, 0, 2, 8, kHint), at_page(8));
  EXPECT_EQ(move(space, 4, 2, 8, kHint), Outcome::ok(space.setup.mmap_base - bytes(2)));
}

// --- locked, special and huge memory
// --------------------------------------------------------------

TEST(MremapLocked, what_grows_is_locked_and_populated) {
  AddressSpace space;
  space.map(0, 1, kReadWrite, kMapPrivate, kMemfd);
  ASSERT_EQ(sys_mlock2(space.mm, {page(0), bytes(1), kMlockOnfault}), Outcome::ok());
  EXPECT_EQ(remap(space, 0, 1, 2), at_page(0));
  EXPECT_FALSE(has_anon_vma(space, 0));
  ASSERT_EQ(sys_mlock(space.mm, {page(1), bytes(1)}), Outcome::ok());
  EXPECT_EQ(remap(space, 1, 1, 3), at_page(1));
  EXPECT_TRUE(has_anon_vma(space, 3));
  EXPECT_EQ(space.snapshot().counters.locked_vm, 4U);
}

TEST(MremapLocked, limit) {
  AddressSpace space;
  space.map(0, 2);
  ASSERT_EQ(sys_mlock(space.mm, {page(0), bytes(2)}), Outcome::ok());
  ASSERT_EQ(sys_setrlimit(space.mm, {kRlimitMemlock, bytes(3)}), Outcome::ok());
  EXPECT_EQ(remap(space, 0, 2, 4), Outcome::fail(Errno::kEAGAIN));
  EXPECT_EQ(remap(space, 0, 2, 3), at_page(0));
  EXPECT_EQ(move(space, 0, 3, 8), at_page(8));
  EXPECT_EQ(space.snapshot().counters.locked_vm, 3U);
}

TEST(MremapSpecial, moves_but_never_grows) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapShared, kPfnmap);
  EXPECT_EQ(remap(space, 0, 2, 3, kMremapMaymove), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(move(space, 0, 2, 4, kKeep), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(move(space, 0, 2, 4), at_page(4));
  EXPECT_EQ(remap(space, 4, 2, 1), at_page(4));
  EXPECT_EQ(space.ruler(6), "....A.");
}

TEST(MremapHugetlb, rounds_to_huge_pages_and_never_grows) {
  constexpr std::uint64_t kHugePages = kHugePageSize >> kPageShift;
  AddressSpace space;
  space.map(0, 2 * kHugePages, kReadWrite, kMapShared | kMapNoreserve, kHuge);
  EXPECT_EQ(remap(space, 0, kHugePages, 2 * kHugePages, kMremapMaymove),
            Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(move(space, kHugePages, kHugePages, 3 * kHugePages + 1), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(move(space, kHugePages, 1, 3 * kHugePages), at_page(3 * kHugePages));
  EXPECT_EQ(space.at(3 * kHugePages).pages(), kHugePages);
  EXPECT_EQ(space.at(0).pages(), kHugePages);
  EXPECT_EQ(remap(space, 0, 1, 1), at_page(0));
}

// --- the order of the checks
// -----------------------------------------------------------------------

TEST(MremapChecks, nothing_mapped_against_a_bad_destination) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    const std::string_view name{profile};
    // Not aligned; overlapping; too long.
    EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(1), bytes(1), kMove, page(4) + 1}),
              Outcome::fail(name == "linux-6.12" ? Errno::kEFAULT : Errno::kEINVAL));
    EXPECT_EQ(move(space, 0, 2, 1),
              Outcome::fail(name == "linux-6.18" ? Errno::kEINVAL : Errno::kEFAULT));
    EXPECT_EQ(remap(space, 0, 1, std::uint64_t{1} << 40, kMremapMaymove),
              Outcome::fail(name == "linux-6.18" ? Errno::kEINVAL : Errno::kEFAULT));
  }
}

TEST(MremapChecks, arguments) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 2);
    const std::string before = text(space.snapshot());
    const auto refused = Outcome::fail(Errno::kEINVAL);
    EXPECT_EQ(remap(space, 0, 2, 2, 8), refused);
    EXPECT_EQ(remap(space, 0, 2, 0), refused);
    EXPECT_EQ(sys_mremap(space.mm, {page(0) + 1, bytes(1), bytes(1), 0, 0}), refused);
    EXPECT_EQ(move(space, 0, 2, 4, kMremapFixed), refused);
    EXPECT_EQ(move(space, 0, 2, 4, kMremapDontunmap), refused);
    EXPECT_EQ(remap(space, 0, 2, 1, kKeep, 4), refused);
    EXPECT_EQ(move(space, 0, 2, 1), refused);
    EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(1), bytes(1), kMove, space.setup.task_size}),
              refused);
    EXPECT_EQ(text(space.snapshot()), before);
    // Of the sizes, only the newest rounds before it compares.
    EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(1), 1, kKeep, page(4)}),
              std::string_view{profile} == "linux-6.18" ? at_page(4) : refused);
  }
}

TEST(MremapChecks, a_range_that_wraps_can_unmap_its_own_beginning) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(3, 3);
    const std::string_view name{profile};
    EXPECT_EQ(sys_mremap(space.mm, {page(3), -bytes(1), bytes(2), kMove, page(2)}),
              Outcome::fail(name == "linux-6.12" ? Errno::kEINVAL : Errno::kEFAULT));
    EXPECT_EQ(space.ruler(7), "....AA.") << profile;
  }
}

TEST(MremapChecks, destination_is_unmapped_before_the_kernels_up_to_6_16_look_at_the_source) {
  for (const auto* profile : {"patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 2);
    space.map(8, 4, kProtRead);
    EXPECT_EQ(remap(space, 0, 3, 4, kMove, 8), Outcome::fail(Errno::kEFAULT));
    EXPECT_EQ(space.ruler(),
              std::string_view{profile} == "patch-v2" ? "AA.........." : "AA......BBBB");
  }
}

// --- what kernels do otherwise
// ---------------------------------------------------------------------

TEST(MremapMove, touched_memory_may_leave_its_anon_vma_behind) {
  for (const auto moved : {MovedAnonVma::kForgotten, MovedAnonVma::kPassedOn}) {
    const KernelProfile profile = profile_with<&KernelProfile::moved_anon_vma>(moved);
    const bool passed_on = moved == MovedAnonVma::kPassedOn;
    for (const bool from_fork : {false, true}) {
      AddressSpace space{profile};
      space.map(0, 2);
      space.write(0, 2);
      if (from_fork) space.at(0).anon_vma_chain = 2;
      move(space, 0, 2, 8);
      space.map(2, 2);
      EXPECT_EQ(move(space, 8, 2, 0), at_page(0));
      EXPECT_EQ(space.ruler(5), from_fork && passed_on ? "AABB." : "AAAA.");
      EXPECT_EQ(has_anon_vma(space, 0), passed_on);
    }
    // A neighbour behind that has it keeps it for all.
    AddressSpace space{profile};
    space.map(0, 3);
    space.write(0, 3);
    move(space, 1, 1, 8);
    space.map(0, 1);
    EXPECT_EQ(move(space, 8, 1, 1), at_page(1));
    EXPECT_EQ(space.ruler(4), "AAA.");
    EXPECT_TRUE(has_anon_vma(space, 0));
  }
}

TEST(MremapMove, a_smaller_size_is_charged_for_as_mremap_charge_says) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 64;
  for (const auto charge : {MremapCharge::kNothing, MremapCharge::kWhatIsCutOff}) {
    AddressSpace space{profile_with<&KernelProfile::mremap_charge>(charge), setup};
    space.map(0, 2, kReadWrite, kCharged);
    EXPECT_EQ(remap(space, 0, 66, 1, kMove, 200),
              charge == MremapCharge::kNothing ? at_page(200) : Outcome::fail(Errno::kENOMEM));
    space.map(0, 2, kReadWrite, kCharged);
    EXPECT_EQ(remap(space, 0, 65, 1, kMove, 200), at_page(200));
  }
}

}  // namespace
}  // namespace vmadiff::impl
