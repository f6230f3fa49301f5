// spec: what a kernel version promises, as named behaviours. Model and implementation take a
// profile as a value; neither ever asks for a version.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vmadiff::spec {

/// For which new mappings VM_MERGEABLE is computed before the merge attempt
/// (can_set_ksm_flags_early, cf7e7a3503df).
enum class KsmEarly : std::uint8_t {
  kNever,                   ///< before the patch
  kNoFileOrShmemOrPrepare,  ///< the patch: no file, shmem, or a file with `.mmap_prepare`
  kUnlessLegacyHook,        ///< the reviewer's: no file, shmem, or a file without `.mmap`
};

/// When it is computed for the others, on a VMA that is newly created (never on one merged into).
enum class KsmLate : std::uint8_t {
  kAfterMapping,  ///< before the patch: last of all (ksm_add_vma)
  kBeforeHook,    ///< the patch as posted: before the `.mmap` hook runs, from the flags before it
  kAfterHook,     ///< as released: after the `.mmap` hook, from the flags that it left
};

/// When brk's new pages get VM_MERGEABLE.
enum class KsmBrk : std::uint8_t {
  kAfterMapping,  ///< only on a newly created VMA, last of all (ksm_add_vma)
  kBeforeMerge,   ///< in the flags with which the merge is tried (ksm_vma_flags)
};

/// Which anon_vmas may merge (is_mergeable_anon_vma; 879bca0a2c4f, 6.16).
enum class AnonVmaMerge : std::uint8_t {
  kNeighbourChainSingle,  ///< 6.12: equal, or one absent and the neighbour's chain has just one
                          ///< link
  kFaultedChainSingle,    ///< 6.16: the one that has an anon_vma must not have come through fork
};

/// Whether files can have `.mmap_prepare` (c84bf6dd2b83, 6.16).
enum class MmapPrepare : std::uint8_t { kAbsent, kPresent };

/// How a hint-less private mapping of /dev/zero is placed (measured on 6.18;
/// get_unmapped_area_zero).
enum class ZeroPlacement : std::uint8_t { kPlain, kHugePageAligned };

/// When mremap looks at new_addr, at whether the destination overlaps the source, and at the room
/// below the map count limit that a move to a given address asks for.
enum class MremapChecks : std::uint8_t {
  kVmaFirst,        ///< 6.12: behind the look for the VMA, so EFAULT wins over EINVAL and ENOMEM
  kAlignmentFirst,  ///< 6.15: alignment and map count before it, where the range lies behind it
  kArgumentsFirst,  ///< 6.17: all before it; and the VMA's own checks before anything is unmapped
};

/// What MREMAP_DONTUNMAP leaves where the memory was (dontunmap_complete; measured on 6.18).
enum class DontunmapSource : std::uint8_t {
  kCutOutAlone,  ///< 6.1.192: as kCutOut; what is moved right beside its source, never written,
                 ///< is merged with nothing on the other side either
  kCutOut,       ///< 6.12.117: locked memory is cut at the range's ends before it loses its
                 ///< lock; the two never become one; a VMA that loses its anon_vma gets the
                 ///< offset of fresh memory
  kWholeUnaccounted,  ///< 6.15: the whole VMA loses VM_LOCKED and VM_ACCOUNT; locked_vm stays high
  kWhole,             ///< 6.17: the whole VMA loses VM_LOCKED; locked_vm stays high
};
[[nodiscard]] constexpr bool is_cut_out(DontunmapSource source) {
  return source == DontunmapSource::kCutOut || source == DontunmapSource::kCutOutAlone;
}

/// How a hugetlb file's mapping without MAP_FIXED is placed (hugetlb_get_unmapped_area; 6.13).
enum class HugetlbPlacement : std::uint8_t {
  kOwnSearch,    ///< a hint is rounded down to a huge page; MAP_32BIT and MAP_ABOVE4G do nothing
  kCommonSearch  ///< it is rounded up, and then all is as for other mappings
};

/// What mremap does with a range over several VMAs (measured on 6.18; 6.17).
enum class MremapMove : std::uint8_t {
  kOneVma,      ///< EFAULT
  kSeveralVmas  ///< a move to a fixed address that keeps the size moves them one by one
};

