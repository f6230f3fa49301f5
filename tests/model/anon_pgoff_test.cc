// tests/model: the offset that the own pages of private files have beside the file's, and what it
// keeps apart.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

KernelProfile own() { return with(&KernelProfile::anon_pgoff, AnonPgoff::kOwn); }

/// Maps pages of a file so that they go on behind page `behind` of what was mapped at page 0.
Outcome map_at(Process& process, std::uint64_t first, std::uint64_t behind, std::uint64_t pages = 2,
               FileId file = kMemfd0) {
  return process(
      Mmap{page(first), pages * kPageSize, kReadWrite, kPrivateFixed, file, behind * kPageSize});
}

TEST(AnonPgoff, WhatWasWrittenAndMovedStaysApartFromANewMapping) {
  for (const FileId file : {kMemfd0, kFile0, kZero0}) {
    for (const auto offset : {AnonPgoff::kOfFile, AnonPgoff::kOwn}) {
      const bool is_own = offset == AnonPgoff::kOwn;
      Process process(with(&KernelProfile::anon_pgoff, offset));
      (void)map_at(process, 2, 2, 2, file);
      (void)process.write(2);
      (void)process.move(2, 2, 12);
      (void)map_at(process, 14, 4, 2, file);
      (void)map_at(process, 10, 0, 2, file);
      EXPECT_EQ(process.ruler(16), is_own ? "..........AABBCC" : "..........AAAAAA") << text(file);
    }
  }
}

TEST(AnonPgoff, FollowsTheAddressAsLongAsNothingIsWritten) {
  Process process(own());
  (void)map_at(process, 0, 0);
  (void)process.move(0, 2, 10);
  (void)process.write(10);
  (void)map_at(process, 12, 2);
  EXPECT_EQ(process.ruler(14), "..........AAAA");
}

TEST(AnonPgoff, IsTheOldOneAtTheOldPlace) {
  Process process(own());
  (void)map_at(process, 0, 0);
  (void)process.write(0);
  (void)process.move(0, 2, 10);
  (void)process.move(10, 2, 20);
  (void)process.move(20, 2, 0);
  (void)map_at(process, 2, 2);
  EXPECT_EQ(process.ruler(4), "AAAA");
}

// Also where it comes to lie beside a neighbour that was there, on either side.
TEST(AnonPgoff, KeepsWhatMovesApartFromOldNeighbours) {
  for (const auto offset : {AnonPgoff::kOfFile, AnonPgoff::kOwn}) {
    Process process(with(&KernelProfile::anon_pgoff, offset));
    (void)map_at(process, 2, 2);
    (void)process.write(2);
    (void)map_at(process, 10, 0);
    (void)map_at(process, 14, 4);
    (void)process.move(2, 2, 12);
    EXPECT_EQ(process.ruler(16),
              offset == AnonPgoff::kOwn ? "..........AABBCC" : "..........AAAAAA");
  }
}

TEST(AnonPgoff, GoesOnThroughCutsAndGrowth) {
  Process process(own());
  (void)map_at(process, 0, 0, 4);
  (void)process.write(0);
  (void)process.move(0, 4, 10);
  EXPECT_TRUE(process.resize(10, 4, 5).is_ok());
  (void)process.protect(11, 2, kRead);
  EXPECT_EQ(process.ruler(15), "..........ABBCC");
  (void)process.protect(11, 2, kReadWrite);
  EXPECT_EQ(process.ruler(15), "..........AAAAA");
  // Parts that move by themselves are one again where they lie as they did.
  (void)process.move(12, 3, 22);
  (void)process.move(10, 2, 20);
  EXPECT_EQ(process.ruler(25), "....................AAAAA");
}

TEST(AnonPgoff, OfMemoryThatIsGoneIsForgotten) {
  Process process(own());
  (void)map_at(process, 0, 0);
  (void)process.write(0);
  (void)process.move(0, 2, 10);
  (void)process.unmap(10, 1);
  (void)map_at(process, 10, 0, 1);  // over nothing
  (void)map_at(process, 11, 1, 1);  // over what moved
  EXPECT_EQ(process.ruler(12), "..........AA");
}

TEST(AnonPgoff, IsTheChildsToo) {
  Process process(own());
  (void)map_at(process, 0, 0);
  (void)process.write(0);
  (void)process.move(0, 2, 10);
  (void)map_at(process, 20, 0);
  (void)process.write(20);
  (void)process.move(20, 2, 30);
  (void)process.advise(30, 2, kMadvDontfork);
  ASSERT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  (void)process.protect(10, 1, kRead);
  (void)process.protect(10, 1, kReadWrite);
  (void)map_at(process, 12, 2);
  EXPECT_EQ(process.ruler(14), "..........AABB");
  // What was not copied left nothing behind.
  (void)map_at(process, 30, 0);
  (void)map_at(process, 32, 2);
  EXPECT_EQ(process.vma(30).pages(), 4U);
}

TEST(AnonPgoff, OfWhatDontunmapLeavesIsThatOfFreshMemoryWhereItIsCutOut) {
  for (const auto rule : {DontunmapSource::kCutOut, DontunmapSource::kWhole}) {
    KernelProfile profile = own();
    profile.dontunmap_source = rule;
    Process process(profile);
    (void)map_at(process, 0, 0);
    (void)process.write(0);
    (void)process.move(0, 2, 10);
    (void)process.move(10, 2, 20, kDontunmap);
    (void)map_at(process, 12, 2);
    const bool is_fresh = rule == DontunmapSource::kCutOut;
    EXPECT_EQ(process.ruler(14), is_fresh ? "..........AAAA" : "..........AABB");
    (void)map_at(process, 22, 2);
    EXPECT_EQ(process.vma(20).pages(), 2U);
  }
}

TEST(AnonPgoff, SharedMappingsHaveNone) {
  Process process(own());
  const auto map = [&process](std::uint64_t first, std::uint64_t behind) {
    return process(
        Mmap{page(first), 2 * kPageSize, kReadWrite, kSharedFixed, kMemfd0, behind * kPageSize});
  };
  (void)map(0, 0);
  (void)process.write(0);
  (void)process.move(0, 2, 10);
  (void)map(12, 2);
  EXPECT_EQ(process.ruler(14), "..........AAAA");
}

// A first write takes a neighbour's anon_vma only where the two could become one.
TEST(AnonPgoff, DecidesWhoseAnonVmaIsShared) {
  for (const auto offset : {AnonPgoff::kOfFile, AnonPgoff::kOwn}) {
    Process process(with(&KernelProfile::anon_pgoff, offset));
    (void)map_at(process, 0, 0);
    (void)process.write(0);
    (void)process.move(0, 2, 10);
    (void)process.protect(10, 2, kRead);  // so that it is not joined
    (void)map_at(process, 12, 2);
    (void)process.write(12);
    const bool shares = process.vma(12).anon_vma == process.vma(10).anon_vma;
    EXPECT_EQ(shares, offset == AnonPgoff::kOfFile);
  }
}

}  // namespace
}  // namespace vmadiff::model
