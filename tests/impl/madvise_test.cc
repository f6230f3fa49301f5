// madvise: which mapping takes which advice, and what stays of it. All measured on 6.18.44 but what
// is said of drivers, which no real kernel here has.
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Each advice on one mapping of 512 pages at page 0, all of it, by the errno that it gives.
struct Advised {
  std::string_view what;
  std::uint64_t flags;
  FileId file;
  std::vector<std::int32_t> refused;  ///< EINVAL
  std::vector<std::int32_t> denied;   ///< another errno, `other`
  Errno other = Errno::kEACCES;
};
constexpr std::int32_t kAllAdvice[] = {
    kMadvNormal,        kMadvRandom,         kMadvSequential, kMadvWillneed, kMadvDontneed,
    kMadvFree,          kMadvRemove,         kMadvDontfork,   kMadvDofork,   kMadvMergeable,
    kMadvUnmergeable,   kMadvHugepage,       kMadvNohugepage, kMadvDontdump, kMadvDodump,
    kMadvWipeonfork,    kMadvKeeponfork,     kMadvCold,       kMadvPageout,  kMadvPopulateRead,
    kMadvPopulateWrite, kMadvDontneedLocked, kMadvCollapse};

const Advised kAdvised[] = {
    {"anonymous", kPrivateAnonymous, {}, {kMadvRemove, kMadvCollapse}, {}},
    {"locked",
     kPrivateAnonymous | kMapLocked,
     {},
     {kMadvDontneed, kMadvFree, kMadvRemove, kMadvCold, kMadvPageout, kMadvCollapse},
     {}},
    {"droppable",
     kMapDroppable | kMapAnonymous,
     {},
     {kMadvRemove, kMadvKeeponfork, kMadvDodump, kMadvCollapse},
     {}},
    {"shared anonymous",
     kMapShared | kMapAnonymous,
     {},
     {kMadvFree, kMadvWipeonfork, kMadvCollapse},
     {}},
    {"private zero", kMapPrivate, kZero, {kMadvWipeonfork, kMadvCollapse}, {kMadvRemove}},
    {"private pfnmap",
     kMapPrivate,
     kPfnmap,
     {kMadvDontneed, kMadvFree, kMadvDofork, kMadvDodump, kMadvWipeonfork, kMadvCold, kMadvPageout,
      kMadvPopulateRead, kMadvPopulateWrite, kMadvDontneedLocked, kMadvCollapse},
     {kMadvRemove}},
    {"shared pfnmap",
     kMapShared,
     kPfnmap,
     {kMadvDontneed, kMadvFree, kMadvDofork, kMadvDodump, kMadvWipeonfork, kMadvCold, kMadvPageout,
      kMadvPopulateRead, kMadvPopulateWrite, kMadvDontneedLocked, kMadvCollapse},
     {kMadvRemove},
     Errno::kENODEV},
    {"private memfd",
     kMapPrivate,
     kMemfd,
     {kMadvFree, kMadvWipeonfork, kMadvCollapse},
     {kMadvRemove}},
    {"hugetlb",
     kMapShared | kMapNoreserve,
     kHuge,
     {kMadvFree, kMadvWipeonfork, kMadvCold, kMadvPageout, kMadvCollapse},
     {kMadvPopulateRead, kMadvPopulateWrite},
     Errno::kEFAULT},
};

bool contains(const std::vector<std::int32_t>& list, std::int32_t advice) {
  return std::ranges::find(list, advice) != list.end();
}

TEST(Madvise, each_kind_of_mapping_takes_its_advice) {
  for (const Advised& mapping : kAdvised) {
    for (const std::int32_t advice : kAllAdvice) {
      AddressSpace space;
      ASSERT_TRUE(space.map(0, 512, kReadWrite, mapping.flags, mapping.file).is_ok());
      // A file ends before the mapping does.
      const bool is_memfd = mapping.file == kMemfd;
      const Outcome expected = contains(mapping.refused, advice)  ? Outcome::fail(Errno::kEINVAL)
                               : contains(mapping.denied, advice) ? Outcome::fail(mapping.other)
                                                                  : Outcome::ok();
      EXPECT_EQ(space.advise(0, is_memfd ? 64 : 512, advice), expected)
          << mapping.what << ", advice " << advice;
    }
  }
}