/// Where a sealed VMA refuses the advice that discards pages (can_modify_vma_madv; 6.17, measured
/// on 6.18).
enum class SealedDiscard : std::uint8_t {
  kReadOnlyAnonymous,       ///< private memory without a file that cannot be written
  kReadOnlyAnonymousOrZero  ///< private /dev/zero too
};

/// Whether KSM can be turned on for a whole process (prctl(PR_SET_MEMORY_MERGE); 6.4): else EINVAL.
enum class ProcessKsm : std::uint8_t { kAbsent, kPresent };

/// mseal(2) (6.10): else ENOSYS.
enum class MsealCall : std::uint8_t { kAbsent, kPresent };

/// MAP_DROPPABLE (6.11): else a type that is not known.
enum class DroppableMaps : std::uint8_t { kAbsent, kPresent };

/// What MAP_STACK does (6.7; measured on 6.1 and 6.12).
enum class StackMaps : std::uint8_t { kAsAnyOther, kNoHugePages };

/// How hint-less private anonymous memory of whole huge pages is placed (6.7; measured on 6.1 and
/// 6.12).
enum class AnonPlacement : std::uint8_t { kPlain, kHugePageAligned };

/// Whether a userfaultfd takes droppable memory (vma_can_userfault: the check looked at the flags
/// of the registration, not at the VMA's; 6.17, measured on 6.18).
enum class UffdDroppable : std::uint8_t { kTaken, kRefused };

/// MADV_GUARD_INSTALL and MADV_GUARD_REMOVE (6.13), and how a fork knows that it must copy guards.
enum class GuardRegions : std::uint8_t {
  kAbsent,     ///< advice that is not known
  kByAnonVma,  ///< every VMA that gets guards gets an anon_vma (6.13; files too since 6.15)
  kByFlag,     ///< it gets VM_MAYBE_GUARD, which is sticky, and an anon_vma only if it is anonymous
               ///< (6.19, measured on 6.18.44)
};

/// Which hook /dev/zero has (drivers/char/mem.c; 6.19, measured on 6.18.15, 6.18.44 and 6.19.14).
/// With `.mmap_prepare` its private mappings get VM_MERGEABLE before the merge attempt.
enum class ZeroHook : std::uint8_t { kLegacy, kPrepare };

/// By which offsets private mappings of a file merge where they have pages of their own (7.3,
/// measured on 7.2.12 and 7.3.4).
enum class AnonPgoff : std::uint8_t {
  kOfFile,  ///< by the file's alone
  kOwn      ///< by the file's and by one of their own pages', which moves with the memory
};

/// Whether mremap tries to merge memory that is registered with a userfaultfd where it goes to
/// (without UFFD_FEATURE_EVENT_REMAP; 7.3, measured on 7.2.12 and 7.3.4).
enum class UffdMove : std::uint8_t {
  kMerges,      ///< it has lost its registration before, and so does the neighbour that it joins
  kNeverMerges  ///< it loses its own, and stays apart
};

/// The room below the map count limit that mremap asks for (7.1 and 7.2, measured on 7.0.13,
/// 7.1.13, 7.2.12).
enum class MremapRoom : std::uint8_t {
  kSixForAMove,       ///< limit >= count + 6, where memory certainly goes to another address
  kFourAlways,        ///< limit >= count + 4, for every mremap, behind the look at the arguments
                      ///< and before that for the VMA; and for each VMA that moves count + 2
  kFourOrFiveAlways,  ///< as kFourAlways; MREMAP_DONTUNMAP asks for one more, and a VMA that it
                      ///< moves if that is locked
};

/// On what MADV_DOFORK is refused (7.0, measured on 6.19.14 and 7.0.13). hugetlb is VM_DONTEXPAND,
/// and so VM_SPECIAL.
enum class DoforkRefused : std::uint8_t { kIo, kSpecial };

/// What mseal over several VMAs does behind what has just merged with memory that was sealed before
/// (measured on 6.18.15, and on 6.18.44 and 6.19.14, which have it mended).
enum class MsealOverSealed : std::uint8_t {
  kLeavesTheRestApart,  ///< the VMA after that merges with neither neighbour
  kMerges
};

