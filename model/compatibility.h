// model: when two neighbours can be one VMA. The questions of SEMANTICS, "When two VMAs are
// compatible", and nothing about when they are asked.
#pragma once

#include "spec/kernel_profile.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

enum class MergeAnswer {
  kYes,
  kNoNeighbour,  ///< nothing adjoins
  kSpecial,      ///< VM_SPECIAL never merges
  kFlags,
  kPolicy,  ///< memory policies
  kFile,
  kName,  ///< names of anonymous memory
  kUserfaultfd,
  kOffset,   ///< page offsets do not go on
  kAnonVma,  ///< anon_vmas that may not become one
};

/// Whether `range`, a VMA as it would be, can become part of the VMA that ends where it starts.
/// `prev` may be null.
[[nodiscard]] MergeAnswer can_merge_left(const spec::Vma* prev, const spec::Vma& range,
                                         const spec::KernelProfile& profile);
/// The same for the VMA that starts where `range` ends.
[[nodiscard]] MergeAnswer can_merge_right(const spec::Vma& range, const spec::Vma* next,
                                          const spec::KernelProfile& profile);
/// Asked besides, where a range that can merge with either neighbour would make one of all three.
[[nodiscard]] bool neighbours_agree(const spec::Vma& prev, const spec::Vma& next);

/// Whether a first write fault in one of two neighbours may take over the other's anon_vma
/// (anon_vma_compatible): as for merging, but flags may differ in what mprotect changes.
[[nodiscard]] bool can_share_anon_vma(const spec::Vma& low, const spec::Vma& high);

}  // namespace vmadiff::model
