// When VM_MERGEABLE is set, profile by profile and class by class.
#include "impl/ksm.h"

#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr const char* kProfiles[] = {"linux-6.12", "patch-v2", "patch-v2-review", "linux-6.18"};
constexpr const char* kPatched[] = {"patch-v2", "patch-v2-review", "linux-6.18"};

bool is_mergeable(const AddressSpace& space, std::uint64_t n) {
  return (space.at(n).vm_flags & kVmMergeable) != 0;
}

/// Two adjacent, contiguous private mappings with KSM on: the page ruler.
std::string two_mappings(const char* profile, FileClass cls) {
  AddressSpace space{profile};
  space.ksm(true);
  const FileId file{cls, 0};
  const std::uint64_t flags = file.is_none() ? kAnonymous : kMapPrivate | kMapNoreserve;
  EXPECT_TRUE(space.map(0, 4, kReadWrite, flags, file, 0).is_ok());
  EXPECT_TRUE(space.map(4, 4, kReadWrite, flags, file, 4).is_ok());
  return space.ruler(8);
}

TEST(KsmTiming, anonymous_memfd_and_files_merge_since_the_patch) {
  for (const FileClass cls : {FileClass::kNone, FileClass::kMemfd, FileClass::kFile}) {
    EXPECT_EQ(two_mappings("linux-6.12", cls), "AAAABBBB") << name(cls);
    for (const char* profile : kPatched) {
      EXPECT_EQ(two_mappings(profile, cls), "AAAAAAAA") << profile << ' ' << name(cls);
    }
  }
}

TEST(KsmTiming, legacy_hook_never_merges) {
  for (const char* profile : kProfiles) {
    EXPECT_EQ(two_mappings(profile, FileClass::kZero), "AAAABBBB") << profile;
  }
}

// Measured on 6.18.44 and 6.19.14.
TEST(KsmTiming, zero_with_a_prepare_hook_merges) {
  for (const auto hook : {ZeroHook::kLegacy, ZeroHook::kPrepare}) {
    AddressSpace space{profile_with<&KernelProfile::zero_hook>(hook)};
    space.ksm(true);
    space.map(0, 2, kReadWrite, kMapPrivate, kZero, 0);
    space.map(2, 2, kReadWrite, kMapPrivate, kZero, 2);
    EXPECT_EQ(space.ruler(5), hook == ZeroHook::kPrepare ? "AAAA." : "AABB.");
    EXPECT_TRUE(is_mergeable(space, 0));
    EXPECT_TRUE(is_mergeable(space, 2));
    // A shared mapping is a shmem object of its own.
    space.map(6, 2, kReadWrite, kMapShared, kZero, 0);
    space.map(8, 2, kReadWrite, kMapShared, kZero, 2);
    EXPECT_NE(&space.at(6), &space.at(8));
    EXPECT_EQ(space.at(6).vm_file.cls, FileClass::kAnonShared);
    EXPECT_FALSE(is_mergeable(space, 6));
  }
}

/// The bug of the patch as posted (syzbot a74a028d848147bc5931): the flag is computed before the
/// hook makes the VMA ineligible.
TEST(KsmTiming, hook_that_makes_the_vma_ineligible) {
  for (const FileClass cls : {FileClass::kPfnmap, FileClass::kHugetlb}) {
    for (const char* profile : kProfiles) {
      AddressSpace space{profile};
      space.ksm(true);
      ASSERT_TRUE(space.map(0, 512, kReadWrite, kMapPrivate | kMapNoreserve, {cls, 0}, 0).is_ok());
      const bool posted = std::string_view{profile}.starts_with("patch");
      EXPECT_EQ(is_mergeable(space, 0), posted) << profile << ' ' << name(cls);
      EXPECT_FALSE(ksm_compatible(space.at(0).vm_flags));
    }
  }
}

TEST(KsmTiming, prepare_hook_decides_before_the_flag_is_computed) {
  for (const char* profile : kProfiles) {
    AddressSpace space{profile};
    space.ksm(true);
    space.map(0, 4, kReadWrite, kMapPrivate, {FileClass::kPreparedPfnmap, 0}, 0);
    // Without `.mmap_prepare` it is a legacy driver, but there the flag comes last of all.
    EXPECT_FALSE(is_mergeable(space, 0)) << profile;
  }
}

