// model: which memory a userfaultfd can watch. Each process has one, without features, so a VMA is
// watched by it or by none, and its flags say all.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/flags.h"
#include "spec/snapshot.h"
#include "spec/units.h"

namespace vmadiff::model {

inline constexpr spec::VmFlags kUffdFlags =
    spec::kVmUffdMissing | spec::kVmUffdWp | spec::kVmUffdMinor;

/// Whether a userfaultfd watches it (userfaultfd_armed).
[[nodiscard]] constexpr bool is_watched(const spec::Vma& vma) {
  return (vma.flags & kUffdFlags) != 0;
}

/// Whether one can: anonymous memory, shmem and hugetlb, but nothing droppable (vma_can_userfault).
[[nodiscard]] bool can_be_watched(const spec::Vma& vma, const spec::KernelProfile& profile);

/// What both calls ask first. EINVAL: not whole pages, nothing, not all below the task size, no VMA
/// there (ENOMEM where none is above either, in some kernels); or the first is a hugetlb one and
/// the range does not begin at a huge page, be it at that VMA or in a hole before it.
[[nodiscard]] Result check_watchable_range(const AddressSpace& space, spec::Range range);

/// Gives `part` of `vma` the flags, and joins it with its neighbours; some kernels do so by the
/// offset at which the VMA begins.
[[nodiscard]] Result change_watch(AddressSpace& space, spec::Range part, const spec::Vma& vma,
                                  spec::VmFlags flags);

}  // namespace vmadiff::model
