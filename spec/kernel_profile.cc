// spec: the names of behaviours' values.
#include "spec/kernel_profile.h"

namespace vmadiff::spec {

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
    case DontunmapSource::kCutOutAlone:
      return "cut-out-alone";
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

std::string_view name(ZeroHook b) { return b == ZeroHook::kLegacy ? "legacy" : "mmap-prepare"; }

std::string_view name(AnonPgoff b) { return b == AnonPgoff::kOfFile ? "of-file" : "own"; }

std::string_view name(UffdMove b) { return b == UffdMove::kMerges ? "merges" : "never-merges"; }

std::string_view name(MremapRoom b) {
  switch (b) {
    case MremapRoom::kSixForAMove:
      return "six-for-a-move";
    case MremapRoom::kFourAlways:
      return "four-always";
    case MremapRoom::kFourOrFiveAlways:
      return "four-or-five-always";
  }
  return {};
}

std::string_view name(DoforkRefused b) { return b == DoforkRefused::kIo ? "io" : "special"; }

std::string_view name(MsealOverSealed b) {
  return b == MsealOverSealed::kMerges ? "merges" : "leaves-the-rest-apart";
}

std::string_view name(DroppableLock b) {
  return b == DroppableLock::kLocked ? "locked" : "never-locked";
}

std::string_view name(MovedAnonVma b) {
  return b == MovedAnonVma::kForgotten ? "forgotten" : "passed-on";
}

std::string_view name(UnmergeableFlags b) {
  return b == UnmergeableFlags::kDropsHigh ? "drops-high" : "keeps-others";
}

std::string_view name(MremapCharge b) {
  return b == MremapCharge::kNothing ? "nothing" : "what-is-cut-off";
}

std::string_view name(MprotectUncharge b) {
  return b == MprotectUncharge::kNever ? "never" : "unwritten";
}

std::string_view name(MmapJoins b) {
  return b == MmapJoins::kAboveFirst ? "above-first" : "below-first";
}

std::string_view name(MmapReplace b) {
  return b == MmapReplace::kUnmapsThenCharges ? "unmaps-then-charges" : "charges-then-unmaps";
}

std::string_view name(UffdUnmapped b) { return b == UffdUnmapped::kNomem ? "enomem" : "einval"; }

std::string_view name(UffdOffset b) { return b == UffdOffset::kOfVma ? "of-vma" : "of-range"; }

std::string_view name(MempolicyModes b) {
  return b == MempolicyModes::kPlain ? "plain" : "with-weights";
}

std::string_view name(MapAbove4G b) { return b == MapAbove4G::kAbsent ? "absent" : "present"; }

std::string_view name(PopulateHoles b) {
  return b == PopulateHoles::kPassedOver ? "passed-over" : "end";
}

std::string_view name(SearchFloor b) {
  return b == SearchFloor::kFirstPage ? "first-page" : "lowest-mappable";
}

std::string_view name(FailedHook b) {
  switch (b) {
    case FailedHook::kGivesBack:
      return "gives-back";
    case FailedHook::kKeepsTheOld:
      return "keeps-the-old";
    case FailedHook::kKeepsAll:
      return "keeps-all";
  }
  return {};
}

std::string_view name(AskedNodes b) {
  return b == AskedNodes::kWithAnyFlag ? "with-any-flag" : "with-node-flags";
}

std::string_view name(UffdFloor b) {
  return b == UffdFloor::kLowestPlaced ? "lowest-placed" : "anywhere";
}

std::string_view name(SharedNames b) { return b == SharedNames::kRefused ? "refused" : "taken"; }
std::string_view name(UffdFeatures b) {
  switch (b) {
    case UffdFeatures::kEvents:
      return "events";
    case UffdFeatures::kWpAsync:
      return "wp-async";
    case UffdFeatures::kRwp:
      return "rwp";
  }
  return {};
}

std::string_view name(ExecSeal b) { return b == ExecSeal::kAbsent ? "absent" : "present"; }

std::string_view name(Mdwe b) {
  switch (b) {
    case Mdwe::kAbsent:
      return "absent";
    case Mdwe::kInherited:
      return "inherited";
    case Mdwe::kOptional:
      return "optional";
  }
  return {};
}

std::string_view name(UffdOwner b) { return b == UffdOwner::kAnyones ? "anyones" : "its-own"; }

std::string_view name(UffdMarks b) { return b == UffdMarks::kOneVma ? "one-vma" : "many-vmas"; }

std::string_view name(UffdRemode b) { return b == UffdRemode::kReplaces ? "replaces" : "refused"; }

std::string_view name(UffdSpecial b) { return b == UffdSpecial::kTaken ? "taken" : "refused"; }
std::string_view name(OwnProcessMadvise b) {
  switch (b) {
    case OwnProcessMadvise::kNone:
      return "none";
    case OwnProcessMadvise::kHints:
      return "hints";
    case OwnProcessMadvise::kAll:
      return "all";
    case OwnProcessMadvise::kKnown:
      return "known";
  }
  return {};
}

std::string_view name(FutureWriteSeal b) {
  return b == FutureWriteSeal::kByHook ? "by-hook" : "beforehand";
}

std::string_view name(HugetlbDiscard b) {
  switch (b) {
    case HugetlbDiscard::kSpends:
      return "spends";
    case HugetlbDiscard::kRestoresShared:
      return "restores-shared";
    case HugetlbDiscard::kRestores:
      return "restores";
  }
  return {};
}

std::string_view name(CloseHooks b) {
  return b == CloseHooks::kNeverMerge ? "never-merge" : "never-vanish";
}

std::string_view name(AllocWithoutKeys b) {
  return b == AllocWithoutKeys::kTakesTheDefault ? "takes-the-default" : "refused";
}

std::string_view name(AlignedRoom b) {
  return b == AlignedRoom::kFromBottom ? "from-bottom" : "to-top";
}

}  // namespace vmadiff::spec
