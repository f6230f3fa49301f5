// tests/model: a new mapping and its neighbours, without KSM. Each ruler has a letter per VMA.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(MmapMerges, Left) {
  Process process;
  (void)process.map(0, 3);
  EXPECT_EQ(process.ruler(6), "AAA...");
  (void)process.map(3, 3);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(MmapMerges, Right) {
  Process process;
  (void)process.map(3, 3);
  EXPECT_EQ(process.ruler(6), "...AAA");
  (void)process.map(0, 3);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
  EXPECT_EQ(process.vma(0).pgoff, kArena >> kPageShift);
}

TEST(MmapMerges, Both) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  EXPECT_EQ(process.ruler(6), "AA..BB");
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(MmapMerges, NeitherBecauseOfTheFlags) {
  Process process;
  (void)process.map(0, 2, kRead);
  (void)process.map(4, 2, kReadWrite, kAnonymousFixed | kMapNoreserve);
  (void)process.map(2, 2, kReadWrite);
  EXPECT_EQ(process.ruler(6), "AABBCC");
}

TEST(MmapMerges, NeitherBecauseOfAGap) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2);
  EXPECT_EQ(process.ruler(6), "AA.BB.");
}

TEST(MmapMerges, FilesOnlyWhereOffsetsGoOn) {
  for (const FileId file : {kFile0, kMemfd0, kZero0}) {
    Process process;
    (void)process.map_file(0, 2, file);
    (void)process.map_file(2, 2, file);
    EXPECT_EQ(process.ruler(6), "AAAA..") << text(file);
    (void)process(Mmap{page(4), 2 * kPageSize, kReadWrite, kPrivateFixed, file, 0});
    EXPECT_EQ(process.ruler(6), "AAAABB") << text(file);
  }
}

TEST(MmapMerges, NotWithAnotherFile) {
  Process process;
  (void)process.map_file(0, 2, {FileClass::kMemfd, 0});
  (void)process.map_file(2, 2, {FileClass::kMemfd, 1});
  (void)process.map(4, 2);
  EXPECT_EQ(process.ruler(6), "AABBCC");
}

TEST(MmapMerges, SharedFileMappings) {
  Process process;
  (void)process.map_file(0, 2, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.map_file(2, 2, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.map_file(4, 2, kMemfd0, kReadWrite, kPrivateFixed);
  EXPECT_EQ(process.ruler(6), "AAAABB");
}

TEST(MmapMerges, NoSpecialMapping) {
  for (const FileId file : {kPfnmap0, kPreparedPfnmap0}) {
    Process process;
    (void)process.map_file(0, 2, file);
    (void)process.map_file(2, 2, file);
    EXPECT_EQ(process.ruler(4), "AABB") << text(file);
  }
}

TEST(MmapMerges, DroppableMemory) {
  Process process;
  const std::uint64_t flags = kMapDroppable | kMapAnonymous | kMapFixed;
  (void)process.map(0, 2, kReadWrite, flags);
  (void)process.map(2, 2, kReadWrite, flags);
  EXPECT_EQ(process.ruler(4), "AAAA");
}

TEST(MmapMerges, TheAnonVmaOfEitherNeighbour) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  (void)process.write(4);
  const AnonVmaId written = process.vma(4).anon_vma;
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
  EXPECT_EQ(process.vma(0).anon_vma, written);
  EXPECT_EQ(process.vma(0).anon_vma_links, 1U);
}

TEST(MmapMerges, OnlyLeftWhereTheNeighboursHaveDifferentAnonVmas) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  (void)process.write(0);
  (void)process.write(4);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(6), "AAAABB");
}

// Pages 0 and 1, and 4 and 5, are there, and some of them written to; pages 2 and 3 are mapped.
std::string joined(MmapJoins rule, bool below_is_written, bool above_is_written) {
  Process process(with(&KernelProfile::mmap_joins, rule));
  (void)process.map(0, 2);
  (void)process.map(4, 2);
  if (below_is_written) (void)process.write(0);
  if (above_is_written) (void)process.write(4);
  (void)process.map(2, 2);
  return process.ruler(6);
}

TEST(MmapMerges, TheOneAboveFirstOrTheOneBelowFirst) {
  constexpr auto kAbove = MmapJoins::kAboveFirst;
  constexpr auto kBelow = MmapJoins::kBelowFirst;
  EXPECT_EQ(joined(kAbove, false, false), "AAAAAA");
  EXPECT_EQ(joined(kAbove, true, true), "AABBBB");
  EXPECT_EQ(joined(kBelow, true, true), "AAAABB");
  EXPECT_EQ(joined(kAbove, true, false), "AAAAAA");
  EXPECT_EQ(joined(kBelow, true, false), "AAAAAA");
}

// The one below has no anon_vma, and so no chain with a single link.
TEST(MmapMerges, WhatIsBelowAndUnwrittenIsNotJoinedWithTheWrittenAboveIfThatIsFirst) {
  auto profile = profile_named("linux-6.1").value();
  for (const auto rule : {MmapJoins::kAboveFirst, MmapJoins::kBelowFirst}) {
    profile.mmap_joins = rule;
    Process process(profile);
    (void)process.map(0, 2);
    (void)process.map(4, 2);
    (void)process.write(4);
    (void)process.map(2, 2);
    EXPECT_EQ(process.ruler(6), rule == MmapJoins::kAboveFirst ? "AABBBB" : "AAAAAA");
  }
}

}  // namespace
}  // namespace vmadiff::model
