// spec: the profiles. A new one is a step here, its base and the changes, at least one; its name
// then stands in all that CONTRIBUTING.md lists.
#include "spec/profile_history.h"

#include <array>
#include <cstddef>

namespace vmadiff::spec {
namespace {

template <auto kField, auto kValue>
constexpr ProfileChange change(std::string_view since, std::string_view source) {
  return {.apply = [](KernelProfile& profile) { profile.*kField = kValue; },
          .since = since,
          .source = source};
}
using P = KernelProfile;

/// Where it begins.
constexpr KernelProfile kFirst{.name = "linux-6.1",
                               .summary =
                                   "6.1 as its later stable kernels have it (6.1.19x): no KSM for "
                                   "whole processes, no mseal",
                               .ksm_early = KsmEarly::kNever,
                               .ksm_late = KsmLate::kAfterMapping,
                               .ksm_brk = KsmBrk::kAfterMapping,
                               .anon_vma_merge = AnonVmaMerge::kNeighbourChainSingle,
                               .mmap_prepare = MmapPrepare::kAbsent,
                               .zero_placement = ZeroPlacement::kPlain,
                               .hugetlb_placement = HugetlbPlacement::kOwnSearch,
                               .mremap_checks = MremapChecks::kVmaFirst,
                               .mremap_move = MremapMove::kOneVma,
                               .dontunmap_source = DontunmapSource::kCutOutAlone,
                               .sealed_discard = SealedDiscard::kReadOnlyAnonymous,
                               .process_ksm = ProcessKsm::kAbsent,
                               .mseal = MsealCall::kAbsent,
                               .droppable_maps = DroppableMaps::kAbsent,
                               .stack_maps = StackMaps::kAsAnyOther,
                               .anon_placement = AnonPlacement::kPlain,
                               .uffd_droppable = UffdDroppable::kTaken,
                               .guard_regions = GuardRegions::kAbsent,
                               .zero_hook = ZeroHook::kLegacy,
                               .anon_pgoff = AnonPgoff::kOfFile,
                               .uffd_move = UffdMove::kMerges,
                               .mremap_room = MremapRoom::kSixForAMove,
                               .dofork_refused = DoforkRefused::kIo,
                               .mseal_over_sealed = MsealOverSealed::kMerges,
                               .droppable_lock = DroppableLock::kNeverLocked,
                               .moved_anon_vma = MovedAnonVma::kPassedOn,
                               .unmergeable_flags = UnmergeableFlags::kKeepsOthers,
                               .mremap_charge = MremapCharge::kNothing,
                               .mprotect_uncharge = MprotectUncharge::kNever,
                               .mmap_joins = MmapJoins::kAboveFirst,
                               .mmap_replace = MmapReplace::kUnmapsThenCharges,
                               .uffd_unmapped = UffdUnmapped::kNomem,
                               .uffd_offset = UffdOffset::kOfVma,
                               .mempolicy_modes = MempolicyModes::kPlain,
                               .map_above_4g = MapAbove4G::kAbsent,
                               .populate_holes = PopulateHoles::kPassedOver,
                               .search_floor = SearchFloor::kFirstPage,
                               .failed_hook = FailedHook::kGivesBack,
                               .aligned_room = AlignedRoom::kFromBottom,
                               .asked_nodes = AskedNodes::kWithAnyFlag,
                               .uffd_floor = UffdFloor::kAnywhere,
                               .shared_names = SharedNames::kRefused,
                               .uffd_features = UffdFeatures::kEvents,
                               .uffd_owner = UffdOwner::kAnyones,
                               .uffd_special = UffdSpecial::kTaken,
                               .hugetlb_discard = HugetlbDiscard::kSpends,
                               .close_hooks = CloseHooks::kNeverMerge,
                               .alloc_without_keys = AllocWithoutKeys::kRefused,
                               .exec_seal = ExecSeal::kAbsent,
                               .mdwe = Mdwe::kAbsent,
                               .own_process_madvise = OwnProcessMadvise::kNone,
                               .future_write_seal = FutureWriteSeal::kByHook,
                               .uffd_marks = UffdMarks::kOneVma,
                               .uffd_remode = UffdRemode::kReplaces};

constexpr std::array k612{
    change<&P::process_ksm, ProcessKsm::kPresent>("6.4", "measured on 6.1 and 6.12"),
    change<&P::stack_maps, StackMaps::kNoHugePages>("6.7", "measured on 6.1 and 6.12"),
    change<&P::anon_placement, AnonPlacement::kHugePageAligned>("6.7", "measured on 6.1 and 6.12"),
    change<&P::mseal, MsealCall::kPresent>("6.10", "8be7258aad44"),
    change<&P::droppable_maps, DroppableMaps::kPresent>("6.11", "measured on 6.1 and 6.12"),
    change<&P::mprotect_uncharge, MprotectUncharge::kUnwritten>("6.7", "measured on 6.1 and 6.12"),
    change<&P::mmap_joins, MmapJoins::kBelowFirst>("6.12", "measured on 6.1 and 6.12"),
    change<&P::mmap_replace, MmapReplace::kChargesThenUnmaps>("6.12", "measured on 6.1 and 6.12"),
    change<&P::uffd_unmapped, UffdUnmapped::kInval>("6.3", "measured on 6.1 and 6.12"),
    change<&P::uffd_offset, UffdOffset::kOfRange>("6.4", "measured on 6.1 and 6.12"),
    change<&P::mempolicy_modes, MempolicyModes::kWithWeights>("6.9", "measured on 6.1 and 6.12"),
    change<&P::map_above_4g, MapAbove4G::kPresent>("6.6", "measured on 6.1 and 6.12"),
    change<&P::populate_holes, PopulateHoles::kEnd>("6.9", "measured on 6.1 and 6.12"),
    change<&P::search_floor, SearchFloor::kLowestMappable>("6.4", "measured on 6.1 and 6.12"),
    change<&P::aligned_room, AlignedRoom::kToTop>("6.8", "measured on 6.1 and 6.12"),
    change<&P::shared_names, SharedNames::kTaken>("6.2", "d09e8ca6cb93 (madvise_vma_anon_name)"),
    change<&P::uffd_features, UffdFeatures::kWpAsync>("6.7", "measured on 6.1 and 6.12"),
    change<&P::hugetlb_discard, HugetlbDiscard::kRestores>("6.9", "measured on 6.1 and 6.12"),
    change<&P::uffd_marks, UffdMarks::kManyVmas>("6.4", "measured on 6.1 and 6.12"),
    change<&P::close_hooks, CloseHooks::kNeverVanish>("6.4", "measured on 6.1 and 6.12"),
    change<&P::exec_seal, ExecSeal::kPresent>("6.3", "measured on 6.1 and 6.12"),
    change<&P::mdwe, Mdwe::kOptional>("6.7", "PR_MDWE_NO_INHERIT; PR_SET_MDWE since 6.3"),
    change<&P::own_process_madvise, OwnProcessMadvise::kHints>("6.12", "measured on 6.1 and 6.12"),
    change<&P::dontunmap_source, DontunmapSource::kCutOut>("6.12", "measured on 6.1 and 6.12"),
    change<&P::future_write_seal, FutureWriteSeal::kBeforehand>(
        "6.12", "memfd_check_seals_mmap; measured on 6.1.192 and 6.12.118"),
};

/// As the release of what none has yet.
constexpr std::string_view kOfAPatch = "patch";

/// What came to its stable kernels from 7.3.
constexpr std::array k612118{
    change<&P::uffd_move, UffdMove::kNeverMerges>("7.3",
                                                  "measured on 6.12.118; 6.12.117 is without"),
    change<&P::uffd_special, UffdSpecial::kRefused>("7.1.13", "measured on 6.12.118"),
};

/// What the patch was posted against.
constexpr std::array kBeforePatch{
    change<&P::hugetlb_placement, HugetlbPlacement::kCommonSearch>(
        "6.13", "hugetlb_get_unmapped_area; measured on 6.18"),
    change<&P::hugetlb_discard, HugetlbDiscard::kRestoresShared>("6.16",
                                                                 "measured on 6.12 and 6.16.12"),
    change<&P::guard_regions, GuardRegions::kByAnonVma>("6.13", "the source (MADV_GUARD_INSTALL)"),
    change<&P::own_process_madvise, OwnProcessMadvise::kAll>("6.13",
                                                             "measured on 6.12 and 6.16.12"),
    change<&P::mremap_checks, MremapChecks::kAlignmentFirst>("6.15", "the source (mremap)"),
    change<&P::dontunmap_source, DontunmapSource::kWholeUnaccounted>(
        "6.15", "the source (dontunmap_complete)"),
    change<&P::anon_vma_merge, AnonVmaMerge::kFaultedChainSingle>(
        "6.16", "879bca0a2c4f (is_mergeable_anon_vma); measured on 6.18"),
    change<&P::mmap_prepare, MmapPrepare::kPresent>("6.16", "c84bf6dd2b83"),
    change<&P::moved_anon_vma, MovedAnonVma::kForgotten>("6.16", "879bca0a2c4f (vma_expand)"),
    change<&P::mremap_charge, MremapCharge::kWhatIsCutOff>("6.15", "the source (mremap_to)"),
    change<&P::failed_hook, FailedHook::kKeepsTheOld>("6.16", "measured on 6.12.118 and 6.16.12"),
    change<&P::alloc_without_keys, AllocWithoutKeys::kTakesTheDefault>(
        "4.9", "measured on 6.18.15; 6.1.192 and 6.12.118 have it mended"),
};

constexpr std::array kPatchV2{
    change<&P::ksm_early, KsmEarly::kNoFileOrShmemOrPrepare>(kOfAPatch, "as posted for review"),
    change<&P::ksm_late, KsmLate::kBeforeHook>(kOfAPatch, "as posted for review"),
    change<&P::ksm_brk, KsmBrk::kBeforeMerge>(kOfAPatch, "as posted for review"),
};

constexpr std::array kPatchV2Review{
    change<&P::ksm_early, KsmEarly::kUnlessLegacyHook>(kOfAPatch, "the reviewer's predicate"),
};

constexpr std::array k616{
    change<&P::uffd_floor, UffdFloor::kLowestPlaced>("6.16", "measured on 6.12.118 and 6.16.12"),
    change<&P::droppable_lock, DroppableLock::kLocked>(
        "6.11", "measured on 6.16.12; 6.12.117 has it mended"),
    change<&P::unmergeable_flags, UnmergeableFlags::kDropsHigh>(
        "5.13", "measured on 6.16.12; 6.12.118 has it mended"),
};

constexpr std::array k617{
    change<&P::ksm_early, KsmEarly::kNoFileOrShmemOrPrepare>(
        "6.17", "cf7e7a3503df (can_set_ksm_flags_early); measured on 6.18"),
    change<&P::ksm_late, KsmLate::kAfterHook>("6.17", "cf7e7a3503df, corrected before the release"),
    change<&P::ksm_brk, KsmBrk::kBeforeMerge>("6.17",
                                              "cf7e7a3503df (ksm_vma_flags); measured on 6.18"),
    change<&P::mremap_checks, MremapChecks::kArgumentsFirst>("6.17",
                                                             "the source (check_mremap_params)"),
    change<&P::mremap_move, MremapMove::kSeveralVmas>("6.17", "measured on 6.17.13"),
    change<&P::dontunmap_source, DontunmapSource::kWhole>("6.17", "measured on 6.17.13"),
    change<&P::sealed_discard, SealedDiscard::kReadOnlyAnonymousOrZero>("6.17",
                                                                        "measured on 6.17.13"),
    change<&P::uffd_droppable, UffdDroppable::kRefused>("6.17", "measured on 6.17.13"),
    change<&P::mseal_over_sealed, MsealOverSealed::kLeavesTheRestApart>("6.17",
                                                                        "measured on 6.17.13"),
    change<&P::unmergeable_flags, UnmergeableFlags::kKeepsOthers>(
        "6.18", "f04aad36a07c (ksm_madvise); measured on 6.17.13"),
    change<&P::failed_hook, FailedHook::kKeepsAll>("6.17", "measured on 6.16.12 and 6.17.13"),
    change<&P::uffd_owner, UffdOwner::kItsOwn>("6.17", "measured on 6.16.12 and 6.17.13"),
};

constexpr std::array k61815{
    change<&P::zero_placement, ZeroPlacement::kHugePageAligned>(
        "6.18", "get_unmapped_area_zero; measured on 6.17.13 and 6.18.15"),
    change<&P::moved_anon_vma, MovedAnonVma::kPassedOn>(
        "6.19", "61f67c230a5e (vma_expand); measured on 6.17.13 and 6.18.15"),
};

/// What was mended in the stable kernels, and came there from 6.19 and 7.0.
constexpr std::array k618{
    change<&P::guard_regions, GuardRegions::kByFlag>("6.19", "VM_MAYBE_GUARD; measured on 6.18.44"),
    change<&P::mseal_over_sealed, MsealOverSealed::kMerges>("6.19.14", "measured on 6.18.44"),
    change<&P::droppable_lock, DroppableLock::kNeverLocked>("7.0", "measured on 6.18.44"),
    change<&P::uffd_floor, UffdFloor::kAnywhere>("7.0", "measured on 6.18.44"),
    change<&P::uffd_special, UffdSpecial::kRefused>("7.1.13", "the source; no kernel was asked"),
};

constexpr std::array k619{
    change<&P::zero_hook, ZeroHook::kPrepare>("6.19", "measured on 6.18.15 and 6.19.14"),
    change<&P::droppable_lock, DroppableLock::kLocked>(
        "6.19", "what 6.18.44 has mended; measured on 6.19.14"),
    change<&P::uffd_floor, UffdFloor::kLowestPlaced>(
        "6.19", "what 6.18.44 has mended; measured on 6.19.14"),
    change<&P::uffd_special, UffdSpecial::kTaken>("6.7", "measured on 6.19.14 and 7.0.13"),
};

constexpr std::array k70{
    change<&P::asked_nodes, AskedNodes::kWithNodeFlags>("7.0", "measured on 6.19.14 and 7.0.13"),
    change<&P::uffd_floor, UffdFloor::kAnywhere>("7.0", "measured on 6.19.14 and 7.0.13"),
    change<&P::dofork_refused, DoforkRefused::kSpecial>("7.0", "measured on 6.19.14 and 7.0.13"),
    change<&P::droppable_lock, DroppableLock::kNeverLocked>("7.0",
                                                            "measured on 6.19.14 and 7.0.13"),
};

constexpr std::array k71{
    change<&P::mremap_room, MremapRoom::kFourAlways>("7.1", "measured on 7.0.13 and 7.1.13"),
    change<&P::uffd_special, UffdSpecial::kRefused>("7.1.13", "measured on 7.0.13 and 7.1.13"),
};

constexpr std::array k72{
    change<&P::mremap_room, MremapRoom::kFourOrFiveAlways>("7.2", "measured on 7.1.13 and 7.2.12"),
    change<&P::dontunmap_source, DontunmapSource::kCutOut>("7.2", "measured on 7.1.13 and 7.2.12"),
    change<&P::failed_hook, FailedHook::kKeepsTheOld>("7.2", "measured on 7.1.13 and 7.2.13"),
    change<&P::hugetlb_discard, HugetlbDiscard::kRestores>("7.2", "measured on 7.1.13 and 7.2.13"),
    change<&P::own_process_madvise, OwnProcessMadvise::kKnown>("7.2",
                                                               "measured on 7.1.13 and 7.2.13"),
    change<&P::alloc_without_keys, AllocWithoutKeys::kRefused>("7.2",
                                                               "measured on 7.1.13 and 7.2.13"),
};

constexpr std::array k73{
    change<&P::anon_pgoff, AnonPgoff::kOwn>("7.3", "measured on 7.2.12 and 7.3.4"),
    change<&P::uffd_move, UffdMove::kNeverMerges>("7.3", "measured on 7.2.12 and 7.3.4"),
    change<&P::mremap_charge, MremapCharge::kNothing>("7.3", "measured on 7.2.13 and 7.3.4"),
    change<&P::failed_hook, FailedHook::kGivesBack>("7.3", "measured on 7.2.13 and 7.3.4"),
    change<&P::uffd_features, UffdFeatures::kRwp>("7.3", "measured on 7.2.13 and 7.3.4"),
    change<&P::uffd_remode, UffdRemode::kRefused>("7.3", "measured on 7.2.13 and 7.3.4"),
};

constexpr std::string_view kPatchBase = "before-patch";

constexpr std::array kSteps{
    ProfileStep{.name = kFirst.name, .base = {}, .summary = kFirst.summary, .changes = {}},
    ProfileStep{
        .name = "linux-6.12",
        .base = "linux-6.1",
        .summary =
            "before the patch (6.12.117): new mappings get VM_MERGEABLE after the merge attempt",
        .changes = k612},
    ProfileStep{.name = "linux-6.12.118",
                .base = "linux-6.12",
                .summary = "6.12 as its later stable kernels have it",
                .changes = k612118},
    ProfileStep{.name = kPatchBase,
                .base = "linux-6.12",
                .summary = "what the patch was posted against, on the way to 6.16",
                .is_profile = false,
                .changes = kBeforePatch},
    ProfileStep{.name = "patch-v2",
                .base = kPatchBase,
                .summary = "the patch as posted: the late flag is computed before the .mmap hook",
                .changes = kPatchV2},
    ProfileStep{.name = "patch-v2-review",
                .base = "patch-v2",
                .summary = "as patch-v2, with the reviewer's predicate: early unless f_op->mmap",
                .changes = kPatchV2Review},
    ProfileStep{.name = "linux-6.16",
                .base = kPatchBase,
                .summary = "the last release before the patch",
                .changes = k616},
    ProfileStep{.name = "linux-6.17",
                .base = "linux-6.16",
                .summary = "the patch as released: the late flag is computed after the .mmap hook",
                .changes = k617},
    ProfileStep{.name = "linux-6.18.15",
                .base = "linux-6.17",
                .summary = "6.18 before what its later stable kernels mend",
                .changes = k61815},
    ProfileStep{.name = "linux-6.18",
                .base = "linux-6.18.15",
                .summary = "6.18 as its later stable kernels have it (6.18.44)",
                .changes = k618},
    ProfileStep{.name = "linux-6.19",
                .base = "linux-6.18",
                .summary = "/dev/zero has .mmap_prepare",
                .changes = k619},
    ProfileStep{.name = "linux-7.0",
                .base = "linux-6.19",
                .summary = "MADV_DOFORK is refused on all that is special",
                .changes = k70},
    ProfileStep{.name = "linux-7.1",
                .base = "linux-7.0",
                .summary = "mremap asks for room at the map count limit once, and always",
                .changes = k71},
    ProfileStep{.name = "linux-7.2",
                .base = "linux-7.1",
                .summary = "MREMAP_DONTUNMAP cuts its source out",
                .changes = k72},
    ProfileStep{.name = "linux-7.3",
                .base = "linux-7.2",
                .summary = "private file mappings have an offset of their own pages",
                .changes = k73},
};

constexpr const ProfileStep& step_named(std::string_view name) {
  for (const ProfileStep& step : kSteps) {
    if (step.name == name) return step;
  }
  return kSteps.front();
}

constexpr KernelProfile made(const ProfileStep& step) {
  KernelProfile profile = step.base.empty() ? kFirst : made(step_named(step.base));
  for (const ProfileChange& change : step.changes) change.apply(profile);
  profile.name = step.name;
  profile.summary = step.summary;
  return profile;
}

constexpr std::size_t kProfileCount = [] {
  std::size_t count = 0;
  for (const ProfileStep& step : kSteps) count += step.is_profile ? 1 : 0;
  return count;
}();

constexpr std::array<KernelProfile, kProfileCount> kProfiles = [] {
  std::array<KernelProfile, kProfileCount> profiles{};
  std::size_t count = 0;
  for (const ProfileStep& step : kSteps) {
    if (step.is_profile) profiles[count++] = made(step);
  }
  return profiles;
}();

}  // namespace

std::span<const ProfileStep> profile_history() { return kSteps; }

KernelProfile profile_of_step(std::string_view name) { return made(step_named(name)); }

bool is_release(const KernelProfile& profile) {
  for (const ProfileStep* step = &step_named(profile.name);; step = &step_named(step->base)) {
    for (const ProfileChange& change : step->changes) {
      if (change.since == kOfAPatch) return false;
    }
    if (step->base.empty()) return true;
  }
}

std::vector<const ProfileChange*> origins_of(const Behaviour& behaviour, std::size_t value) {
  std::vector<const ProfileChange*> origins;
  for (const ProfileStep& step : kSteps) {
    if (step.base.empty()) continue;
    auto profile = profile_of_step(step.base);
    for (const ProfileChange& change : step.changes) {
      const auto before = behaviour.get(profile);
      change.apply(profile);
      if (change.since == kOfAPatch) continue;
      if (behaviour.get(profile) == value && before != value) origins.push_back(&change);
    }
  }
  return origins;
}

std::span<const KernelProfile> profiles() { return kProfiles; }

std::optional<KernelProfile> profile_named(std::string_view wanted) {
  for (const KernelProfile& profile : kProfiles) {
    if (profile.name == wanted) return profile;
  }
  return std::nullopt;
}

}  // namespace vmadiff::spec