TEST(Madvise, sets_and_clears_flags) {
  AddressSpace space;
  space.map(0, 4);
  const VmFlags before = space.at(0).vm_flags;
  const std::pair<std::int32_t, VmFlags> steps[] = {{kMadvRandom, kVmRandRead},
                                                    {kMadvSequential, kVmSeqRead},
                                                    {kMadvNormal, 0},
                                                    {kMadvDontfork, kVmDontcopy},
                                                    {kMadvDofork, 0},
                                                    {kMadvWipeonfork, kVmWipeonfork},
                                                    {kMadvKeeponfork, 0},
                                                    {kMadvDontdump, kVmDontdump},
                                                    {kMadvDodump, 0},
                                                    {kMadvHugepage, kVmHugepage},
                                                    {kMadvNohugepage, kVmNohugepage}};
  for (const auto& [advice, flag] : steps) {
    EXPECT_EQ(space.advise(0, 4, advice), Outcome::ok());
    EXPECT_EQ(space.at(0).vm_flags, before | flag) << advice;
  }
}

TEST(Madvise, cuts_out_and_joins_again) {
  AddressSpace space;
  space.map(0, 9);
  space.advise(3, 3, kMadvDontfork);
  EXPECT_EQ(space.ruler(), "AAABBBCCC...");
  space.advise(3, 3, kMadvDofork);
  EXPECT_EQ(space.ruler(), "AAAAAAAAA...");
}

TEST(Madvise, goes_on_behind_a_hole_but_not_behind_an_error) {
  AddressSpace space;
  space.map(0, 2);
  space.map(3, 2, kReadWrite, kMapShared | kMapAnonymous);
  space.map(5, 2);
  EXPECT_EQ(space.advise(0, 12, kMadvDontfork), Outcome::fail(Errno::kENOMEM));
  EXPECT_NE(space.at(5).vm_flags & kVmDontcopy, 0U);
  EXPECT_EQ(space.advise(0, 7, kMadvWipeonfork), Outcome::fail(Errno::kEINVAL));
  EXPECT_NE(space.at(0).vm_flags & kVmWipeonfork, 0U);
  EXPECT_EQ(space.at(5).vm_flags & kVmWipeonfork, 0U);
  EXPECT_EQ(space.advise(8, 1, kMadvWipeonfork), Outcome::fail(Errno::kENOMEM));
}

// hugetlb is VM_DONTEXPAND. Measured on 6.19.14 and 7.0.13, but for the driver.
TEST(Madvise, dofork_of_what_is_special) {
  for (const auto refused : {DoforkRefused::kIo, DoforkRefused::kSpecial}) {
    AddressSpace space{profile_with<&KernelProfile::dofork_refused>(refused)};
    space.map(0, 512, kReadWrite, kMapShared | kMapNoreserve, kHuge);
    space.map(512, 1, kReadWrite, kMapShared, kPfnmap);
    space.map(513, 1);
    const bool is_special = refused == DoforkRefused::kSpecial;
    for (const std::uint64_t n : {0U, 512U, 513U}) {
      EXPECT_EQ(space.advise(n, n == 0 ? 512 : 1, kMadvDontfork), Outcome::ok());
    }
    EXPECT_EQ(space.advise(0, 512, kMadvDofork),
              is_special ? Outcome::fail(Errno::kEINVAL) : Outcome::ok());
    EXPECT_EQ(space.at(0).vm_flags & kVmDontcopy, is_special ? kVmDontcopy : 0U);
    EXPECT_EQ(space.advise(512, 1, kMadvDofork), Outcome::fail(Errno::kEINVAL));
    EXPECT_EQ(space.advise(513, 1, kMadvDofork), Outcome::ok());
  }
}

// Huge pages are disabled for the process. Measured on 6.18.44, 7.2.13 and 7.3.4.
TEST(Madvise, collapse_is_refused_though_there_is_nothing_to_do) {
  AddressSpace space;
  space.map(0, 1024);
  space.map(2048, 2);
  space.write(0, 1024);
  EXPECT_EQ(space.advise(1, 1, kMadvCollapse), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(1, 512, kMadvCollapse), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(0, 512, kMadvCollapse), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(2048, 1, kMadvCollapse), Outcome::fail(Errno::kEINVAL));
}

TEST(Madvise, a_hugetlb_vma_is_cut_at_huge_pages_only) {
  AddressSpace space;
  space.map(0, 512, kReadWrite, kMapShared | kMapNoreserve, kHuge);
  EXPECT_EQ(space.advise(0, 3, kMadvDontfork), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(0, 3, kMadvDontneed), Outcome::ok());
  EXPECT_EQ(space.advise(1, 3, kMadvDontneed), Outcome::fail(Errno::kEINVAL));
}

TEST(Madvise, a_vma_too_many_is_eagain) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = 4;
  AddressSpace space(kDefaultProfileName, setup);
  space.map(0, 4);
  EXPECT_EQ(space.advise(1, 1, kMadvDontfork), Outcome::fail(Errno::kEAGAIN));
}

