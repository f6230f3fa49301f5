// setrlimit, and RLIMIT_AS and RLIMIT_DATA in every call that can grow; remap_file_pages; MAP_32BIT
// and MAP_ABOVE4G. Measured on 6.18.44 unless a profile says otherwise.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr Outcome kNoMemory = Outcome::fail(Errno::kENOMEM);
/// Of the program itself, in pages.
constexpr std::uint64_t kTotal = 0x120;
constexpr std::uint64_t kData = 0x10;

Outcome limit(AddressSpace& space, std::uint64_t resource, std::uint64_t value) {
  return sys_setrlimit(space.mm, {resource, value});
}

TEST(Setrlimit, stays_below_the_hard_limits) {
  AddressSpace space;
  constexpr std::uint64_t kHard = std::uint64_t{8} << 20;
  for (const std::uint64_t resource : {kRlimitStack, kRlimitMemlock}) {
    EXPECT_EQ(limit(space, resource, kHard + 1), Outcome::fail(Errno::kEINVAL));
    EXPECT_EQ(limit(space, resource, 0), Outcome::ok());
    EXPECT_EQ(limit(space, resource, kHard), Outcome::ok());
  }
  for (const std::uint64_t resource : {kRlimitAs, kRlimitData}) {
    EXPECT_EQ(limit(space, resource, 0), Outcome::ok());
    EXPECT_EQ(limit(space, resource, kRlimInfinity), Outcome::ok());
  }
}

TEST(Setrlimit, starts_with_the_set_up) {
  spec::Setup setup = spec::Setup::standard();
  setup.limits.as = bytes(kTotal + 2);
  AddressSpace space{kDefaultProfileName, setup};
  EXPECT_EQ(space.map(0, 3), kNoMemory);
  ASSERT_EQ(limit(space, kRlimitAs, kRlimInfinity), Outcome::ok());
  EXPECT_TRUE(space.map(0, 3).is_ok());
  ASSERT_EQ(space.mm.start(space.setup), std::nullopt);
  EXPECT_EQ(space.map(0, 3), kNoMemory);
}

TEST(RlimitAs, counts_what_is_added) {
  AddressSpace space;
  ASSERT_EQ(limit(space, kRlimitAs, bytes(kTotal + 4) + 1), Outcome::ok());
  EXPECT_TRUE(space.map(0, 3).is_ok());
  EXPECT_EQ(space.map(4, 2), kNoMemory);
  EXPECT_TRUE(space.map(1, 3).is_ok());
  EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(4), bytes(5), 0, 0}), kNoMemory);
  EXPECT_EQ(sys_brk(space.mm, {space.setup.start_brk + 1}), Outcome::ok(space.setup.start_brk));
  EXPECT_EQ(sys_mremap(space.mm, {page(0), bytes(1), bytes(1),
                                  kMremapMaymove | kMremapFixed | kMremapDontunmap, page(8)}),
            kNoMemory);
  EXPECT_EQ(
      sys_mremap(space.mm, {page(0), bytes(1), bytes(1), kMremapMaymove | kMremapFixed, page(8)}),
      Outcome::ok(page(8)));
}

TEST(RlimitData, counts_private_writable_memory) {
  AddressSpace space;
  ASSERT_EQ(limit(space, kRlimitData, bytes(kData + 2)), Outcome::ok());
  EXPECT_TRUE(space.map(0, 2).is_ok());
  EXPECT_EQ(space.map(4, 1), kNoMemory);
  EXPECT_TRUE(space.map(4, 2, kProtRead).is_ok());
  EXPECT_TRUE(space.map(6, 2, kReadWrite, kMapShared, kMemfd).is_ok());
  EXPECT_EQ(space.protect(4, 1, kReadWrite), kNoMemory);
  // Memory that is data already may stay data.
  ASSERT_EQ(limit(space, kRlimitData, 1), Outcome::ok());
  EXPECT_EQ(space.protect(0, 2, kReadWrite | kProtExec), Outcome::ok());
  // 0 is no limit at all.
  ASSERT_EQ(limit(space, kRlimitData, 0), Outcome::ok());
  EXPECT_EQ(space.protect(4, 1, kReadWrite), Outcome::ok());
}

TEST(RlimitData, stops_the_break_to_the_byte_and_from_shrinking_too) {
  AddressSpace space;
  const Address start = space.setup.start_brk;
  const auto brk = [&](Address addr) { return sys_brk(space.mm, {addr}); };
  ASSERT_EQ(brk(start + bytes(16)), Outcome::ok(start + bytes(16)));
  ASSERT_EQ(sys_mprotect(space.mm, {start, bytes(16), kProtRead}), Outcome::ok());
  ASSERT_EQ(limit(space, kRlimitData, bytes(kData + 16) + 0x800), Outcome::ok());
  EXPECT_EQ(brk(start + bytes(16) + 0x800), Outcome::ok(start + bytes(16) + 0x800));
  EXPECT_EQ(brk(start + bytes(16) + 0x801), Outcome::ok(start + bytes(16) + 0x800));
  ASSERT_EQ(limit(space, kRlimitData, bytes(kData + 8)), Outcome::ok());
  EXPECT_EQ(brk(start + bytes(9)), Outcome::ok(start + bytes(16) + 0x800));
  EXPECT_EQ(brk(start + bytes(8)), Outcome::ok(start + bytes(8)));
}