/// MAP_DROPPABLE under mlockall(MCL_FUTURE) (measured on 6.18.15, and on 6.18.44 and 7.0.13).
enum class DroppableLock : std::uint8_t {
  kLocked,      ///< as other memory
  kNeverLocked  ///< neither VM_LOCKED nor counted
};

/// What becomes of the anon_vma of memory that mremap moves beside memory that was never written,
/// where the two become one VMA (since anon_vma_merge is faulted-chain-single; measured on 6.16.12,
/// 6.17.13, and on 6.18.15, which has it mended).
enum class MovedAnonVma : std::uint8_t {
  kForgotten,  ///< the VMA has none, unless the neighbour behind it that joins, too, has one; nor
               ///< is it asked whether it came through fork
  kPassedOn    ///< the VMA has it; what came through fork stays apart
};

/// What MADV_UNMERGEABLE does to flags above the 31st bit, of memory that is mergeable (until 6.18
/// and its stable kernels, f04aad36a07c; measured on 6.16.12, and on 6.12.118 and 6.17.13, which
/// have it mended). Of the flags that mergeable memory can have only VM_SEALED is so high.
enum class UnmergeableFlags : std::uint8_t {
  kDropsHigh,  ///< the seal is gone
  kKeepsOthers,
};

/// What an mremap to a given address that shrinks is charged for (6.15, and mended in 7.3; measured
/// on 7.2.13 and 7.3.4). What is refused for it has been unmapped before.
enum class MremapCharge : std::uint8_t {
  kNothing,       ///< it is larger nowhere
  kWhatIsCutOff,  ///< as if it came with the move, if it is VM_ACCOUNT
};

/// Whether private memory that mprotect makes read-only gives its charge back (VM_ACCOUNT; measured
/// on 6.1 and 6.12.118).
enum class MprotectUncharge : std::uint8_t {
  kNever,
  kUnwritten,  ///< anonymous memory that was never written does
};

/// Which neighbours a new mapping of mmap joins that suits both (measured on 6.1 and 6.12.118).
enum class MmapJoins : std::uint8_t {
  kAboveFirst,  ///< the one above; the one below only where its anon_vma suits that one
  kBelowFirst,  ///< the one below; the one above, too, where their anon_vmas agree
};

/// How mmap takes away what it replaces (measured on 6.1 and 6.12.118).
enum class MmapReplace : std::uint8_t {
  kUnmapsThenCharges,  ///< limits are looked at first; ENOMEM where it cannot be unmapped; a charge
                       ///< that is refused comes too late for it
  kChargesThenUnmaps,  ///< it is cut at the ends first, and is there until limits and charge allow
                       ///< the new mapping; it counts against the charge
};

/// What registering and unregistering with a userfaultfd say where nothing is mapped in the range
/// nor above it (measured on 6.1 and 6.12.118).
enum class UffdUnmapped : std::uint8_t {
  kNomem,
  kInval,  ///< as where something is mapped above it
};

/// With which page offset a part of a VMA that a userfaultfd is registered for, or no longer, is
/// held against its neighbours (the source; measured on 6.1 and 6.12.118).
enum class UffdOffset : std::uint8_t {
  kOfVma,    ///< the VMA's, also where the part begins behind its start: it joins the neighbour
             ///< above by chance only, and is then at the wrong place in the file
  kOfRange,  ///< its own
};

/// The modes of memory policies: MPOL_WEIGHTED_INTERLEAVE (6.9), and MPOL_F_NUMA_BALANCING with
/// MPOL_PREFERRED_MANY (6.10); both measured on 6.1 and 6.12.118.
enum class MempolicyModes : std::uint8_t {
  kPlain,  ///< neither
  kWithWeights,
};

/// MAP_ABOVE4G (6.6; measured on 6.1 and 6.12.118): else it is a flag that is not known.
enum class MapAbove4G : std::uint8_t {
  kAbsent,
  kPresent,
};

/// What MADV_POPULATE_READ and MADV_POPULATE_WRITE do at a hole (measured on 6.1 and 6.12.118):
/// ENOMEM either way.
enum class PopulateHoles : std::uint8_t {
  kPassedOver,  ///< what lies behind is populated
  kEnd,         ///< nothing more is done
};

