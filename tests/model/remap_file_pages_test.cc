// tests/model: remap_file_pages.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

RemapFilePages pages_of(std::uint64_t first, std::uint64_t pages, std::uint64_t pgoff) {
  return {page(first), pages * kPageSize, 0, pgoff, 0};
}

TEST(RemapFilePages, ChecksItsArguments) {
  Process process;
  (void)process.map_file(0, 4, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.map_file(4, 1, kMemfd0);
  const auto fails_with = [&](const RemapFilePages& call) { return process(call); };
  EXPECT_EQ(fails_with({kArena, kPageSize, kRead, 0, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(fails_with({kArena, kPageSize - 1, 0, 0, 0}), fails(Errno::kEINVAL));  // rounded down
  EXPECT_EQ(fails_with({kArena, -kArena, 0, 0, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(fails_with({kArena, kPageSize, 0, ~std::uint64_t{0}, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(fails_with({kArena, kPageSize, 0, ~std::uint64_t{0} - 1, 0}), fails(Errno::kEOVERFLOW));
  EXPECT_EQ(fails_with(pages_of(4, 1, 0)), fails(Errno::kEINVAL));  // private
  EXPECT_EQ(fails_with(pages_of(3, 2, 0)), fails(Errno::kEINVAL));  // reaches over to it
  EXPECT_EQ(fails_with(pages_of(5, 1, 0)), fails(Errno::kEINVAL));  // nothing there
}

TEST(RemapFilePages, ShowsOtherPagesOfTheSameObject) {
  Process process;
  (void)process.map_file(0, 6, kMemfd0, kReadWrite, kSharedFixed);
  EXPECT_EQ(process({pages_of(2, 2, 0)}), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.vma(2).pgoff, 0U);
  EXPECT_EQ(process({pages_of(2, 2, 2)}), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(RemapFilePages, WorksOnSharedAnonymousMemoryAndForgetsNoreserve) {
  Process process;
  (void)process.map(0, 4, kReadWrite, kSharedFixed | kMapAnonymous | kMapNoreserve);
  EXPECT_EQ(process({pages_of(1, 1, 1)}), kOk);
  EXPECT_EQ(process.ruler(4), "ABCC");
  EXPECT_EQ(process.vma(1).file, process.vma(0).file);
  EXPECT_EQ(process.flags(0), "rd wr sh mr mw me ms nr");
  EXPECT_EQ(process.flags(1), "rd wr sh mr mw me ms");
}

TEST(RemapFilePages, MayReachOverSeveralAlikeVmas) {
  Process process;
  (void)process.map_file(0, 2, kMemfd0, kReadWrite, kSharedFixed);
  (void)process(Mmap{page(2), 2 * kPageSize, kReadWrite, kSharedFixed, kMemfd0, 8 * kPageSize});
  EXPECT_EQ(process.ruler(4), "AABB");
  EXPECT_EQ(process({pages_of(0, 4, 4)}), kOk);
  EXPECT_EQ(process.ruler(4), "AAAA");
}

TEST(RemapFilePages, OfASealedMappingIsEperm) {
  Process process;
  (void)process.map_file(0, 2, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.seal(0, 2);
  EXPECT_EQ(process({pages_of(0, 2, 4)}), fails(Errno::kEPERM));
}

}  // namespace
}  // namespace vmadiff::model
