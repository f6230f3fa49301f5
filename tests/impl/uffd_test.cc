// userfaultfd: where a range is registered, and by which offset its parts merge; and the modes of
// memory policies. What differs between 6.1 and 6.12.118, measured on both.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

Outcome watch(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return userfaultfd_register(space.mm, {page(first), bytes(pages), kUffdModeWp});
}
Outcome unwatch(AddressSpace& space, std::uint64_t first, std::uint64_t pages) {
  return userfaultfd_unregister(space.mm, {page(first), bytes(pages)});
}

TEST(Userfaultfd, nothing_is_mapped) {
  for (const auto unmapped : {UffdUnmapped::kNomem, UffdUnmapped::kInval}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_unmapped>(unmapped)};
    const Outcome refused =
        Outcome::fail(unmapped == UffdUnmapped::kNomem ? Errno::kENOMEM : Errno::kEINVAL);
    EXPECT_EQ(watch(space, 0, 1), refused);
    EXPECT_EQ(unwatch(space, 0, 1), refused);
    space.map(1, 1);
    EXPECT_EQ(watch(space, 0, 1), Outcome::fail(Errno::kEINVAL));
    EXPECT_EQ(unwatch(space, 0, 1), Outcome::fail(Errno::kEINVAL));
  }
}

TEST(Userfaultfd, a_part_behind_the_start_joins_by_the_offset_that_uffd_offset_says) {
  for (const auto offset : {UffdOffset::kOfVma, UffdOffset::kOfRange}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_offset>(offset)};
    const bool of_vma = offset == UffdOffset::kOfVma;
    space.map(0, 6);
    EXPECT_EQ(watch(space, 4, 2), Outcome::ok());
    EXPECT_EQ(watch(space, 2, 2), Outcome::ok());
    EXPECT_EQ(space.ruler(7), of_vma ? "AABBCC." : "AABBBB.");
    EXPECT_EQ(watch(space, 0, 2), Outcome::ok());
    EXPECT_EQ(space.ruler(7), of_vma ? "AAAABB." : "AAAAAA.");
    space.unmap(0, 6);
    space.map(0, 6);
    EXPECT_EQ(watch(space, 0, 6), Outcome::ok());
    EXPECT_EQ(unwatch(space, 4, 2), Outcome::ok());
    EXPECT_EQ(unwatch(space, 2, 2), Outcome::ok());
    EXPECT_EQ(space.ruler(7), of_vma ? "AABBCC." : "AABBBB.");
  }
}

TEST(Userfaultfd, may_join_by_chance_and_map_another_part_of_the_file) {
  for (const auto offset : {UffdOffset::kOfVma, UffdOffset::kOfRange}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_offset>(offset)};
    space.map(0, 4, kReadWrite, kMapPrivate, kMemfd, 0);
    space.map(4, 1, kReadWrite, kMapPrivate, kMemfd, 2);
    EXPECT_EQ(watch(space, 4, 1), Outcome::ok());
    EXPECT_EQ(watch(space, 2, 2), Outcome::ok());
    const bool of_vma = offset == UffdOffset::kOfVma;
    EXPECT_EQ(space.ruler(6), of_vma ? "AABBB." : "AABBC.");
    EXPECT_EQ(space.at(2).vm_pgoff, of_vma ? 0U : 2U);
    EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
  }
}

TEST(MemoryPolicy, keeps_the_nodes_asked_for_with_the_flags_of_its_kernel) {
  for (const auto rule : {AskedNodes::kWithAnyFlag, AskedNodes::kWithNodeFlags}) {
    for (const std::uint64_t flag : {kMpolNumaBalancing, kMpolRelativeNodes}) {
      AddressSpace space{profile_with<&KernelProfile::asked_nodes>(rule)};
      space.map(0, 2);
      EXPECT_EQ(sys_mbind(space.mm, {page(0), bytes(1), kMpolBind, flag, 1, 0}), Outcome::ok());
      EXPECT_EQ(sys_mbind(space.mm, {page(1), bytes(1), kMpolBind, flag, 0x8001, 0}),
                Outcome::ok());
      const bool merges = rule == AskedNodes::kWithNodeFlags && flag == kMpolNumaBalancing;
      EXPECT_EQ(space.ruler(2), merges ? "AA" : "AB");
    }
  }
}

TEST(Userfaultfd, begins_where_its_kernel_says) {
  for (const auto floor : {UffdFloor::kLowestPlaced, UffdFloor::kAnywhere}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_floor>(floor)};
    const Address lowest = space.mm.setup->placement_min_addr;
    EXPECT_TRUE(sys_mmap(space.mm, {lowest,
                                    kPageSize,
                                    kProtRead | kProtWrite,
                                    kMapPrivate | kMapAnonymous | kMapFixed,
                                    {},
                                    0})
                    .is_ok());
    const bool may = floor == UffdFloor::kAnywhere;
    const Outcome expected = may ? Outcome::ok() : Outcome::fail(Errno::kEINVAL);
    const Address below = lowest - kPageSize;
    EXPECT_EQ(userfaultfd_register(space.mm, {below, 2 * kPageSize, kUffdModeWp}), expected);
    EXPECT_EQ(userfaultfd_unregister(space.mm, {below, 2 * kPageSize}), expected);
    EXPECT_EQ(userfaultfd_register(space.mm, {lowest, kPageSize, kUffdModeWp}), Outcome::ok());
  }
}

TEST(MemoryPolicy, has_the_modes_of_its_kernel) {
  for (const auto modes : {MempolicyModes::kPlain, MempolicyModes::kWithWeights}) {
    AddressSpace space{profile_with<&KernelProfile::mempolicy_modes>(modes)};
    space.map(0, 1);
    const auto bind = [&space](std::uint16_t mode, std::uint64_t flags) {
      return sys_mbind(space.mm, {page(0), bytes(1), mode, flags, 1, 0});
    };
    const Outcome expected =
        modes == MempolicyModes::kPlain ? Outcome::fail(Errno::kEINVAL) : Outcome::ok();
    EXPECT_EQ(bind(kMpolWeightedInterleave, 0), expected);
    EXPECT_EQ(bind(kMpolPreferredMany, kMpolNumaBalancing), expected);
    EXPECT_EQ(sys_set_mempolicy(space.mm, {kMpolWeightedInterleave, 0, 1}), expected);
    EXPECT_EQ(bind(kMpolPreferredMany, 0), Outcome::ok());
    EXPECT_EQ(bind(kMpolBind, kMpolNumaBalancing), Outcome::ok());
  }
}

}  // namespace
}  // namespace vmadiff::impl
