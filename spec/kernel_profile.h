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

struct KernelProfile {
  std::string_view name;
  std::string_view summary;
  KsmEarly ksm_early;
  KsmLate ksm_late;
  KsmBrk ksm_brk;
  AnonVmaMerge anon_vma_merge;
  MmapPrepare mmap_prepare;
  ZeroPlacement zero_placement;
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

}  // namespace vmadiff::spec