/// How far down the search for a free range goes (6.4; measured on 6.1 and 6.12.118).
enum class SearchFloor : std::uint8_t {
  kFirstPage,       ///< page 1; what is found below vm.mmap_min_addr is then EPERM
  kLowestMappable,  ///< Setup::placement_min_addr; behind that it is tried upwards
};

/// What of its charge a private writable mapping keeps for good that its file's hook refuses
/// (measured on 6.12.118, 6.16.12, 6.17.13, 7.1.13, 7.2.13 and 7.3.4). Results and layouts are one.
enum class FailedHook : std::uint8_t {
  kGivesBack,    ///< nothing
  kKeepsTheOld,  ///< that of what MAP_FIXED has replaced (6.16 to 7.2)
  kKeepsAll      ///< that, and with `.mmap_prepare` its own (6.17 to 7.1)
};

/// Where a mapping that is aligned to huge pages goes, if the room that was found for it, a huge
/// page more than its length, begins where it could begin (6.8; measured on 6.1 and 6.12.118).
enum class AlignedRoom : std::uint8_t {
  kFromBottom,  ///< there
  kToTop,       ///< a huge page above, unless the search goes upwards
};

/// With which mode flags a memory policy is also the nodes that were asked for, so that VMAs are
/// apart where these differ (mpol_store_user_nodemask; measured on 6.19.14 and 7.0.13).
enum class AskedNodes : std::uint8_t {
  kWithAnyFlag,   ///< MPOL_F_NUMA_BALANCING, too
  kWithNodeFlags  ///< MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES (7.0)
};

/// Where a range that a userfaultfd is told may begin (validate_range; measured on 6.19.14 and
/// 7.0.13).
enum class UffdFloor : std::uint8_t {
  kLowestPlaced,  ///< at Setup::placement_min_addr: below is EINVAL
  kAnywhere       ///< 7.0
};

/// Whether shared memory without a file, too, may be given a name (PR_SET_VMA_ANON_NAME).
enum class SharedNames : std::uint8_t {
  kRefused,  ///< EBADF, as of files
  kTaken     ///< 6.2
};

/// Which features a userfaultfd can have (UFFDIO_API), of those that are modelled; others are
/// EINVAL.
enum class UffdFeatures : std::uint8_t {
  kEvents,   ///< events on forks and moves; unknown ones are refused before a missing capability
  kWpAsync,  ///< WP_UNPOPULATED and WP_ASYNC (6.4 and 6.7)
  kRwp       ///< RWP and RWP_ASYNC, and the mode RWP (7.3)
};

/// Whose memory a userfaultfd may unregister (userfaultfd_unregister; 6.17).
enum class UffdOwner : std::uint8_t {
  kAnyones,  ///< another's too
  kItsOwn    ///< another's is EINVAL
};

/// Whether WP_ASYNC may be registered for drivers' memory, as for all other (vma_can_userfault).
enum class UffdSpecial : std::uint8_t { kTaken, kRefused };

/// Which memory UFFDIO_WRITEPROTECT marks (mwriteprotect_range; 6.4, a1b92a3f14d2).
enum class UffdMarks : std::uint8_t {
  kOneVma,   ///< a part of one VMA: else ENOENT
  kManyVmas  ///< all of the range, up to the first VMA that is not registered for it
};

/// Registering again in a mode without WP (or RWP) what is registered for it (userfaultfd_register;
/// 7.3).
enum class UffdRemode : std::uint8_t {
  kReplaces,  ///< is then registered for the new mode alone
  kRefused    ///< EBUSY: pages may be marked
};

/// What becomes of the reservation of a private mapping's huge page that is thrown away while the
/// mapping stays (MADV_DONTNEED, MADV_REMOVE).
enum class HugetlbDiscard : std::uint8_t {
  kSpends,          ///< it was used up with the page
  kRestoresShared,  ///< so also where a child of its fork still has the page, and munmap, too: the
                    ///< pool has one reservation too few until the child lets go (measured
                    ///< on 6.16.12 to 7.1.13)
  kRestores         ///< the mapping has it again, unless the pool has surplus pages (6.9)
};