TEST(MadviseRemove, needs_room_for_a_hole_in_the_file) {
  AddressSpace space;
  space.map(0, 1, kProtRead, kMapShared, kReadOnly);
  EXPECT_EQ(space.advise(0, 1, kMadvRemove), Outcome::fail(Errno::kEACCES));
  space.map(0, 1, kProtRead, kMapShared, kRegular);
  EXPECT_EQ(space.advise(0, 1, kMadvRemove), Outcome::ok());
  space.map(0, 2, kProtRead, kMapShared, kRegular, 0xfffffffe);
  EXPECT_EQ(space.advise(0, 1, kMadvRemove), Outcome::ok());
  EXPECT_EQ(space.advise(0, 2, kMadvRemove), Outcome::fail(Errno::kEFBIG));
  space.map(0, 3, kProtRead, kMapShared, kZero, 0x7fffffffffffe);
  EXPECT_EQ(space.advise(0, 1, kMadvRemove), Outcome::ok());
  EXPECT_EQ(space.advise(1, 1, kMadvRemove), Outcome::fail(Errno::kEFBIG));
  EXPECT_EQ(space.advise(2, 1, kMadvRemove), Outcome::fail(Errno::kEINVAL));
}

TEST(MadvisePopulate, asks_each_vma_in_order) {
  AddressSpace space;
  space.map(0, 1);
  space.map(1, 1, kProtRead);
  space.map(2, 1, kProtWrite);
  EXPECT_EQ(space.advise(0, 2, kMadvPopulateRead), Outcome::ok());
  EXPECT_EQ(space.advise(0, 3, kMadvPopulateRead), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.advise(0, 2, kMadvPopulateWrite), Outcome::fail(Errno::kEINVAL));
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.advise(2, 2, kMadvPopulateWrite), Outcome::fail(Errno::kENOMEM));
  EXPECT_NE(space.at(2).anon_vma, kNoAnonVma);
  space.map(4, 2, kReadWrite, kMapPrivate, kMemfd, kFileSizePages - 1);
  EXPECT_EQ(space.advise(4, 2, kMadvPopulateRead), Outcome::fail(Errno::kEFAULT));
}

// Measured on 6.12.118, 6.16.12 (drops it) and 6.17.13.
TEST(Madvise, unmergeable_may_drop_the_seal_of_what_was_mergeable) {
  for (const auto flags : {UnmergeableFlags::kDropsHigh, UnmergeableFlags::kKeepsOthers}) {
    AddressSpace space{profile_with<&KernelProfile::unmergeable_flags>(flags)};
    space.map(0, 2);
    space.advise(0, 1, kMadvMergeable);
    ASSERT_EQ(sys_mseal(space.mm, {page(0), bytes(2), 0}), Outcome::ok());
    const VmFlags before = space.at(1).vm_flags;
    EXPECT_EQ(space.advise(0, 2, kMadvUnmergeable), Outcome::ok());
    EXPECT_EQ(space.at(1).vm_flags, before);
    const bool drops = flags == UnmergeableFlags::kDropsHigh;
    EXPECT_EQ(space.at(0).vm_flags, drops ? before & ~kVmSealed : before);
    EXPECT_EQ(space.ruler(3), drops ? "AB." : "AA.");
  }
}

TEST(MadvisePopulate, may_go_on_behind_a_hole) {
  for (const auto holes : {PopulateHoles::kPassedOver, PopulateHoles::kEnd}) {
    AddressSpace space{profile_with<&KernelProfile::populate_holes>(holes)};
    space.map(1, 1);
    space.map(3, 1);
    space.map(5, 1, kProtRead);
    const bool passes = holes == PopulateHoles::kPassedOver;
    EXPECT_EQ(space.advise(0, 4, kMadvPopulateWrite), Outcome::fail(Errno::kENOMEM));
    EXPECT_EQ(space.at(1).anon_vma != kNoAnonVma, passes);
    EXPECT_EQ(space.at(3).anon_vma != kNoAnonVma, passes);
    EXPECT_EQ(space.advise(3, 4, kMadvPopulateWrite),
              Outcome::fail(passes ? Errno::kEINVAL : Errno::kENOMEM));
    EXPECT_EQ(space.advise(7, 1, kMadvPopulateRead), Outcome::fail(Errno::kENOMEM));
    EXPECT_EQ(space.advise(1, 1, kMadvPopulateRead), Outcome::ok());
  }
}

}  // namespace
}  // namespace vmadiff::impl
