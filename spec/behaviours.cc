// spec: the list of behaviours. A field of KernelProfile is a row here.
#include "spec/behaviours.h"

#include <array>
#include <type_traits>
#include <utility>

namespace vmadiff::spec {
namespace {

template <auto kField>
using ValueOf = std::remove_cvref_t<decltype(std::declval<KernelProfile&>().*kField)>;

/// `last` is the enum's last value.
template <auto kField>
constexpr Behaviour row(std::string_view field, std::string_view what, ValueOf<kField> last) {
  using Value = ValueOf<kField>;
  return {
      .name = field,
      .what = what,
      .count = static_cast<std::size_t>(last) + 1,
      .value_name = [](std::size_t value) { return name(static_cast<Value>(value)); },
      .get = [](const KernelProfile& p) { return static_cast<std::size_t>(p.*kField); },
      .set = [](KernelProfile& p, std::size_t value) { p.*kField = static_cast<Value>(value); }};
}

constexpr std::array kBehaviours{
    row<&KernelProfile::ksm_early>("ksm_early", "KSM flag before the merge attempt, for",
                                   KsmEarly::kUnlessLegacyHook),
    row<&KernelProfile::ksm_late>("ksm_late", "KSM flag for the others", KsmLate::kAfterHook),
    row<&KernelProfile::ksm_brk>("ksm_brk", "KSM flag of new brk pages", KsmBrk::kBeforeMerge),
    row<&KernelProfile::anon_vma_merge>("anon_vma_merge", "anon_vmas that may merge",
                                        AnonVmaMerge::kFaultedChainSingle),
    row<&KernelProfile::mmap_prepare>("mmap_prepare", ".mmap_prepare", MmapPrepare::kPresent),
    row<&KernelProfile::zero_placement>("zero_placement", "hint-less private /dev/zero",
                                        ZeroPlacement::kHugePageAligned),
    row<&KernelProfile::hugetlb_placement>("hugetlb_placement", "hugetlb files are placed by",
                                           HugetlbPlacement::kCommonSearch),
    row<&KernelProfile::mremap_checks>("mremap_checks", "mremap looks first at",
                                       MremapChecks::kArgumentsFirst),
    row<&KernelProfile::mremap_move>("mremap_move", "mremap moves", MremapMove::kSeveralVmas),
    row<&KernelProfile::dontunmap_source>("dontunmap_source", "MREMAP_DONTUNMAP unlocks",
                                          DontunmapSource::kWhole),
    row<&KernelProfile::sealed_discard>("sealed_discard", "a seal refuses to discard",
                                        SealedDiscard::kReadOnlyAnonymousOrZero),
    row<&KernelProfile::process_ksm>("process_ksm", "PR_SET_MEMORY_MERGE", ProcessKsm::kPresent),
    row<&KernelProfile::mseal>("mseal", "mseal", MsealCall::kPresent),
    row<&KernelProfile::droppable_maps>("droppable_maps", "MAP_DROPPABLE", DroppableMaps::kPresent),
    row<&KernelProfile::stack_maps>("stack_maps", "MAP_STACK asks for", StackMaps::kNoHugePages),
    row<&KernelProfile::anon_placement>("anon_placement", "hint-less private anonymous memory",
                                        AnonPlacement::kHugePageAligned),
    row<&KernelProfile::uffd_droppable>("uffd_droppable", "droppable memory is, by a userfaultfd,",
                                        UffdDroppable::kRefused),
    row<&KernelProfile::guard_regions>("guard_regions", "guards are found at a fork",
                                       GuardRegions::kByFlag),
    row<&KernelProfile::zero_hook>("zero_hook", "/dev/zero is mapped by", ZeroHook::kPrepare),
    row<&KernelProfile::anon_pgoff>("anon_pgoff", "own pages of private files have the offset",
                                    AnonPgoff::kOwn),
    row<&KernelProfile::uffd_move>("uffd_move", "memory of a userfaultfd that is moved",
                                   UffdMove::kNeverMerges),
    row<&KernelProfile::mremap_room>("mremap_room",
                                     "mremap asks for room below the map count limit,",
                                     MremapRoom::kFourOrFiveAlways),
    row<&KernelProfile::dofork_refused>(
        "dofork_refused", "MADV_DOFORK is refused on memory that is", DoforkRefused::kSpecial),
    row<&KernelProfile::mseal_over_sealed>("mseal_over_sealed", "mseal over what is sealed in part",
                                           MsealOverSealed::kMerges),
    row<&KernelProfile::droppable_lock>("droppable_lock", "droppable memory under MCL_FUTURE is",
                                        DroppableLock::kNeverLocked),
    row<&KernelProfile::moved_anon_vma>("moved_anon_vma",
                                        "moved beside what was never written, an anon_vma is",
                                        MovedAnonVma::kPassedOn),
    row<&KernelProfile::unmergeable_flags>("unmergeable_flags", "MADV_UNMERGEABLE, of other flags,",
                                           UnmergeableFlags::kKeepsOthers),
    row<&KernelProfile::mremap_charge>("mremap_charge",
                                       "mremap to a given address that shrinks is charged for",
                                       MremapCharge::kWhatIsCutOff),
    row<&KernelProfile::mprotect_uncharge>(
        "mprotect_uncharge", "mprotect to read-only gives the charge back of what was",
        MprotectUncharge::kUnwritten),
    row<&KernelProfile::mmap_joins>("mmap_joins", "a new mapping joins", MmapJoins::kBelowFirst),
    row<&KernelProfile::mmap_replace>("mmap_replace", "mmap, of what it replaces,",
                                      MmapReplace::kChargesThenUnmaps),
    row<&KernelProfile::uffd_unmapped>(
        "uffd_unmapped", "a userfaultfd, where nothing is mapped, gives", UffdUnmapped::kInval),
    row<&KernelProfile::uffd_offset>("uffd_offset", "a userfaultfd merges by the offset",
                                     UffdOffset::kOfRange),
    row<&KernelProfile::mempolicy_modes>("mempolicy_modes", "the modes of memory policies are",
                                         MempolicyModes::kWithWeights),
    row<&KernelProfile::map_above_4g>("map_above_4g", "MAP_ABOVE4G", MapAbove4G::kPresent),
    row<&KernelProfile::populate_holes>("populate_holes", "populating, holes are",
                                        PopulateHoles::kEnd),
    row<&KernelProfile::search_floor>("search_floor", "a free range is looked for down to",
                                      SearchFloor::kLowestMappable),
    row<&KernelProfile::failed_hook>("failed_hook", "a mapping that its file's hook refuses",
                                     FailedHook::kKeepsAll),
    row<&KernelProfile::aligned_room>("aligned_room", "aligned, room with a huge page more is used",
                                      AlignedRoom::kToTop),
    row<&KernelProfile::asked_nodes>("asked_nodes", "the nodes asked for are of a memory policy",
                                     AskedNodes::kWithNodeFlags),
    row<&KernelProfile::uffd_floor>("uffd_floor", "a userfaultfd's ranges may begin",
                                    UffdFloor::kAnywhere),
    row<&KernelProfile::shared_names>(
        "shared_names", "names for memfds and shared anonymous memory are", SharedNames::kTaken),
    row<&KernelProfile::uffd_features>("uffd_features", "a userfaultfd can have",
                                       UffdFeatures::kRwp),
    row<&KernelProfile::uffd_owner>("uffd_owner", "a userfaultfd unregisters memory that is",
                                    UffdOwner::kItsOwn),
    row<&KernelProfile::uffd_special>("uffd_special", "a driver's memory is, by WP_ASYNC,",
                                      UffdSpecial::kRefused),
    row<&KernelProfile::hugetlb_discard>("hugetlb_discard",
                                         "a huge page that is thrown away, of its reservation",
                                         HugetlbDiscard::kRestores),
    row<&KernelProfile::close_hooks>("close_hooks", "VMAs with a close hook",
                                     CloseHooks::kNeverVanish),
    row<&KernelProfile::alloc_without_keys>(
        "alloc_without_keys", "pkey_alloc without protection keys", AllocWithoutKeys::kRefused),
    row<&KernelProfile::exec_seal>("exec_seal", "F_SEAL_EXEC", ExecSeal::kPresent),
    row<&KernelProfile::mdwe>("mdwe", "PR_SET_MDWE", Mdwe::kOptional),
    row<&KernelProfile::own_process_madvise>("own_process_madvise",
                                             "process_madvise takes, of the process itself,",
                                             OwnProcessMadvise::kKnown),
    row<&KernelProfile::future_write_seal>("future_write_seal", "F_SEAL_FUTURE_WRITE is looked at",
                                           FutureWriteSeal::kBeforehand),
    row<&KernelProfile::uffd_marks>("uffd_marks", "UFFDIO_WRITEPROTECT marks",
                                    UffdMarks::kManyVmas),
    row<&KernelProfile::uffd_remode>(
        "uffd_remode", "a userfaultfd's memory, registered without WP,", UffdRemode::kRefused),
};

}  // namespace

std::span<const Behaviour> behaviours() { return kBehaviours; }

}  // namespace vmadiff::spec
