// explain: when does new memory get VM_MERGEABLE: before the merge is tried, after it, or never?
// In a process of which KSM is on (PR_SET_MEMORY_MERGE).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "spec/kernel_profile.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::explain {

struct KsmFlag {
  enum class When : std::uint8_t { kBeforeMerge, kAfterMerge, kNever };
  When when{};
  std::string why;  ///< ends a sentence: "the memory has no file (ksm_early=…)"
};

/// Of the memory that the call has made, which lies in `made`. Nothing where the call makes none,
/// or KSM is off for the process.
[[nodiscard]] std::optional<KsmFlag> ksm_flag_of(const spec::Syscall& call, const spec::Vma& made,
                                                 bool merge_any,
                                                 const spec::KernelProfile& profile);

}  // namespace vmadiff::explain
