// Guard regions: markers in page tables, and VM_MAYBE_GUARD, which sticks. Measured on 6.18.44.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/pte_marker.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr Outcome kSegv = Outcome::fail(Errno::kSIGSEGV);

TEST(GuardMarkers, first_looks_no_further_than_its_range) {
  GuardMarkers markers;
  ASSERT_TRUE(markers.install(page(3), page(6)));
  EXPECT_EQ(markers.first(page(0), page(3)), page(3));
  EXPECT_EQ(markers.first(page(0), page(9)), page(3));
  EXPECT_EQ(markers.first(page(5), page(9)), page(5));
  EXPECT_EQ(markers.first(page(6), page(9)), page(9));
}

TEST(GuardMarkers, zap_takes_away_only_its_range) {
  GuardMarkers markers;
  ASSERT_TRUE(markers.install(page(0), page(9)));
  markers.zap(page(3), page(6));
  EXPECT_EQ(markers.first(page(2), page(9)), page(2));
  EXPECT_EQ(markers.first(page(3), page(9)), page(6));
  markers.clear();
  EXPECT_EQ(markers.first(page(0), page(9)), page(9));
}

TEST(GuardMarkers, move_takes_what_lies_in_its_range) {
  GuardMarkers markers;
  ASSERT_TRUE(markers.install(page(0), page(2)));
  ASSERT_TRUE(markers.install(page(3), page(9)));
  markers.move(page(1), page(20), bytes(4));
  EXPECT_EQ(markers.first(page(0), page(9)), page(0));
  EXPECT_EQ(markers.first(page(1), page(9)), page(5));
  EXPECT_EQ(markers.first(page(10), page(40)), page(20));
  EXPECT_EQ(markers.first(page(21), page(40)), page(22));
  EXPECT_EQ(markers.first(page(24), page(40)), page(40));
}

TEST(GuardInstall, marks_the_vma_and_makes_its_pages_fault) {
  AddressSpace space;
  space.map(0, 4);
  EXPECT_EQ(space.advise(1, 2, kMadvGuardInstall), Outcome::ok());
  EXPECT_EQ(space.ruler(4), "AAAA");
  EXPECT_NE(space.at(0).vm_flags & kVmMaybeGuard, 0U);
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.write(0), Outcome::ok());
  EXPECT_EQ(space.read(1), kSegv);
  EXPECT_EQ(space.advise(2, 1, kMadvGuardRemove), Outcome::ok());
  EXPECT_EQ(space.write(2, 2), Outcome::ok());
  space.unmap(0, 4);
  space.map(0, 4);
  EXPECT_EQ(space.read(0, 4), Outcome::ok());
  EXPECT_EQ(space.at(0).vm_flags & kVmMaybeGuard, 0U);
}

TEST(GuardInstall, its_flag_sticks_to_every_merge) {
  AddressSpace space;
  const auto is_marked = [&](std::uint64_t n) {
    return (space.at(n).vm_flags & kVmMaybeGuard) != 0;
  };
  space.map(0, 3);
  space.protect(1, 1, kProtRead);
  space.advise(1, 1, kMadvGuardInstall);
  EXPECT_FALSE(is_marked(0));
  EXPECT_TRUE(is_marked(1));
  space.protect(1, 1, kReadWrite);  // all three become one
  EXPECT_EQ(space.ruler(4), "AAA.");
  EXPECT_TRUE(is_marked(0));
  space.map(8, 1);
  space.map(10, 1);
  space.advise(10, 1, kMadvGuardInstall);
  space.map(9, 1);  // a new one between two
  EXPECT_EQ(space.ruler(12), "AAA.....BBB.");
  EXPECT_TRUE(is_marked(8));
}

TEST(GuardInstall, who_takes_it) {
  AddressSpace space;
  space.map(0, 1, kReadWrite, kMapShared, kMemfd);
  EXPECT_EQ(space.advise(0, 1, kMadvGuardInstall), Outcome::ok());
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  space.map(2, 1, kReadWrite, kMapPrivate | kMapAnonymous | kMapLocked);
  EXPECT_EQ(space.advise(2, 1, kMadvGuardInstall), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(2, 1, kMadvGuardRemove), Outcome::ok());
  space.map(512, 512, kReadWrite, kMapPrivate | kMapNoreserve, {FileClass::kHugetlb, 0});
  EXPECT_EQ(space.advise(512, 512, kMadvGuardInstall), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(space.advise(512, 512, kMadvGuardRemove), Outcome::fail(Errno::kEINVAL));
}

TEST(GuardInstall, by_anon_vma_before_the_flag_and_unknown_before_that) {
  AddressSpace before("patch-v2");
  before.map(0, 1, kReadWrite, kMapShared, kMemfd);
  EXPECT_EQ(before.advise(0, 1, kMadvGuardInstall), Outcome::ok());
  EXPECT_NE(before.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(before.at(0).vm_flags & kVmMaybeGuard, 0U);
  AddressSpace old("linux-6.12");
  old.map(0, 1);
  EXPECT_EQ(old.advise(0, 1, kMadvGuardInstall), Outcome::fail(Errno::kEINVAL));
}

TEST(GuardInstall, ends_population_at_its_page) {
  AddressSpace space;
  space.map(0, 3, kReadWrite, kMapPrivate, kMemfd);
  space.advise(0, 1, kMadvGuardInstall);
  EXPECT_EQ(space.advise(0, 3, kMadvPopulateWrite), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  space.advise(0, 1, kMadvGuardRemove);
  space.advise(2, 1, kMadvGuardInstall);
  EXPECT_EQ(space.advise(0, 3, kMadvPopulateWrite), Outcome::fail(Errno::kEFAULT));
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
}

}  // namespace
}  // namespace vmadiff::impl
