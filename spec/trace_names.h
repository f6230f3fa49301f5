// spec: the names of call arguments in trace text, shared by printer and parser.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "spec/flags.h"

namespace vmadiff::spec {

inline constexpr std::array kProtNames{
    FlagName{kProtRead, "PROT_READ"},           FlagName{kProtWrite, "PROT_WRITE"},
    FlagName{kProtExec, "PROT_EXEC"},           FlagName{kProtSem, "PROT_SEM"},
    FlagName{kProtGrowsdown, "PROT_GROWSDOWN"}, FlagName{kProtGrowsup, "PROT_GROWSUP"}};
inline constexpr std::array kMapTypeNames{
    FlagName{kMapShared, "MAP_SHARED"}, FlagName{kMapPrivate, "MAP_PRIVATE"},
    FlagName{kMapSharedValidate, "MAP_SHARED_VALIDATE"}, FlagName{kMapDroppable, "MAP_DROPPABLE"}};
/// In printing order.
inline constexpr std::array kMapFlagNames{FlagName{kMapAnonymous, "MAP_ANONYMOUS"},
                                          FlagName{kMapFixed, "MAP_FIXED"},
                                          FlagName{kMapFixedNoreplace, "MAP_FIXED_NOREPLACE"},
                                          FlagName{kMapNoreserve, "MAP_NORESERVE"},
                                          FlagName{kMap32Bit, "MAP_32BIT"},
                                          FlagName{kMapAbove4G, "MAP_ABOVE4G"},
                                          FlagName{kMapGrowsdown, "MAP_GROWSDOWN"},
                                          FlagName{kMapDenywrite, "MAP_DENYWRITE"},
                                          FlagName{kMapExecutable, "MAP_EXECUTABLE"},
                                          FlagName{kMapLocked, "MAP_LOCKED"},
                                          FlagName{kMapPopulate, "MAP_POPULATE"},
                                          FlagName{kMapNonblock, "MAP_NONBLOCK"},
                                          FlagName{kMapStack, "MAP_STACK"},
                                          FlagName{kMapHugetlb, "MAP_HUGETLB"},
                                          FlagName{kMapSync, "MAP_SYNC"},
                                          FlagName{kMapHuge1Gb, "MAP_HUGE_1GB"},
                                          FlagName{kMapHuge2Mb, "MAP_HUGE_2MB"},
                                          FlagName{kMapUninitialized, "MAP_UNINITIALIZED"}};
/// Advice that is named in text. What is not modelled yet is read, and refused with its name.
inline constexpr std::array kAdviceNames{FlagName{kMadvNormal, "MADV_NORMAL"},
                                         FlagName{kMadvRandom, "MADV_RANDOM"},
                                         FlagName{kMadvSequential, "MADV_SEQUENTIAL"},
                                         FlagName{kMadvWillneed, "MADV_WILLNEED"},
                                         FlagName{kMadvDontneed, "MADV_DONTNEED"},
                                         FlagName{kMadvFree, "MADV_FREE"},
                                         FlagName{kMadvRemove, "MADV_REMOVE"},
                                         FlagName{kMadvDontfork, "MADV_DONTFORK"},
                                         FlagName{kMadvDofork, "MADV_DOFORK"},
                                         FlagName{kMadvMergeable, "MADV_MERGEABLE"},
                                         FlagName{kMadvUnmergeable, "MADV_UNMERGEABLE"},
                                         FlagName{kMadvHugepage, "MADV_HUGEPAGE"},
                                         FlagName{kMadvNohugepage, "MADV_NOHUGEPAGE"},
                                         FlagName{kMadvDontdump, "MADV_DONTDUMP"},
                                         FlagName{kMadvDodump, "MADV_DODUMP"},
                                         FlagName{kMadvWipeonfork, "MADV_WIPEONFORK"},
                                         FlagName{kMadvKeeponfork, "MADV_KEEPONFORK"},
                                         FlagName{kMadvCold, "MADV_COLD"},
                                         FlagName{kMadvPageout, "MADV_PAGEOUT"},
                                         FlagName{kMadvPopulateRead, "MADV_POPULATE_READ"},
                                         FlagName{kMadvPopulateWrite, "MADV_POPULATE_WRITE"},
                                         FlagName{kMadvDontneedLocked, "MADV_DONTNEED_LOCKED"},
                                         FlagName{kMadvCollapse, "MADV_COLLAPSE"},
                                         FlagName{kMadvHwpoison, "MADV_HWPOISON"},
                                         FlagName{kMadvSoftOffline, "MADV_SOFT_OFFLINE"},
                                         FlagName{kMadvGuardInstall, "MADV_GUARD_INSTALL"},
                                         FlagName{kMadvGuardRemove, "MADV_GUARD_REMOVE"}};
inline constexpr std::array kPrctlNames{FlagName{kPrSetMemoryMerge, "PR_SET_MEMORY_MERGE"},
                                        FlagName{kPrGetMemoryMerge, "PR_GET_MEMORY_MERGE"},
                                        FlagName{kPrSetThpDisable, "PR_SET_THP_DISABLE"},
                                        FlagName{kPrGetThpDisable, "PR_GET_THP_DISABLE"},
                                        FlagName{kPrSetMdwe, "PR_SET_MDWE"},
                                        FlagName{kPrGetMdwe, "PR_GET_MDWE"}};
inline constexpr std::array kMdweNames{FlagName{kMdweRefuseExecGain, "PR_MDWE_REFUSE_EXEC_GAIN"},
                                       FlagName{kMdweNoInherit, "PR_MDWE_NO_INHERIT"}};
inline constexpr std::array kMsyncNames{FlagName{kMsAsync, "MS_ASYNC"},
                                        FlagName{kMsInvalidate, "MS_INVALIDATE"},
                                        FlagName{kMsSync, "MS_SYNC"}};
inline constexpr std::array kSealNames{
    FlagName{kSealWrite, "F_SEAL_WRITE"}, FlagName{kSealFutureWrite, "F_SEAL_FUTURE_WRITE"},
    FlagName{kSealExec, "F_SEAL_EXEC"},   FlagName{kSealShrink, "F_SEAL_SHRINK"},
    FlagName{kSealGrow, "F_SEAL_GROW"},   FlagName{kSealSeal, "F_SEAL_SEAL"}};

/// What stands before the arguments of SetVmaName.
inline constexpr std::string_view kSetVmaNameHead = "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME";

inline constexpr std::array kMremapNames{FlagName{kMremapMaymove, "MREMAP_MAYMOVE"},
                                         FlagName{kMremapFixed, "MREMAP_FIXED"},
                                         FlagName{kMremapDontunmap, "MREMAP_DONTUNMAP"}};
inline constexpr std::array kMlockNames{FlagName{kMlockOnfault, "MLOCK_ONFAULT"}};
inline constexpr std::array kMlockallNames{FlagName{kMclCurrent, "MCL_CURRENT"},
                                           FlagName{kMclFuture, "MCL_FUTURE"},
                                           FlagName{kMclOnfault, "MCL_ONFAULT"}};
inline constexpr std::array kRlimitNames{
    FlagName{kRlimitData, "RLIMIT_DATA"}, FlagName{kRlimitStack, "RLIMIT_STACK"},
    FlagName{kRlimitMemlock, "RLIMIT_MEMLOCK"}, FlagName{kRlimitAs, "RLIMIT_AS"}};
inline constexpr std::array kUffdModeNames{
    FlagName{kUffdModeMissing, "MISSING"}, FlagName{kUffdModeWp, "WP"},
    FlagName{kUffdModeMinor, "MINOR"}, FlagName{kUffdModeRwp, "RWP"}};
inline constexpr std::array kUffdWriteprotectNames{FlagName{kUffdProtect, "WP"},
                                                   FlagName{kUffdDontwake, "DONTWAKE"}};
inline constexpr std::array kUffdRwprotectNames{FlagName{kUffdProtect, "RWP"},
                                                FlagName{kUffdDontwake, "DONTWAKE"}};
inline constexpr std::array kUffdFeatureNames{FlagName{kUffdEventFork, "EVENT_FORK"},
                                              FlagName{kUffdEventRemap, "EVENT_REMAP"},
                                              FlagName{kUffdWpUnpopulated, "WP_UNPOPULATED"},
                                              FlagName{kUffdWpAsync, "WP_ASYNC"},
                                              FlagName{kUffdRwp, "RWP"},
                                              FlagName{kUffdRwpAsync, "RWP_ASYNC"}};
inline constexpr std::array kPolicyNames{
    FlagName{kMpolDefault, "MPOL_DEFAULT"},
    FlagName{kMpolPreferred, "MPOL_PREFERRED"},
    FlagName{kMpolBind, "MPOL_BIND"},
    FlagName{kMpolInterleave, "MPOL_INTERLEAVE"},
    FlagName{kMpolLocal, "MPOL_LOCAL"},
    FlagName{kMpolPreferredMany, "MPOL_PREFERRED_MANY"},
    FlagName{kMpolWeightedInterleave, "MPOL_WEIGHTED_INTERLEAVE"}};
inline constexpr std::array kPolicyFlagNames{FlagName{kMpolNumaBalancing, "MPOL_F_NUMA_BALANCING"},
                                             FlagName{kMpolRelativeNodes, "MPOL_F_RELATIVE_NODES"},
                                             FlagName{kMpolStaticNodes, "MPOL_F_STATIC_NODES"}};
inline constexpr std::array kMbindNames{FlagName{kMpolMfStrict, "MPOL_MF_STRICT"},
                                        FlagName{kMpolMfMove, "MPOL_MF_MOVE"},
                                        FlagName{kMpolMfMoveAll, "MPOL_MF_MOVE_ALL"}};
inline constexpr std::array kPkeyRightsNames{FlagName{kPkeyDisableAccess, "PKEY_DISABLE_ACCESS"},
                                             FlagName{kPkeyDisableWrite, "PKEY_DISABLE_WRITE"}};
inline constexpr std::array kShmatNames{
    FlagName{kShmRdonly, "SHM_RDONLY"}, FlagName{kShmRnd, "SHM_RND"},
    FlagName{kShmRemap, "SHM_REMAP"}, FlagName{kShmExec, "SHM_EXEC"}};
/// For flag arguments of which no bit has a name.
inline constexpr std::span<const FlagName> kNoNames{};

[[nodiscard]] constexpr std::span<const FlagName> prot_names() { return kProtNames; }
[[nodiscard]] constexpr std::span<const FlagName> map_type_names() { return kMapTypeNames; }
[[nodiscard]] constexpr std::span<const FlagName> map_flag_names() { return kMapFlagNames; }

}  // namespace vmadiff::spec