/// What becomes of VMAs with a close hook (System V shared memory; 6.4, measured on 6.1 and
/// 6.12.118).
enum class CloseHooks : std::uint8_t {
  kNeverMerge,   ///< they merge with nothing
  kNeverVanish,  ///< they merge where none of them goes by that
};

/// What pkey_alloc does on a machine without protection keys (measured on 6.1.192, 6.12.118 and
/// 6.18.44; 7.3.4 by its source).
enum class AllocWithoutKeys : std::uint8_t {
  kTakesTheDefault,  ///< takes the key 0, which cannot be given back, and says EINVAL; then ENOSPC
  kRefused,          ///< ENOSPC
};

/// When F_SEAL_FUTURE_WRITE is looked at (measured on 6.1.192, 6.12.118 and 7.3.4). F_SEAL_WRITE is
/// before anything is done, on all of them.
enum class FutureWriteSeal : std::uint8_t {
  kByHook,     ///< by shmem's hook: what was there is gone by then, and where the mapping becomes a
               ///< part of another VMA it is not looked at; where VM_MAYWRITE goes a merge is tried
               ///< again
  kBeforehand  ///< with F_SEAL_WRITE (memfd_check_seals_mmap)
};

/// F_SEAL_EXEC and MFD_NOEXEC_SEAL (6.3): else it is a seal that is not known.
enum class ExecSeal : std::uint8_t { kAbsent, kPresent };

/// PR_SET_MDWE (6.3): else EINVAL.
enum class Mdwe : std::uint8_t {
  kAbsent,
  kInherited,  ///< over fork and exec, always
  kOptional    ///< PR_MDWE_NO_INHERIT (6.7)
};

/// Which advice process_madvise takes of a process for itself (measured: kNone on 6.1, kAll on
/// 6.16.12, 6.18.15, 6.18.44 and 7.1.13, kKnown on 7.2.13 and 7.3.4; 6.12.118 by its source).
enum class OwnProcessMadvise : std::uint8_t {
  kNone,   ///< CAP_SYS_NICE is asked for, which no agent has
  kHints,  ///< MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE
  kAll,    ///< what madvise takes, asked range by range: of no bytes, whatever it is (6.13)
  kKnown   ///< what madvise takes, asked first (7.2)
};

/// Which values a release has, and since when, is in spec/profile_history.cc.
struct KernelProfile {
  std::string_view name;
  std::string_view summary;
  KsmEarly ksm_early{};
  KsmLate ksm_late{};
  KsmBrk ksm_brk{};
  AnonVmaMerge anon_vma_merge{};
  MmapPrepare mmap_prepare{};
  ZeroPlacement zero_placement{};
  HugetlbPlacement hugetlb_placement{};
  MremapChecks mremap_checks{};
  MremapMove mremap_move{};
  DontunmapSource dontunmap_source{};
  SealedDiscard sealed_discard{};
  ProcessKsm process_ksm{};
  MsealCall mseal{};
  DroppableMaps droppable_maps{};
  StackMaps stack_maps{};
  AnonPlacement anon_placement{};
  UffdDroppable uffd_droppable{};
  GuardRegions guard_regions{};
  ZeroHook zero_hook{};
  AnonPgoff anon_pgoff{};
  UffdMove uffd_move{};
  MremapRoom mremap_room{};
  DoforkRefused dofork_refused{};
  MsealOverSealed mseal_over_sealed{};
  DroppableLock droppable_lock{};
  MovedAnonVma moved_anon_vma{};
  UnmergeableFlags unmergeable_flags{};
  MremapCharge mremap_charge{};
  MprotectUncharge mprotect_uncharge{};
  MmapJoins mmap_joins{};
  MmapReplace mmap_replace{};
  UffdUnmapped uffd_unmapped{};
  UffdOffset uffd_offset{};
  MempolicyModes mempolicy_modes{};
  MapAbove4G map_above_4g{};
  PopulateHoles populate_holes{};
  SearchFloor search_floor{};
  FailedHook failed_hook{};
  AlignedRoom aligned_room{};
  AskedNodes asked_nodes{};
  UffdFloor uffd_floor{};
  SharedNames shared_names{};
  UffdFeatures uffd_features{};
  UffdOwner uffd_owner{};
  UffdSpecial uffd_special{};
  HugetlbDiscard hugetlb_discard{};
  CloseHooks close_hooks{};
  AllocWithoutKeys alloc_without_keys{};
  ExecSeal exec_seal{};
  Mdwe mdwe{};
  OwnProcessMadvise own_process_madvise{};
  FutureWriteSeal future_write_seal{};
  UffdMarks uffd_marks{};
  UffdRemode uffd_remode{};
};

