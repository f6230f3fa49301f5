// mseal: what can be sealed, and what a sealed VMA refuses. Measured on 6.18.44 unless a profile
// says otherwise.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr Outcome kRefused = Outcome::fail(Errno::kEPERM);

Outcome seal(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return sys_mseal(space.mm, {page(first), bytes(pages), 0});
}

TEST(Mseal, splits_and_joins_what_is_sealed_alike) {
  AddressSpace space;
  space.map(0, 6);
  EXPECT_EQ(seal(space, 2, 2), Outcome::ok());
  EXPECT_EQ(space.ruler(7), "AABBCC.");
  EXPECT_EQ(seal(space, 0, 5), Outcome::ok());
  EXPECT_EQ(space.ruler(7), "AAAAAB.");
  EXPECT_EQ(seal(space, 0, 6), Outcome::ok());
  EXPECT_EQ(space.ruler(7), "AAAAAA.");
}

// Measured on 6.18.15 (leaves the rest apart) and 6.18.44.
TEST(Mseal, over_what_is_sealed_may_leave_the_rest_apart) {
  for (const auto over : {MsealOverSealed::kLeavesTheRestApart, MsealOverSealed::kMerges}) {
    const KernelProfile profile = profile_with<&KernelProfile::mseal_over_sealed>(over);
    const bool merges = over == MsealOverSealed::kMerges;
    AddressSpace space{profile};
    space.map(0, 8);
    seal(space, 2, 2);
    EXPECT_EQ(seal(space, 0, 5), Outcome::ok());
    EXPECT_EQ(space.ruler(9), merges ? "AAAAABBB." : "AAAABCCC.");
    EXPECT_EQ(seal(space, 5, 3), Outcome::ok());
    EXPECT_EQ(space.ruler(9), merges ? "AAAAAAAA." : "AAAABBBB.");

    // Neither side is joined.
    AddressSpace both{profile};
    both.map(0, 8);
    seal(both, 2, 2);
    seal(both, 6, 2);
    EXPECT_EQ(seal(both, 0, 8), Outcome::ok());
    EXPECT_EQ(both.ruler(9), merges ? "AAAAAAAA." : "AAAABBCC.");

    // A sealed one that nothing before it became one with is a neighbour as any other.
    AddressSpace first{profile};
    first.map(0, 6);
    seal(first, 0, 2);
    EXPECT_EQ(seal(first, 0, 6), Outcome::ok());
    EXPECT_EQ(first.ruler(7), "AAAAAA.");
  }
}

