// MAP_GROWSDOWN: growth on touch and what refuses it, and the guard gap in placement. All measured
// on 6.18.44.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/unmapped_area.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint64_t kStack = kAnonymous | kMapGrowsdown;
constexpr std::uint64_t kGap = 256;    // pages
constexpr std::uint64_t kHigh = 1500;  // a stack begins here, far above the rest

void map_stack(AddressSpace& space, std::uint64_t first, std::uint64_t pages = 2,
               std::uint64_t flags = kStack) {
  ASSERT_TRUE(space.map(first, pages, kReadWrite, flags).is_ok());
}
bool is_mapped(const AddressSpace& space, std::uint64_t n) {
  return space.mm.vma_lookup(page(n)) != nullptr;
}

TEST(Growsdown, is_for_private_anonymous_memory) {
  AddressSpace space;
  EXPECT_EQ(space.map(0, 1, kReadWrite, kMapPrivate | kMapGrowsdown, kMemfd),
            Outcome::fail(Errno::kEINVAL));
  for (const std::uint64_t type : {kMapShared, kMapDroppable}) {
    EXPECT_EQ(space.map(0, 1, kReadWrite, type | kMapAnonymous | kMapGrowsdown),
              Outcome::fail(Errno::kEINVAL));
  }
}

TEST(Growth, reaches_down_to_the_touched_page) {
  AddressSpace space;
  map_stack(space, kHigh);
  EXPECT_EQ(space.read(kHigh - 300), Outcome::ok());
  const Snapshot after = space.snapshot();
  EXPECT_EQ(space.at(kHigh).vm_start, page(kHigh - 300));
  EXPECT_EQ(space.at(kHigh).vm_pgoff, page(kHigh - 300) >> kPageShift);
  EXPECT_NE(space.at(kHigh).anon_vma, kNoAnonVma);  // though it was a read
  EXPECT_EQ(after.counters.stack_vm, 302U);
  EXPECT_EQ(after.counters.data_vm, 0x10U);
}