[[nodiscard]] std::span<const KernelProfile> profiles();
[[nodiscard]] std::optional<KernelProfile> profile_named(std::string_view name);
inline constexpr std::string_view kDefaultProfileName = "linux-6.18";

[[nodiscard]] std::string_view name(KsmEarly b);
[[nodiscard]] std::string_view name(KsmLate b);
[[nodiscard]] std::string_view name(KsmBrk b);
[[nodiscard]] std::string_view name(AnonVmaMerge b);
[[nodiscard]] std::string_view name(MmapPrepare b);
[[nodiscard]] std::string_view name(ZeroPlacement b);
[[nodiscard]] std::string_view name(HugetlbPlacement b);
[[nodiscard]] std::string_view name(MremapChecks b);
[[nodiscard]] std::string_view name(MremapMove b);
[[nodiscard]] std::string_view name(DontunmapSource b);
[[nodiscard]] std::string_view name(SealedDiscard b);
[[nodiscard]] std::string_view name(ProcessKsm b);
[[nodiscard]] std::string_view name(MsealCall b);
[[nodiscard]] std::string_view name(DroppableMaps b);
[[nodiscard]] std::string_view name(StackMaps b);
[[nodiscard]] std::string_view name(AnonPlacement b);
[[nodiscard]] std::string_view name(UffdDroppable b);
[[nodiscard]] std::string_view name(GuardRegions b);
[[nodiscard]] std::string_view name(ZeroHook b);
[[nodiscard]] std::string_view name(AnonPgoff b);
[[nodiscard]] std::string_view name(UffdMove b);
[[nodiscard]] std::string_view name(MremapRoom b);
[[nodiscard]] std::string_view name(DoforkRefused b);
[[nodiscard]] std::string_view name(MsealOverSealed b);
[[nodiscard]] std::string_view name(DroppableLock b);
[[nodiscard]] std::string_view name(MovedAnonVma b);
[[nodiscard]] std::string_view name(UnmergeableFlags b);
[[nodiscard]] std::string_view name(MremapCharge b);
[[nodiscard]] std::string_view name(MprotectUncharge b);
[[nodiscard]] std::string_view name(MmapJoins b);
[[nodiscard]] std::string_view name(MmapReplace b);
[[nodiscard]] std::string_view name(UffdUnmapped b);
[[nodiscard]] std::string_view name(UffdOffset b);
[[nodiscard]] std::string_view name(MempolicyModes b);
[[nodiscard]] std::string_view name(MapAbove4G b);
[[nodiscard]] std::string_view name(PopulateHoles b);
[[nodiscard]] std::string_view name(SearchFloor b);
[[nodiscard]] std::string_view name(FailedHook b);
[[nodiscard]] std::string_view name(AlignedRoom b);
[[nodiscard]] std::string_view name(AskedNodes b);
[[nodiscard]] std::string_view name(UffdFloor b);
[[nodiscard]] std::string_view name(SharedNames b);
[[nodiscard]] std::string_view name(UffdFeatures b);
[[nodiscard]] std::string_view name(UffdOwner b);
[[nodiscard]] std::string_view name(UffdMarks b);
[[nodiscard]] std::string_view name(UffdRemode b);
[[nodiscard]] std::string_view name(UffdSpecial b);
[[nodiscard]] std::string_view name(HugetlbDiscard b);
[[nodiscard]] std::string_view name(CloseHooks b);
[[nodiscard]] std::string_view name(AllocWithoutKeys b);
[[nodiscard]] std::string_view name(ExecSeal b);
[[nodiscard]] std::string_view name(Mdwe b);
[[nodiscard]] std::string_view name(OwnProcessMadvise b);
[[nodiscard]] std::string_view name(FutureWriteSeal b);

}  // namespace vmadiff::spec
