// tests/model: VM_MERGEABLE on new mappings: when it is computed, and what merges because of it.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::string_view kBefore = "linux-6.12";
constexpr std::string_view kPatch = "patch-v2";
constexpr std::string_view kReview = "patch-v2-review";
constexpr std::string_view kReleased = "linux-6.18";

TEST(Ksm, AdjacentAnonymousMappingsMergeSinceThePatch) {
  for (const auto profile : {kBefore, kPatch, kReview, kReleased}) {
    Process process(profile);
    (void)process.merge_any(true);
    (void)process.map(0, 2);
    (void)process.map(2, 2);
    EXPECT_EQ(process.ruler(4), profile == kBefore ? "AABB" : "AAAA") << profile;
    EXPECT_TRUE(process.is_mergeable(0));
    EXPECT_TRUE(process.is_mergeable(2));
  }
}

TEST(Ksm, FilesMergeSinceThePatchUnlessTheyHaveALegacyHook) {
  for (const auto profile : {kPatch, kReview, kReleased}) {
    for (const FileId file : {kFile0, kMemfd0, kZero0}) {
      Process process(profile);
      (void)process.merge_any(true);
      (void)process.map_file(0, 2, file);
      (void)process.map_file(2, 2, file);
      EXPECT_EQ(process.ruler(4), file == kZero0 ? "AABB" : "AAAA") << profile << " " << text(file);
    }
  }
}

TEST(Ksm, PrivateZeroMergesWhereItHasTheNewHook) {
  for (const auto early :
       {KsmEarly::kNever, KsmEarly::kNoFileOrShmemOrPrepare, KsmEarly::kUnlessLegacyHook}) {
    for (const auto hook : {ZeroHook::kLegacy, ZeroHook::kPrepare}) {
      KernelProfile profile = with(&KernelProfile::zero_hook, hook);
      profile.ksm_early = early;
      Process process(profile);
      (void)process.merge_any(true);
      (void)process.map_file(0, 2, kZero0);
      (void)process.map_file(2, 2, kZero0);
      const bool merges = hook == ZeroHook::kPrepare && early != KsmEarly::kNever;
      EXPECT_EQ(process.ruler(4), merges ? "AAAA" : "AABB");
      EXPECT_TRUE(process.is_mergeable(0));
      EXPECT_TRUE(process.is_mergeable(2));
      // Shared, it is an object of shared anonymous memory as before.
      (void)process.map_file(6, 1, kZero0, kReadWrite, kSharedFixed);
      EXPECT_EQ(process.vma(6).file.cls, FileClass::kAnonShared);
      EXPECT_FALSE(process.is_mergeable(6));
    }
  }
}

TEST(Ksm, WithoutTheNewHookNoFileHasIt) {
  KernelProfile profile = with(&KernelProfile::zero_hook, ZeroHook::kPrepare);
  profile.mmap_prepare = MmapPrepare::kAbsent;
  Process process(profile);
  (void)process.merge_any(true);
  (void)process.map_file(0, 2, kZero0);
  (void)process.map_file(2, 2, kZero0);
  EXPECT_EQ(process.ruler(4), "AABB");
}

TEST(Ksm, ANeighbourThatWasMadeUnmergeableSwallowsANewRangeOnlyBeforeThePatch) {
  for (const auto profile : {kBefore, kReleased}) {
    Process process(profile);
    (void)process.merge_any(true);
    (void)process.map(0, 2);
    (void)process.advise(0, 2, kMadvUnmergeable);
    (void)process.map(2, 2);
    EXPECT_EQ(process.ruler(4), profile == kBefore ? "AAAA" : "AABB") << profile;
    EXPECT_EQ(process.is_mergeable(2), profile != kBefore) << profile;
  }
}

TEST(Ksm, AFileWithALegacyHookStillMergesIntoAnUnmergeableNeighbour) {
  Process process;
  (void)process.merge_any(true);
  (void)process.map_file(0, 2, kZero0);
  (void)process.advise(0, 2, kMadvUnmergeable);
  (void)process.map_file(2, 2, kZero0);
  EXPECT_EQ(process.ruler(4), "AAAA");
  EXPECT_FALSE(process.is_mergeable(2));
}

TEST(Ksm, AFlagThatIsComputedBeforeTheHookStaysOnWhatTheHookMadeIneligible) {
  for (const KernelProfile& profile : profiles()) {
    const bool wrong = profile.ksm_late == KsmLate::kBeforeHook;
    Process process(profile.name);
    (void)process.merge_any(true);
    (void)process.map_file(0, 1, kPfnmap0);
    EXPECT_EQ(process.is_mergeable(0), wrong) << profile.name;
    (void)process.map_file(2, 1, kPreparedPfnmap0);
    EXPECT_FALSE(process.is_mergeable(2)) << profile.name;
    (void)process(Mmap{page(512), 1, kRead, kPrivateFixed | kMapNoreserve, kHugetlb0, 0});
    EXPECT_EQ(process.is_mergeable(512), wrong) << profile.name;
  }
}

TEST(Ksm, SharedAndDroppableMemoryIsNotEligible) {
  Process process;
  (void)process.merge_any(true);
  (void)process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map_file(2, 1, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.map_file(4, 1, kFileRo0, kRead, kSharedFixed);  // VM_MAYSHARE alone
  (void)process.map(6, 1, kReadWrite, kMapDroppable | kMapAnonymous | kMapFixed);
  for (const std::uint64_t index : {0U, 2U, 4U, 6U})
    EXPECT_FALSE(process.is_mergeable(index)) << index;
}

TEST(Ksm, OffAgainANewMappingDoesNotHaveIt) {
  Process process;
  (void)process.merge_any(true);
  (void)process.merge_any(false);
  (void)process.map(0, 1);
  EXPECT_FALSE(process.is_mergeable(0));
}

TEST(Ksm, TheReviewersPredicateTellsNothingApartFromThePatchs) {
  // Early or not, for each class of file: by whether two mappings merge, or are eligible.
  for (const FileClass cls : mappable_file_classes()) {
    Process patch(kPatch);
    Process review(kReview);
    for (Process* process : {&patch, &review}) {
      (void)process->merge_any(true);
      (void)process->map_file(0, 2, {cls, 0});
      (void)process->map_file(2, 2, {cls, 0});
    }
    EXPECT_EQ(patch.snapshot().vmas, review.snapshot().vmas) << name(cls);
  }
}

}  // namespace
}  // namespace vmadiff::model