/// Measured: before the patch one VMA that is not mergeable, after it two.
TEST(KsmTiming, new_mapping_beside_an_unmergeable_one) {
  for (const char* profile : kProfiles) {
    AddressSpace space{profile};
    space.ksm(true);
    space.map(0, 4);
    space.advise(0, 4, kMadvUnmergeable);
    space.map(4, 4);
    const bool before_the_patch = std::string_view{profile} == "linux-6.12";
    EXPECT_EQ(space.ruler(8), before_the_patch ? "AAAAAAAA" : "AAAABBBB") << profile;
    EXPECT_EQ(is_mergeable(space, 4), !before_the_patch) << profile;
  }
}

/// Measured: three growths of two pages, with KSM on.
TEST(KsmTiming, brk_growths) {
  for (const char* profile : kProfiles) {
    AddressSpace space{profile};
    space.ksm(true);
    const Address start = space.setup.start_brk;
    for (std::uint64_t i = 1; i <= 3; ++i) {
      EXPECT_EQ(sys_brk(space.mm, {start + bytes(2 * i)}).value(), start + bytes(2 * i));
    }
    const bool before_the_patch = std::string_view{profile} == "linux-6.12";
    EXPECT_EQ(space.mm.counters.map_count, 3U + (before_the_patch ? 3U : 1U)) << profile;
    EXPECT_NE(space.mm.vma_lookup(start)->vm_flags & kVmMergeable, 0U) << profile;
  }
}

TEST(KsmPrctl, sets_the_flag_on_eligible_vmas_and_merges_nothing) {
  AddressSpace space;
  space.map(0, 4);
  space.advise(0, 4, kMadvMergeable);
  space.map(4, 4);
  space.map(8, 4, kReadWrite, kMapShared | kMapAnonymous);
  ASSERT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_TRUE(space.ksm(true).is_ok());
  EXPECT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_TRUE(is_mergeable(space, 0));
  EXPECT_TRUE(is_mergeable(space, 4));
  EXPECT_FALSE(is_mergeable(space, 8));
  EXPECT_TRUE(space.ksm(false).is_ok());
  EXPECT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_FALSE(is_mergeable(space, 0));
}

TEST(KsmPrctl, on_again_and_off_again_change_nothing) {
  AddressSpace space;
  space.ksm(true);
  space.map(0, 4);
  space.advise(0, 4, kMadvUnmergeable);
  space.ksm(true);
  EXPECT_FALSE(is_mergeable(space, 0));
  AddressSpace off;
  off.map(0, 4);
  off.advise(0, 4, kMadvMergeable);
  off.ksm(false);
  EXPECT_TRUE(is_mergeable(off, 0));
}

TEST(KsmPrctl, arguments_are_checked_before_the_right_to) {
  AddressSpace space;
  space.setup.may_set_memory_merge = false;
  const auto prctl = [&](std::uint64_t option, std::uint64_t a2, std::uint64_t a3) {
    return sys_prctl(space.mm, {option, a2, a3, 0, 0});
  };
  EXPECT_EQ(prctl(kPrSetMemoryMerge, 1, 1), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(prctl(kPrSetMemoryMerge, 1, 0), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(prctl(kPrGetMemoryMerge, 1, 0), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(prctl(kPrGetMemoryMerge, 0, 0), Outcome::ok(0));
}

TEST(KsmMadvise, part_of_a_vma_and_back) {
  AddressSpace space;
  space.map(0, 12);
  EXPECT_TRUE(space.advise(4, 4, kMadvMergeable).is_ok());
  EXPECT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_TRUE(space.advise(4, 4, kMadvUnmergeable).is_ok());
  EXPECT_EQ(space.ruler(), "AAAAAAAAAAAA");
}

TEST(KsmMadvise, goes_on_past_a_hole_and_answers_enomem) {
  AddressSpace space;
  space.map(0, 4);
  space.map(8, 4);
  EXPECT_EQ(space.advise(0, 12, kMadvMergeable), Outcome::fail(Errno::kENOMEM));
  EXPECT_TRUE(is_mergeable(space, 0));
  EXPECT_TRUE(is_mergeable(space, 8));
}

TEST(KsmMadvise, checks) {
  AddressSpace space;
  const auto madvise = [&](Address addr, Address length, std::int32_t advice) {
    return sys_madvise(space.mm, {addr, length, advice});
  };
  EXPECT_EQ(madvise(kArena + 1, 0, kMadvMergeable), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(madvise(kArena, 0, 999), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(madvise(kArena, 0, kMadvMergeable), Outcome::ok());
  EXPECT_EQ(madvise(kArena, ~Address{0}, kMadvMergeable), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(madvise(~Address{0xfff}, bytes(1), kMadvMergeable), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(madvise(kArena, 1, kMadvMergeable), Outcome::fail(Errno::kENOMEM));
}

}  // namespace
}  // namespace vmadiff::impl
