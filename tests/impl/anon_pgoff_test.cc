// Private mappings of a file whose anonymous pages have an offset of their own, and those that go
// by the file's offset alone. Measured on 7.2.12 and 7.3.4, but for what no kernel has.
#include <gtest/gtest.h>

#include "impl/fork.h"
#include "mremap_calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

KernelProfile profile_of(AnonPgoff offsets) {
  KernelProfile profile = profile_with<&KernelProfile::anon_pgoff>(offsets);
  profile.dontunmap_source = DontunmapSource::kCutOut;
  return profile;
}

class Offsets : public ::testing::TestWithParam<AnonPgoff> {
 protected:
  [[nodiscard]] static bool is_own() { return GetParam() == AnonPgoff::kOwn; }
  void map_file(std::uint64_t first, std::uint64_t pages, std::uint64_t offset,
                std::uint64_t prot = kReadWrite) {
    ASSERT_TRUE(space.map(first, pages, prot, kMapPrivate, kMemfd, offset).is_ok());
  }
  void move(std::uint64_t first, std::uint64_t pages, std::uint64_t to,
            std::uint64_t flags = kMove) {
    ASSERT_EQ(impl::move(space, first, pages, to, flags), at_page(to));
  }

  AddressSpace space{profile_of(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(AnonPgoff, Offsets, ::testing::Values(AnonPgoff::kOfFile, AnonPgoff::kOwn),
                         [](const auto& offsets) {
                           return offsets.param == AnonPgoff::kOwn ? "own" : "of_file";
                         });

TEST_P(Offsets, of_what_was_written_and_moved) {
  map_file(0, 2, 0);
  space.write(0);
  move(0, 2, 4);
  map_file(6, 2, 2);
  EXPECT_EQ(space.ruler(9), is_own() ? "....AABB." : "....AAAA.");
}

TEST_P(Offsets, before_what_was_written_and_moved) {
  map_file(0, 2, 2);
  space.write(0);
  move(0, 2, 6);
  map_file(4, 2, 0);
  EXPECT_EQ(space.ruler(9), is_own() ? "....AABB." : "....AAAA.");
}

TEST_P(Offsets, of_what_was_never_written) {
  map_file(0, 2, 0);
  space.read(0, 2);
  move(0, 2, 4);
  map_file(6, 2, 2);
  EXPECT_EQ(space.ruler(9), "....AAAA.");
  move(4, 4, 0);
  map_file(8, 2, 4);
  space.write(8);
  move(0, 4, 4);
  EXPECT_EQ(space.ruler(11), "....AAAAAA.");
}

TEST_P(Offsets, of_what_moved_away_and_back) {
  map_file(0, 2, 0);
  space.write(0);
  move(0, 2, 4);
  map_file(2, 2, 2);
  move(4, 2, 0);
  EXPECT_EQ(space.ruler(5), "AAAA.");
}

TEST_P(Offsets, go_on_through_cuts_and_merges) {
  map_file(0, 6, 0);
  space.write(0, 6);
  move(0, 6, 8);
  // Cut in three and grown together, from either side.
  space.protect(10, 2, kProtRead);
  EXPECT_EQ(space.ruler(15), "........AABBCC.");
  space.protect(9, 1, kProtRead);
  space.protect(12, 1, kProtRead);
  EXPECT_EQ(space.ruler(15), "........ABBBBC.");
  space.protect(12, 1, kReadWrite);
  space.protect(9, 3, kReadWrite);
  EXPECT_EQ(space.ruler(15), "........AAAAAA.");
  // In place it grows with its offset.
  EXPECT_EQ(sys_mremap(space.mm, {page(8), bytes(6), bytes(7), 0, 0}), Outcome::ok(page(8)));
  EXPECT_EQ(space.ruler(16), "........AAAAAAA.");
  // A part that goes back is where it was when it had been mapped, and here again a neighbour.
  map_file(0, 3, 0);
  move(11, 4, 3);
  EXPECT_EQ(space.ruler(16), "AAAAAAA.BBB.....");
  move(3, 4, 11);
  EXPECT_EQ(space.ruler(16), "AAA.....BBBBBBB.");
}

TEST_P(Offsets, of_a_source_that_dontunmap_leaves) {
  map_file(0, 2, 0);
  space.write(0);
  move(0, 2, 4);
  move(4, 2, 8, kKeep);
  map_file(6, 2, 2);
  map_file(10, 2, 2);
  EXPECT_EQ(space.ruler(13), is_own() ? "....AAAABBCC." : "....AAAABBBB.");
}

TEST_P(Offsets, of_a_source_that_dontunmap_leaves_in_part) {
  map_file(0, 4, 0);
  space.write(0);
  move(0, 4, 4);
  move(7, 1, 12, kKeep);
  map_file(8, 1, 4);
  EXPECT_EQ(space.ruler(14), is_own() ? "....AAAAB...C." : "....AAAAA...B.");
}

TEST_P(Offsets, decide_which_anon_vma_is_borrowed) {
  map_file(0, 2, 0);
  space.write(0);
  move(0, 2, 4);
  map_file(6, 2, 2, kProtRead | kProtWrite | kProtExec);
  space.write(6);
  EXPECT_EQ(space.at(6).anon_vma == space.at(4).anon_vma, !is_own());
}

TEST_P(Offsets, are_inherited) {
  map_file(0, 2, 0);
  space.write(0);
  move(0, 2, 4);
  const auto child = space.fork();
  ASSERT_TRUE(child);
  EXPECT_EQ(child->vma_lookup(page(4))->anon_pgoff, page(0) >> kPageShift);
}

TEST_P(Offsets, of_shared_memory_are_the_files) {
  space.map(0, 2, kReadWrite, kMapShared, kMemfd, 0);
  space.write(0);
  move(0, 2, 4);
  space.map(6, 2, kReadWrite, kMapShared, kMemfd, 2);
  EXPECT_EQ(space.ruler(9), "....AAAA.");
}

// No kernel with offsets of their own gives shared memory an anon_vma, but the behaviours are
// independent.
TEST_P(Offsets, of_shared_memory_with_guards_are_the_files) {
  KernelProfile profile = profile_of(GetParam());
  profile.guard_regions = GuardRegions::kByAnonVma;
  AddressSpace guarded{profile};
  guarded.map(0, 2, kReadWrite, kMapShared, kMemfd, 0);
  ASSERT_TRUE(guarded.advise(0, 1, kMadvGuardInstall).is_ok());
  EXPECT_EQ(impl::move(guarded, 0, 2, 4), at_page(4));
  guarded.map(6, 2, kReadWrite, kMapShared, kMemfd, 2);
  EXPECT_EQ(guarded.ruler(9), "....AAAA.");
}

// As of any file, though it moves as anonymous memory does.
TEST_P(Offsets, of_private_zero) {
  space.map(0, 2, kReadWrite, kMapPrivate, kZero, 0);
  space.write(0);
  move(0, 2, 4);
  space.map(6, 2, kReadWrite, kMapPrivate, kZero, 2);
  EXPECT_EQ(space.ruler(9), is_own() ? "....AABB." : "....AAAA.");
}

TEST_P(Offsets, of_anonymous_memory_are_one) {
  // The program's own may have been moved before.
  spec::Setup setup = spec::Setup::standard();
  setup.initial.vmas.front().file = {};
  setup.initial.vmas.front().pgoff = 7;
  AddressSpace anonymous{profile_of(GetParam()), setup};
  anonymous.map(0, 2);
  anonymous.write(0);
  EXPECT_TRUE(sys_mremap(anonymous.mm, {page(0), bytes(2), bytes(2), kMove, page(4)}).is_ok());
  anonymous.map(2, 2);
  EXPECT_TRUE(sys_mremap(anonymous.mm, {page(4), bytes(2), bytes(2), kMove, page(0)}).is_ok());
  EXPECT_EQ(anonymous.ruler(5), "AAAA.");
  anonymous.map(2000, 1, kReadWrite, kAnonymous | kMapGrowsdown);
  anonymous.write(1990);
  EXPECT_EQ(anonymous.at(1990).pages(), 11U);
  const Address start = setup.start_brk;
  for (const Address brk : {start + bytes(2), start + bytes(4)}) {
    ASSERT_EQ(sys_brk(anonymous.mm, {brk}), Outcome::ok(brk));
  }
  EXPECT_EQ(anonymous.mm.vma_lookup(start)->pages(), 4U);
  anonymous.mm.mm_mt.for_each_value([](const VmArea* vma) {
    if (vma->vm_file.is_none()) EXPECT_EQ(vma->anon_pgoff, vma->vm_pgoff);
  });
}

}  // namespace
}  // namespace vmadiff::impl
