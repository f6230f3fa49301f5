// spec: the names of call arguments in trace text, shared by printer and parser.
#pragma once

#include <array>
#include <span>

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
                                          FlagName{kMapUninitialized, "MAP_UNINITIALIZED"}};
/// Advice that is named in text. What is not modelled yet is read, and refused with its name.
inline constexpr std::array kAdviceNames{
    FlagName{0, "MADV_NORMAL"},          FlagName{1, "MADV_RANDOM"},
    FlagName{2, "MADV_SEQUENTIAL"},      FlagName{3, "MADV_WILLNEED"},
    FlagName{4, "MADV_DONTNEED"},        FlagName{8, "MADV_FREE"},
    FlagName{9, "MADV_REMOVE"},          FlagName{10, "MADV_DONTFORK"},
    FlagName{11, "MADV_DOFORK"},         FlagName{12, "MADV_MERGEABLE"},
    FlagName{13, "MADV_UNMERGEABLE"},    FlagName{14, "MADV_HUGEPAGE"},
    FlagName{15, "MADV_NOHUGEPAGE"},     FlagName{16, "MADV_DONTDUMP"},
    FlagName{17, "MADV_DODUMP"},         FlagName{18, "MADV_WIPEONFORK"},
    FlagName{19, "MADV_KEEPONFORK"},     FlagName{20, "MADV_COLD"},
    FlagName{21, "MADV_PAGEOUT"},        FlagName{22, "MADV_POPULATE_READ"},
    FlagName{23, "MADV_POPULATE_WRITE"}, FlagName{24, "MADV_DONTNEED_LOCKED"},
    FlagName{25, "MADV_COLLAPSE"},       FlagName{100, "MADV_HWPOISON"},
    FlagName{101, "MADV_SOFT_OFFLINE"},  FlagName{102, "MADV_GUARD_INSTALL"},
    FlagName{103, "MADV_GUARD_REMOVE"}};
inline constexpr std::array kPrctlNames{FlagName{kPrSetMemoryMerge, "PR_SET_MEMORY_MERGE"},
                                        FlagName{kPrGetMemoryMerge, "PR_GET_MEMORY_MERGE"}};

[[nodiscard]] constexpr std::span<const FlagName> prot_names() { return kProtNames; }
[[nodiscard]] constexpr std::span<const FlagName> map_type_names() { return kMapTypeNames; }
[[nodiscard]] constexpr std::span<const FlagName> map_flag_names() { return kMapFlagNames; }
[[nodiscard]] constexpr std::span<const FlagName> advice_names() { return kAdviceNames; }
[[nodiscard]] constexpr std::span<const FlagName> prctl_names() { return kPrctlNames; }

}  // namespace vmadiff::spec