// --- remap_file_pages ----------------------------------------------------------------------------

Outcome remap_pages(AddressSpace& space, std::uint64_t first, std::uint64_t pages,
                    std::uint64_t pgoff) {
  return sys_remap_file_pages(space.mm, {page(first), bytes(pages), 0, pgoff, 0});
}

TEST(RemapFilePages, maps_another_part_and_merges_it) {
  AddressSpace space;
  space.map(0, 4, kReadWrite, kMapShared | kMapNoreserve, kMemfd);
  EXPECT_EQ(remap_pages(space, 1, 2, 8), Outcome::ok());
  EXPECT_EQ(space.ruler(5), "ABBC.");
  EXPECT_EQ(space.at(1).vm_pgoff, 8U);
  EXPECT_EQ(space.at(1).vm_flags & kVmNoreserve, 0U);
  space.map(8, 2, kReadWrite, kMapShared, kMemfd);
  EXPECT_EQ(remap_pages(space, 8, 1, 4), Outcome::ok());
  EXPECT_EQ(space.ruler(11), "ABBC....DE.");
  EXPECT_EQ(remap_pages(space, 8, 1, 0), Outcome::ok());
  EXPECT_EQ(space.ruler(11), "ABBC....DD.");
}

TEST(RemapFilePages, works_on_shared_anonymous_memory) {
  AddressSpace space;
  space.map(0, 2, kReadWrite | kProtExec, kMapShared | kMapAnonymous);
  EXPECT_EQ(remap_pages(space, 0, 1, 1), Outcome::ok());
  EXPECT_EQ(space.ruler(3), "AB.");
  EXPECT_EQ(remap_pages(space, 0, 1, std::uint64_t{1} << 51), Outcome::fail(Errno::kEOVERFLOW));
}

TEST(RemapFilePages, checks) {
  AddressSpace space;
  const auto refused = Outcome::fail(Errno::kEINVAL);
  space.map(0, 2);
  space.map(2, 2, kProtRead, kMapShared, {FileClass::kFileReadOnly, 0});
  space.map(4, 2, kReadWrite, kMapShared, kMemfd);
  space.map(6, 1, kProtRead, kMapShared, kMemfd);
  EXPECT_EQ(remap_pages(space, 0, 1, 0), refused);
  EXPECT_EQ(remap_pages(space, 2, 1, 0), refused);
  EXPECT_EQ(remap_pages(space, 9, 1, 0), refused);
  EXPECT_EQ(remap_pages(space, 4, 0, 0), refused);
  EXPECT_EQ(remap_pages(space, 4, 3, 0), refused);
  EXPECT_EQ(remap_pages(space, 4, 1, ~std::uint64_t{0}), refused);
  EXPECT_EQ(sys_remap_file_pages(space.mm, {page(4), bytes(1), kProtRead, 0, 0}), refused);
  // Address and size are rounded down.
  EXPECT_EQ(sys_remap_file_pages(space.mm, {page(4) + 5, bytes(2) - 1, 0, 3, 0}), Outcome::ok());
  EXPECT_EQ(space.ruler(8), "AABBCDE.");
}

// --- placement
// -------------------------------------------------------------------------------------

TEST(Placement, map_32bit_looks_upwards_in_the_second_gigabyte) {
  AddressSpace space;
  const auto map = [&](Address hint, Address length) {
    return sys_mmap(space.mm, {hint, length, 3, kAnonymous | kMap32Bit, {}, 0});
  };
  EXPECT_EQ(map(0, bytes(2)), Outcome::ok(0x40000000));
  EXPECT_EQ(map(0, bytes(1)), Outcome::ok(0x40002000));
  EXPECT_EQ(map(0x50000000, bytes(1)), Outcome::ok(0x50000000));
  EXPECT_EQ(map(0x80000000, bytes(1)), Outcome::ok(0x40003000));
  EXPECT_EQ(map(0, 0x40000000), kNoMemory);
}

TEST(Placement, map_above4g_bounds_the_search_but_no_hint) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x100002000;
  AddressSpace space{kDefaultProfileName, setup};
  const auto map = [&](Address hint, Address length) {
    return sys_mmap(space.mm, {hint, length, 3, kAnonymous | kMapAbove4G, {}, 0});
  };
  EXPECT_EQ(map(0, bytes(2)), Outcome::ok(0x100000000));
  EXPECT_EQ(map(0x50000000, bytes(1)), Outcome::ok(0x50000000));
  EXPECT_EQ(map(0, bytes(1)), Outcome::ok(page_up(setup.task_size / 3)));
}

TEST(Placement, hugetlb_before_6_13_rounds_a_hint_down_and_knows_no_flags) {
  AddressSpace space{"linux-6.12"};
  const auto map = [&](Address hint, std::uint64_t flags) {
    return sys_mmap(space.mm,
                    {hint, kHugePageSize, 3, kMapPrivate | kMapNoreserve | flags, kHuge, 0});
  };
  EXPECT_EQ(map(kArena + 1, 0), Outcome::ok(kArena));
  EXPECT_EQ(map(0x20000, 0), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(map(0, kMap32Bit), Outcome::ok(0x7ffff7c00000));
}

}  // namespace
}  // namespace vmadiff::impl