TEST(Mseal, checks) {
  AddressSpace space;
  space.map(0, 2);
  space.map(3, 1);
  EXPECT_EQ(sys_mseal(space.mm, {page(0), bytes(1), 1}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_mseal(space.mm, {page(0) + 1, bytes(1), 0}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_mseal(space.mm, {page(0), ~Address{0}, 0}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(sys_mseal(space.mm, {page(0), -bytes(1), 0}), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(seal(space, 9, 0), Outcome::ok());
  // A hole anywhere, and nothing is sealed.
  for (const auto& [first, pages] : {std::pair{0, 4}, {2, 2}, {3, 2}}) {
    EXPECT_EQ(seal(space, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(pages)),
              Outcome::fail(Errno::kENOMEM));
  }
  EXPECT_EQ((space.at(0).vm_flags | space.at(3).vm_flags) & kVmSealed, 0U);
}

TEST(Sealed, refuses_to_go_or_to_change) {
  AddressSpace space;
  space.map(0, 6);
  ASSERT_EQ(seal(space, 2, 2), Outcome::ok());
  EXPECT_EQ(space.unmap(2, 1), kRefused);
  EXPECT_EQ(space.map(3, 1), kRefused);
  EXPECT_EQ(space.protect(2, 1, kProtRead), kRefused);
  EXPECT_EQ(space.protect(2, 1, kReadWrite), kRefused);
  EXPECT_EQ(sys_pkey_mprotect(space.mm, {page(2), bytes(1), kProtRead, -1}), kRefused);
  EXPECT_EQ(sys_mremap(space.mm, {page(2), bytes(2), bytes(1), 0, 0}), kRefused);
  EXPECT_EQ(sys_mremap(space.mm, {page(2), bytes(2), bytes(2), 0, 0}), kRefused);
  EXPECT_EQ(
      sys_mremap(space.mm, {page(0), bytes(1), bytes(1), kMremapMaymove | kMremapFixed, page(3)}),
      kRefused);
  EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(4), bytes(1), 0, 0}), kRefused);
  EXPECT_EQ(space.ruler(7), "ABCCDD.");  // cut where the shrinking began
}

TEST(Sealed, what_comes_before_it_is_changed_already) {
  AddressSpace space;
  space.map(0, 4);
  ASSERT_EQ(seal(space, 2, 1), Outcome::ok());
  EXPECT_EQ(space.protect(0, 4, kProtRead), kRefused);
  EXPECT_EQ(space.ruler(5), "AABC.");
  EXPECT_EQ(space.at(0).vm_flags & kVmWrite, 0U);
  EXPECT_NE(space.at(3).vm_flags & kVmWrite, 0U);
  // A seal is found behind a lack of rights.
  EXPECT_EQ(space.protect(2, 2, 0x10), Outcome::fail(Errno::kEINVAL));
}

TEST(Sealed, unmapping_leaves_a_cut_where_the_range_begins) {
  AddressSpace space;
  space.map(0, 4);
  ASSERT_EQ(seal(space, 2, 2), Outcome::ok());
  EXPECT_EQ(space.unmap(1, 2), kRefused);
  EXPECT_EQ(space.ruler(5), "ABCC.");
  EXPECT_EQ(space.unmap(3, 1), kRefused);
  EXPECT_EQ(space.ruler(5), "ABCC.");
}

TEST(Sealed, the_break_stays) {
  AddressSpace space;
  const Address start = space.setup.start_brk;
  ASSERT_EQ(sys_brk(space.mm, {start + bytes(4)}), Outcome::ok(start + bytes(4)));
  ASSERT_EQ(sys_mseal(space.mm, {start, bytes(2), 0}), Outcome::ok());
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(1)}), Outcome::ok(start + bytes(4)));
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(3)}), Outcome::ok(start + bytes(3)));
}

TEST(Sealed, keeps_the_pages_that_only_it_has) {
  for (const auto* profile : {"linux-6.12", "patch-v2", "linux-6.18"}) {
    AddressSpace space{profile};
    space.map(0, 1, kProtRead);
    space.map(2, 1, kReadWrite);
    space.map(4, 1, kProtRead, kMapPrivate, kMemfd);
    space.map(6, 1, kProtRead, kMapShared | kMapAnonymous);
    space.map(8, 1, kProtRead, kMapPrivate, kZero);
    for (const std::uint64_t n : {0U, 2U, 4U, 6U, 8U}) ASSERT_EQ(seal(space, n, 1), Outcome::ok());
    EXPECT_EQ(space.advise(0, 1, kMadvDontneed), kRefused);
    EXPECT_EQ(space.advise(0, 1, kMadvDontfork), kRefused);
    EXPECT_EQ(space.advise(0, 1, kMadvDontdump), Outcome::ok());
    EXPECT_EQ(space.advise(2, 1, kMadvDontneed), Outcome::ok());
    EXPECT_EQ(space.advise(4, 1, kMadvDontneed), Outcome::ok());
    EXPECT_EQ(space.advise(6, 1, kMadvDontneed), Outcome::ok());
    EXPECT_EQ(space.advise(8, 1, kMadvDontneed),
              std::string_view{profile} == "linux-6.18" ? kRefused : Outcome::ok());
  }
}

}  // namespace
}  // namespace vmadiff::impl
