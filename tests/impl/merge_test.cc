// Merge shapes. Each test shows the page ruler before (in its comment, * for the range of the call)
// and after.
#include "impl/merge.h"

#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr FileId kFile0{FileClass::kMemfd, 0};
constexpr FileId kFile1{FileClass::kMemfd, 1};
constexpr std::uint64_t kPrivateFile = kMapPrivate | kMapNoreserve;

// --- a new range ------------------------------------------------------------------------------

TEST(MergeNewRange, left_unfaulted) {
  AddressSpace space;  // AAAA****
  space.map(0, 4);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
}

TEST(MergeNewRange, right_unfaulted) {
  AddressSpace space;  // ****AAAA
  space.map(4, 4);
  space.map(0, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
  EXPECT_EQ(space.at(0).vm_pgoff, kArena >> kPageShift);
}

TEST(MergeNewRange, both_unfaulted) {
  AddressSpace space;  // AAAA****BBBB
  space.map(0, 4);
  space.map(8, 4);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
  EXPECT_EQ(space.mm.counters.map_count, space.setup.initial.vmas.size() + 1);
}

TEST(MergeNewRange, both_left_faulted) {
  AddressSpace space;  // AAAA****BBBB, A written to
  space.map(0, 4);
  space.map(8, 4);
  space.write(0);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
  EXPECT_EQ(space.at(0).anon_vma, 1U);
}

TEST(MergeNewRange, both_right_faulted_gives_its_anon_vma) {
  AddressSpace space;  // AAAA****BBBB, B written to
  space.map(0, 4);
  space.map(8, 4);
  space.write(8);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
  EXPECT_EQ(space.at(0).anon_vma, 1U);
  EXPECT_EQ(space.at(0).anon_vma_chain, 1U);
}

TEST(MergeNewRange, both_faulted_apart_merges_left_only) {
  AddressSpace space;  // AAAA****BBBB, both written to
  space.map(0, 4);
  space.map(8, 4);
  space.write(0);
  space.write(8);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAABBBB");
}

TEST(MergeNewRange, over_the_middle_of_one_vma_leaves_one) {
  AddressSpace space;  // AAAA****AAAA
  space.map(0, 12);
  space.write(5);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
}

TEST(MergeNewRange, neither_because_of_a_hole) {
  AddressSpace space;  // AAA.****.BBB
  space.map(0, 3);
  space.map(9, 3);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAA.BBBB.CCC");
}

TEST(MergeNewRange, neither_because_of_flags) {
  AddressSpace space;  // AAAA****BBBB
  space.map(0, 4, kProtRead);
  space.map(8, 4, kReadWrite, kMapPrivate | kMapAnonymous);
  space.map(4, 4);
  EXPECT_EQ(space.ruler(), "AAAABBBBCCCC");
}

TEST(MergeNewRange, file_contiguous) {
  AddressSpace space;  // AAAA****
  space.map(0, 4, kReadWrite, kPrivateFile, kFile0, 10);
  space.map(4, 4, kReadWrite, kPrivateFile, kFile0, 14);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
}

TEST(MergeNewRange, neither_because_of_pgoff) {
  AddressSpace space;  // AAAA****
  space.map(0, 4, kReadWrite, kPrivateFile, kFile0, 10);
  space.map(4, 4, kReadWrite, kPrivateFile, kFile0, 15);
  EXPECT_EQ(space.ruler(), "AAAABBBB....");
}

TEST(MergeNewRange, neither_because_of_file) {
  AddressSpace space;  // AAAA****
  space.map(0, 4, kReadWrite, kPrivateFile, kFile0, 10);
  space.map(4, 4, kReadWrite, kPrivateFile, kFile1, 14);
  EXPECT_EQ(space.ruler(), "AAAABBBB....");
}

TEST(MergeNewRange, shared_anonymous_never) {
  AddressSpace space;  // AAAA****
  space.map(0, 4, kReadWrite, kMapShared | kMapAnonymous);
  space.map(4, 4, kReadWrite, kMapShared | kMapAnonymous);
  EXPECT_EQ(space.ruler(), "AAAABBBB....");
}

TEST(MergeNewRange, special_never) {
  AddressSpace space;  // AAAA****
  constexpr FileId kDriver{FileClass::kPreparedPfnmap, 0};
  space.map(0, 4, kReadWrite, kPrivateFile, kDriver, 0);
  space.map(4, 4, kReadWrite, kPrivateFile, kDriver, 4);
  EXPECT_EQ(space.ruler(), "AAAABBBB....");
}

// --- an existing range ------------------------------------------------------------------------

TEST(MergeExistingRange, left_whole_middle) {
  AddressSpace space;  // AAAA****
  space.map(0, 4, kProtRead);
  space.map(4, 4);
  space.protect(4, 4, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
}

TEST(MergeExistingRange, left_part_of_middle) {
  AddressSpace space;  // AAAA**BB
  space.map(0, 4, kProtRead);
  space.map(4, 4);
  space.protect(4, 2, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAAAABB....");
  EXPECT_EQ(space.at(6).vm_pgoff, page(6) >> kPageShift);
}

TEST(MergeExistingRange, right_whole_middle) {
  AddressSpace space;  // ****BBBB
  space.map(0, 4);
  space.map(4, 4, kProtRead);
  space.protect(0, 4, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
  EXPECT_EQ(space.at(0).vm_pgoff, page(0) >> kPageShift);
}

TEST(MergeExistingRange, right_part_of_middle) {
  AddressSpace space;  // AA**BBBB
  space.map(0, 4);
  space.map(4, 4, kProtRead);
  space.protect(2, 2, kProtRead);
  EXPECT_EQ(space.ruler(), "AABBBBBB....");
  EXPECT_EQ(space.at(2).vm_pgoff, page(2) >> kPageShift);
}

TEST(MergeExistingRange, both) {
  AddressSpace space;  // AAAA****BBBB
  space.map(0, 12, kProtRead);
  space.protect(4, 4, kReadWrite);
  ASSERT_EQ(space.ruler(), "AAAABBBBCCCC");
  space.protect(4, 4, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
}

TEST(MergeExistingRange, inside_splits_in_three) {
  AddressSpace space;  // AAAA****AAAA
  space.map(0, 12);
  space.protect(4, 4, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_EQ(space.at(4).vm_pgoff, page(4) >> kPageShift);
  EXPECT_EQ(space.at(8).vm_pgoff, page(8) >> kPageShift);
}

TEST(MergeExistingRange, one_call_over_two_vmas_merges_them) {
  AddressSpace space;  // AAAABBBB, * over both
  space.map(0, 4);
  space.map(4, 4, kProtNone);
  space.protect(0, 8, kProtRead);
  EXPECT_EQ(space.ruler(), "AAAAAAAA....");
}

/// Measured: 6.12 two VMAs, 6.18 one (879bca0a2c4f).
TEST(MergeExistingRange, middle_faulted_left_unfaulted_depends_on_profile) {
  for (const auto& [profile, after] :
       {std::pair{"linux-6.12", "AAAAABBBBB.."}, std::pair{"linux-6.18", "AAAAAAAAAA.."}}) {
    AddressSpace space{profile};  // AAAAABBBBB
    space.map(0, 10);
    space.protect(0, 5, kProtRead);
    space.write(5);
    space.protect(5, 5, kProtRead);
    EXPECT_EQ(space.ruler(), after) << profile;
  }
}

TEST(MergeExistingRange, middle_faulted_both_neighbours_unfaulted) {
  for (const auto& [profile, after] :
       {std::pair{"linux-6.12", "AAAABBBBCCCC"}, std::pair{"linux-6.18", "AAAAAAAAAAAA"}}) {
    AddressSpace space{profile};  // AAAABBBBCCCC
    space.map(0, 12, kProtRead);
    space.protect(4, 4, kReadWrite);
    space.write(4);
    space.protect(4, 4, kProtRead);
    EXPECT_EQ(space.ruler(), after) << profile;
    EXPECT_EQ(space.at(4).anon_vma, 1U);
  }
}

// --- the reasons, asked directly --------------------------------------------------------------

class MergeAnswers : public testing::Test {
 protected:
  MergeAnswers() {
    space_.map(0, 4);
    space_.map(8, 4);
    vmg_.prev = &space_.at(0);
    vmg_.next = &space_.at(8);
    vmg_.start = page(4);
    vmg_.end = page(8);
    vmg_.pgoff = page(4) >> kPageShift;
    vmg_.vm_flags = vmg_.prev->vm_flags;
  }
  MergeAnswer left() { return can_vma_merge_left(space_.mm, vmg_); }
  MergeAnswer right(bool with_left = true) {
    return can_vma_merge_right(space_.mm, vmg_, with_left);
  }
  AddressSpace space_;
  VmaMergeStruct vmg_;
};

TEST_F(MergeAnswers, yes_on_both_sides) {
  EXPECT_EQ(left(), MergeAnswer::kYes);
  EXPECT_EQ(right(), MergeAnswer::kYes);
}

TEST_F(MergeAnswers, no_neighbour) {
  vmg_.prev = vmg_.next = nullptr;
  EXPECT_EQ(left(), MergeAnswer::kNoNeighbour);
  EXPECT_EQ(right(), MergeAnswer::kNoNeighbour);
}

TEST_F(MergeAnswers, not_adjacent) {
  vmg_.start = page(5);
  vmg_.end = page(7);
  EXPECT_EQ(left(), MergeAnswer::kNotAdjacent);
  EXPECT_EQ(right(), MergeAnswer::kNotAdjacent);
}

TEST_F(MergeAnswers, flags_come_before_file) {
  vmg_.vm_flags ^= kVmMergeable;
  vmg_.file = kFile0;
  EXPECT_EQ(left(), MergeAnswer::kFlags);
  EXPECT_EQ(right(), MergeAnswer::kFlags);
}

TEST_F(MergeAnswers, soft_dirty_is_ignored) {
  vmg_.vm_flags ^= kVmSoftdirty;
  EXPECT_EQ(left(), MergeAnswer::kYes);
}

TEST_F(MergeAnswers, file_comes_before_pgoff) {
  vmg_.file = kFile0;
  ++vmg_.pgoff;
  EXPECT_EQ(left(), MergeAnswer::kFile);
  EXPECT_EQ(right(), MergeAnswer::kFile);
}

TEST_F(MergeAnswers, pgoff) {
  ++vmg_.pgoff;
  EXPECT_EQ(left(), MergeAnswer::kPgoff);
  EXPECT_EQ(right(), MergeAnswer::kPgoff);
}

TEST_F(MergeAnswers, anon_vma_of_a_forked_neighbour) {
  vmg_.prev->anon_vma = 5;
  vmg_.prev->anon_vma_chain = 2;
  EXPECT_EQ(left(), MergeAnswer::kAnonVma);
}

TEST_F(MergeAnswers, neighbours_with_two_anon_vmas) {
  space_.write(0);
  space_.write(8);
  EXPECT_EQ(left(), MergeAnswer::kYes);
  EXPECT_EQ(right(/*with_left=*/true), MergeAnswer::kNeighboursAnonVma);
  EXPECT_EQ(right(/*with_left=*/false), MergeAnswer::kYes);
}

TEST_F(MergeAnswers, special_is_not_even_asked) {
  vmg_.vm_flags |= kVmPfnmap;
  EXPECT_EQ(vma_merge_new_range(space_.mm, vmg_), nullptr);
  EXPECT_EQ(vmg_.left, MergeAnswer::kSpecial);
}

TEST_F(MergeAnswers, just_expand_does_not_ask_the_right) {
  vmg_.just_expand = true;
  EXPECT_NE(vma_merge_new_range(space_.mm, vmg_), nullptr);
  EXPECT_EQ(vmg_.state, MergeState::kSuccess);
  EXPECT_EQ(vmg_.right, MergeAnswer::kNotAsked);
  EXPECT_EQ(space_.ruler(), "AAAAAAAABBBB");
}

TEST_F(MergeAnswers, out_of_memory_changes_nothing) {
  const std::string before = text(space_.snapshot());
  space_.mm.mm_mt.fail_preallocate_after(0);
  EXPECT_EQ(vma_merge_new_range(space_.mm, vmg_), nullptr);
  EXPECT_EQ(vmg_.state, MergeState::kErrorNomem);
  EXPECT_EQ(text(space_.snapshot()), before);
}

// --- the order in which mmap asks its neighbours (measured on 6.1 and 6.12.118) -----------------

TEST(MergeNewRange, asks_next_first_where_mmap_joins_says_so) {
  KernelProfile profile = profile_or_abort("linux-6.1");
  for (const auto joins : {MmapJoins::kAboveFirst, MmapJoins::kBelowFirst}) {
    profile.mmap_joins = joins;
    const bool above_first = joins == MmapJoins::kAboveFirst;
    struct Case {
      bool prev_is_written;
      bool next_is_written;
      std::string_view ruler;
    };
    const Case cases[] = {{false, false, "AAAAAA."},
                          {true, false, "AAAAAA."},
                          {false, true, above_first ? "AABBBB." : "AAAAAA."},
                          {true, true, above_first ? "AABBBB." : "AAAABB."}};
    for (const Case& one : cases) {
      AddressSpace space{profile};
      space.map(0, 2);
      space.map(4, 2);
      if (one.prev_is_written) space.write(0);
      if (one.next_is_written) space.write(4);
      space.map(2, 2);
      EXPECT_EQ(space.ruler(7), one.ruler);
      EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
    }
  }
}

}  // namespace
}  // namespace vmadiff::impl
