// tests/model: System V shared memory.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kFourPages = 2;   ///< the segment that has as many
constexpr std::uint64_t kEightPages = 3;  ///< that ends at the first byte of its last

Shmat at(std::uint64_t segment, std::uint64_t first, std::uint64_t flags = 0) {
  return {.segment = segment, .addr = page(first), .flags = flags};
}

TEST(Shm, AnAttachmentIsASharedMapping) {
  Process process;
  EXPECT_EQ(process(at(kFourPages, 2)), Outcome::ok(page(2)));
  EXPECT_EQ(process.ruler(8), "..AAAA..");
  EXPECT_EQ(process.flags(2), "rd wr sh mr mw me ms");
  EXPECT_EQ(process(Shmdt{page(2)}), kOk);
  EXPECT_EQ(process.ruler(8), "........");
  EXPECT_EQ(process(Shmdt{page(2)}), fails(Errno::kEINVAL));
}

TEST(Shm, FlagsSayHowItIsAttached) {
  Process process;
  EXPECT_TRUE(process(at(0, 0, kShmRdonly | kShmExec)).is_ok());
  EXPECT_EQ(process.flags(0), "rd ex mr me ms");
  EXPECT_EQ(process.protect(0, 1, kReadWrite), fails(Errno::kEACCES));
  EXPECT_EQ(process(Shmat{0, page(2) + 5, kShmRnd}), Outcome::ok(page(2)));
  EXPECT_EQ(process(Shmat{0, page(4) + 5, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Shmat{0, 0, kShmRemap}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Shmat{0, 5, kShmRemap | kShmRnd}), fails(Errno::kEINVAL));
  // Rounded down to 0 it is an address all the same.
  EXPECT_EQ(process(Shmat{0, 5, kShmRnd}), fails(Errno::kEPERM));
  EXPECT_EQ(process(at(kFilesPerClass, 8)), fails(Errno::kEINVAL));
}

TEST(Shm, OnlyWithRemapItTakesAPlaceThatIsTaken) {
  Process process;
  (void)process.map(3, 1);
  EXPECT_EQ(process(at(kFourPages, 0)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(at(kFourPages, 0, kShmRemap)), Outcome::ok(page(0)));
  EXPECT_EQ(process.ruler(5), "AAAA.");
}

TEST(Shm, NoTwoAttachmentsAreOne) {
  Process process;
  (void)process(at(kFourPages, 0));
  (void)process(at(kFourPages, 8));
  (void)process.unmap(2, 2);
  EXPECT_EQ(process.move(10, 2, 2), Outcome::ok(page(2)));
  EXPECT_EQ(process.ruler(5), "AABB.");
  // What goes back to where it came from is one again.
  EXPECT_EQ(process.move(2, 2, 10), Outcome::ok(page(10)));
  EXPECT_EQ(process.ruler(12), "AA......BBBB");
}

TEST(Shm, AVmaWithACloseHookIsNotRemovedByAMerge) {
  for (const auto hooks : {CloseHooks::kNeverMerge, CloseHooks::kNeverVanish}) {
    Process process{with(&KernelProfile::close_hooks, hooks)};
    (void)process(at(kEightPages, 0));
    (void)process.protect(2, 4, kRead);
    EXPECT_EQ(process.ruler(9), "AABBBBCC.");
    // A part of the middle goes over to the one below, all of it stays apart.
    const bool merges = hooks == CloseHooks::kNeverVanish;
    (void)process.protect(2, 2, kReadWrite);
    EXPECT_EQ(process.ruler(9), merges ? "AAAABBCC." : "AABBCCDD.");
    (void)process.protect(4, 2, kReadWrite);
    EXPECT_EQ(process.ruler(9), merges ? "AAAABBCC." : "AABBCCDD.");
  }
}

TEST(Shm, WhatGrowsInPlaceTakesNothingIn) {
  Process process;
  (void)process(at(kFourPages, 0));
  (void)process.unmap(2, 1);
  EXPECT_EQ(process.resize(0, 2, 3), Outcome::ok(page(0)));
  EXPECT_EQ(process.ruler(5), "AAAB.");
}

TEST(Shm, DetachingTakesAllThatIsLeftOfOneAttachment) {
  Process process;
  (void)process(at(kEightPages, 0));
  (void)process(at(kEightPages, 8));
  (void)process.unmap(0, 1);
  (void)process.protect(4, 1, kRead);
  (void)process.map(6, 1);
  EXPECT_EQ(process.ruler(17), ".AAABCDEFFFFFFFF.");
  EXPECT_EQ(process(Shmdt{page(1)}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Shmdt{page(0)}), kOk);
  EXPECT_EQ(process.ruler(17), "......A.BBBBBBBB.");
}

TEST(Shm, DetachingSaysNothingOfWhatIsSealed) {
  Process process;
  (void)process(at(kFourPages, 0));
  (void)process.seal(0, 2);
  EXPECT_EQ(process(Shmdt{page(0)}), kOk);
  EXPECT_EQ(process.ruler(5), "AA...");
}

TEST(Shm, BehindTheSegmentIsNothing) {
  Process process;
  (void)process(at(kEightPages, 0));
  EXPECT_EQ(process.write(0, 8), kOk);
  EXPECT_EQ(process.resize(0, 8, 9), Outcome::ok(page(0)));
  EXPECT_EQ(process.write(7), kOk);
  EXPECT_EQ(process.write(8), fails(Errno::kSIGBUS));
}

TEST(Shm, AUserfaultfdDoesNotTakeIt) {
  Process process;
  (void)process(at(kFourPages, 0));
  EXPECT_EQ(process.watch(0, 4), fails(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::model