TEST(Growth, comes_before_the_question_whether_the_access_is_allowed) {
  AddressSpace space;
  map_stack(space, kHigh);
  space.protect(kHigh, 2, kProtNone);
  EXPECT_EQ(space.write(kHigh - 1), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_TRUE(is_mapped(space, kHigh - 1));
}

TEST(Growth, keeps_its_distance_from_what_can_be_accessed) {
  AddressSpace space;
  map_stack(space, kHigh);
  space.map(0, 1);
  EXPECT_EQ(space.write(kGap), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_TRUE(space.at(kHigh).vm_start == page(kHigh));
  EXPECT_EQ(space.write(kGap + 1), Outcome::ok());
  space.protect(0, 1, kProtNone);
  EXPECT_EQ(space.write(1), Outcome::ok());
  EXPECT_EQ(space.at(kHigh).vm_start, page(1));
}

TEST(Growth, meets_another_stack_without_merging) {
  AddressSpace space;
  map_stack(space, 0);
  map_stack(space, 6);
  space.write(2, 4);
  EXPECT_EQ(space.ruler(), "AABBBBBB....");
}

TEST(Growth, is_limited) {
  AddressSpace space;
  map_stack(space, kHigh, 2);
  space.mm.limits.stack = bytes(4) - 1;
  EXPECT_EQ(space.write(kHigh - 2), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_NE(space.at(kHigh).anon_vma, kNoAnonVma);  // is made before the limits are asked
  EXPECT_EQ(space.write(kHigh - 1), Outcome::ok());
  space.mm.limits.stack = bytes(1000);
  space.mm.limits.as = bytes(space.snapshot().counters.total_vm);
  EXPECT_EQ(space.write(kHigh - 2), Outcome::fail(Errno::kSIGSEGV));
  space.mm.limits.as = ~0ULL;
  ASSERT_TRUE(sys_mlock(space.mm, {page(kHigh), bytes(1)}).is_ok());
  ASSERT_TRUE(sys_mlock(space.mm, {page(kHigh - 1), bytes(1)}).is_ok());
  space.mm.limits.memlock = bytes(2);
  EXPECT_EQ(space.write(kHigh - 2), Outcome::fail(Errno::kSIGSEGV));
  space.mm.limits.memlock = bytes(3);
  EXPECT_EQ(space.write(kHigh - 2), Outcome::ok());
  EXPECT_EQ(space.snapshot().counters.locked_vm, 3U);
}

TEST(Growth, without_memory_changes_nothing) {
  AddressSpace space;
  map_stack(space, kHigh);
  const std::string before = text(space.snapshot());
  space.mm.mm_mt.fail_preallocate_after(0);
  EXPECT_EQ(space.write(kHigh - 1), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(text(space.snapshot()), before);
}

TEST(ProtGrowsdown, begins_where_the_stack_does) {
  AddressSpace space;
  map_stack(space, 0, 6);
  EXPECT_EQ(space.protect(3, 1, kProtRead | kProtGrowsdown), Outcome::ok());
  EXPECT_EQ(space.ruler(), "AAAABB......");
  EXPECT_EQ(space.protect(3, 1, kProtRead | kProtGrowsup), Outcome::fail(Errno::kEINVAL));
  space.map(8, 2);
  EXPECT_EQ(space.protect(8, 1, kProtRead | kProtGrowsdown), Outcome::fail(Errno::kEINVAL));
}

TEST(GuardGap, is_kept_free_by_placement) {
  AddressSpace space;
  const Address top = space.setup.mmap_base;
  const auto place = [&](Address hint, std::uint64_t pages, std::uint64_t flags = kAnonymous) {
    return sys_mmap(space.mm, {hint, bytes(pages), kReadWrite, flags, {}, 0});
  };
  const Address stack = top - bytes(2);
  EXPECT_EQ(place(0, 2, kStack), Outcome::ok(stack));
  EXPECT_EQ(place(0, 3), Outcome::ok(stack - bytes(kGap + 3)));
  EXPECT_EQ(place(stack - bytes(1), 1), Outcome::ok(stack - bytes(kGap + 4)));
  const Address hint = stack - bytes(kGap + 1);
  EXPECT_TRUE(sys_munmap(space.mm, {hint, bytes(1)}).is_ok());
  EXPECT_EQ(place(hint, 1), Outcome::ok(hint));
  EXPECT_EQ(
      sys_mmap(space.mm, {stack - bytes(1), bytes(1), kReadWrite, kAnonymous | kMapFixed, {}, 0}),
      Outcome::ok(stack - bytes(1)));
}

TEST(GuardGap, is_kept_free_bottom_up) {
  AddressSpace space;
  const Address low = 0x40000000;  // MAP_32BIT searches from here upwards
  const auto fixed = [&](Address addr, std::uint64_t flags) {
    return sys_mmap(space.mm, {addr, bytes(1), kReadWrite, flags | kMapFixed, {}, 0});
  };
  fixed(low + bytes(kGap), kStack);
  const auto place = [&](std::uint64_t pages) {
    return sys_mmap(space.mm, {0, bytes(pages), kReadWrite, kAnonymous | kMap32Bit, {}, 0});
  };
  EXPECT_EQ(place(1), Outcome::ok(low + bytes(kGap + 1)));
}

TEST(GuardGap, stops_the_break) {
  AddressSpace space;
  const Address start = space.setup.start_brk;
  ASSERT_TRUE(
      sys_mmap(space.mm, {start + bytes(kGap + 4), bytes(1), kReadWrite, kStack | kMapFixed, {}, 0})
          .is_ok());
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(4)}), Outcome::ok(start));
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(3)}), Outcome::ok(start + bytes(3)));
}

TEST(GuardGap, is_as_wide_as_the_machine_says) {
  spec::Setup setup = spec::Setup::standard();
  setup.stack_guard_gap = 1;
  AddressSpace space(kDefaultProfileName, setup);
  map_stack(space, 5);
  EXPECT_EQ(vm_start_gap(space.mm, space.at(5)), page(4));
  space.map(0, 1);
  EXPECT_EQ(space.write(1), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(space.write(2), Outcome::ok());
}

}  // namespace
}  // namespace vmadiff::impl
