// spec: the profiles. A new one is a row here.
#include "spec/kernel_profile.h"

#include <array>

namespace vmadiff::spec {
namespace {

constexpr std::array kProfiles{
    KernelProfile{.name = "linux-6.1",
                  .summary = "known in part: no KSM for whole processes, no mseal",
                  .ksm_early = KsmEarly::kNever,
                  .ksm_late = KsmLate::kAfterMapping,
                  .ksm_brk = KsmBrk::kAfterMapping,
                  .anon_vma_merge = AnonVmaMerge::kNeighbourChainSingle,
                  .mmap_prepare = MmapPrepare::kAbsent,
                  .zero_placement = ZeroPlacement::kPlain,
                  .hugetlb_placement = HugetlbPlacement::kOwnSearch,
                  .mremap_checks = MremapChecks::kVmaFirst,
                  .mremap_move = MremapMove::kOneVma,
                  .dontunmap_source = DontunmapSource::kCutOut,
                  .sealed_discard = SealedDiscard::kReadOnlyAnonymous,
                  .process_ksm = ProcessKsm::kAbsent,
                  .mseal = MsealCall::kAbsent,
                  .droppable_maps = DroppableMaps::kAbsent,
                  .stack_maps = StackMaps::kAsAnyOther,
                  .anon_placement = AnonPlacement::kPlain,
                  .uffd_droppable = UffdDroppable::kTaken,
                  .guard_regions = GuardRegions::kAbsent},
    KernelProfile{
        .name = "linux-6.12",
        .summary = "before the patch: new mappings get VM_MERGEABLE after the merge attempt",
        .ksm_early = KsmEarly::kNever,
        .ksm_late = KsmLate::kAfterMapping,
        .ksm_brk = KsmBrk::kAfterMapping,
        .anon_vma_merge = AnonVmaMerge::kNeighbourChainSingle,
        .mmap_prepare = MmapPrepare::kAbsent,
        .zero_placement = ZeroPlacement::kPlain,
        .hugetlb_placement = HugetlbPlacement::kOwnSearch,
        .mremap_checks = MremapChecks::kVmaFirst,
        .mremap_move = MremapMove::kOneVma,
        .dontunmap_source = DontunmapSource::kCutOut,
        .sealed_discard = SealedDiscard::kReadOnlyAnonymous,
        .uffd_droppable = UffdDroppable::kTaken,
        .guard_regions = GuardRegions::kAbsent},
    KernelProfile{.name = "patch-v2",
                  .summary = "the patch as posted: the late flag is computed before the .mmap hook",
                  .ksm_early = KsmEarly::kNoFileOrShmemOrPrepare,
                  .ksm_late = KsmLate::kBeforeHook,
                  .ksm_brk = KsmBrk::kBeforeMerge,
                  .anon_vma_merge = AnonVmaMerge::kFaultedChainSingle,
                  .mmap_prepare = MmapPrepare::kPresent,
                  .zero_placement = ZeroPlacement::kPlain,
                  .hugetlb_placement = HugetlbPlacement::kCommonSearch,
                  .mremap_checks = MremapChecks::kAlignmentFirst,
                  .mremap_move = MremapMove::kOneVma,
                  .dontunmap_source = DontunmapSource::kWholeUnaccounted,
                  .sealed_discard = SealedDiscard::kReadOnlyAnonymous,
                  .uffd_droppable = UffdDroppable::kTaken,
                  .guard_regions = GuardRegions::kByAnonVma},
    KernelProfile{.name = "patch-v2-review",
                  .summary = "as patch-v2, with the reviewer's predicate: early unless f_op->mmap",
                  .ksm_early = KsmEarly::kUnlessLegacyHook,
                  .ksm_late = KsmLate::kBeforeHook,
                  .ksm_brk = KsmBrk::kBeforeMerge,
                  .anon_vma_merge = AnonVmaMerge::kFaultedChainSingle,
                  .mmap_prepare = MmapPrepare::kPresent,
                  .zero_placement = ZeroPlacement::kPlain,
                  .hugetlb_placement = HugetlbPlacement::kCommonSearch,
                  .mremap_checks = MremapChecks::kAlignmentFirst,
                  .mremap_move = MremapMove::kOneVma,
                  .dontunmap_source = DontunmapSource::kWholeUnaccounted,
                  .sealed_discard = SealedDiscard::kReadOnlyAnonymous,
                  .uffd_droppable = UffdDroppable::kTaken,
                  .guard_regions = GuardRegions::kByAnonVma},
    KernelProfile{.name = "linux-6.18",
                  .summary = "as released: the late flag is computed after the .mmap hook",
                  .ksm_early = KsmEarly::kNoFileOrShmemOrPrepare,
                  .ksm_late = KsmLate::kAfterHook,
                  .ksm_brk = KsmBrk::kBeforeMerge,
                  .anon_vma_merge = AnonVmaMerge::kFaultedChainSingle,
                  .mmap_prepare = MmapPrepare::kPresent,
                  .zero_placement = ZeroPlacement::kHugePageAligned,
                  .hugetlb_placement = HugetlbPlacement::kCommonSearch,
                  .mremap_checks = MremapChecks::kArgumentsFirst,
                  .mremap_move = MremapMove::kSeveralVmas,
                  .dontunmap_source = DontunmapSource::kWhole,
                  .sealed_discard = SealedDiscard::kReadOnlyAnonymousOrZero},
};

}  // namespace

std::span<const KernelProfile> profiles() { return kProfiles; }

std::optional<KernelProfile> profile_named(std::string_view wanted) {
  for (const KernelProfile& profile : kProfiles) {
    if (profile.name == wanted) return profile;
  }
  return std::nullopt;
}

std::string_view name(KsmEarly b) {
  switch (b) {
    case KsmEarly::kNever:
      return "never";
    case KsmEarly::kNoFileOrShmemOrPrepare:
      return "no-file-or-shmem-or-mmap-prepare";
    case KsmEarly::kUnlessLegacyHook:
      return "unless-legacy-mmap-hook";
  }
  return {};
}

std::string_view name(KsmLate b) {
  switch (b) {
    case KsmLate::kAfterMapping:
      return "after-mapping";
    case KsmLate::kBeforeHook:
      return "before-mmap-hook";
    case KsmLate::kAfterHook:
      return "after-mmap-hook";
  }
  return {};
}

std::string_view name(KsmBrk b) {
  switch (b) {
    case KsmBrk::kAfterMapping:
      return "after-mapping";
    case KsmBrk::kBeforeMerge:
      return "before-merge";
  }
  return {};
}

std::string_view name(AnonVmaMerge b) {
  switch (b) {
    case AnonVmaMerge::kNeighbourChainSingle:
      return "neighbour-chain-single";
    case AnonVmaMerge::kFaultedChainSingle:
      return "faulted-chain-single";
  }
  return {};
}

std::string_view name(MmapPrepare b) { return b == MmapPrepare::kPresent ? "present" : "absent"; }

std::string_view name(ZeroPlacement b) {
  return b == ZeroPlacement::kHugePageAligned ? "huge-page-aligned" : "plain";
}

std::string_view name(HugetlbPlacement b) {
  return b == HugetlbPlacement::kOwnSearch ? "own-search" : "common-search";
}

std::string_view name(MremapChecks b) {
  switch (b) {
    case MremapChecks::kVmaFirst:
      return "vma-first";
    case MremapChecks::kAlignmentFirst:
      return "alignment-first";
    case MremapChecks::kArgumentsFirst:
      return "arguments-first";
  }
  return {};
}

std::string_view name(MremapMove b) {
  return b == MremapMove::kOneVma ? "one-vma" : "several-vmas";
}

std::string_view name(DontunmapSource b) {
  switch (b) {
    case DontunmapSource::kCutOut:
      return "cut-out";
    case DontunmapSource::kWholeUnaccounted:
      return "whole-unaccounted";
    case DontunmapSource::kWhole:
      return "whole";
  }
  return {};
}

std::string_view name(SealedDiscard b) {
  return b == SealedDiscard::kReadOnlyAnonymous ? "read-only-anonymous"
                                                : "read-only-anonymous-or-zero";
}

std::string_view name(ProcessKsm b) { return b == ProcessKsm::kPresent ? "present" : "absent"; }

std::string_view name(MsealCall b) { return b == MsealCall::kPresent ? "present" : "absent"; }

std::string_view name(DroppableMaps b) {
  return b == DroppableMaps::kPresent ? "present" : "absent";
}

std::string_view name(StackMaps b) {
  return b == StackMaps::kNoHugePages ? "no-huge-pages" : "as-any-other";
}

std::string_view name(AnonPlacement b) {
  return b == AnonPlacement::kHugePageAligned ? "huge-page-aligned" : "plain";
}

std::string_view name(UffdDroppable b) { return b == UffdDroppable::kTaken ? "taken" : "refused"; }

std::string_view name(GuardRegions b) {
  switch (b) {
    case GuardRegions::kAbsent:
      return "absent";
    case GuardRegions::kByAnonVma:
      return "by-anon-vma";
    case GuardRegions::kByFlag:
      return "by-flag";
  }
  return {};
}

}  // namespace vmadiff::spec
