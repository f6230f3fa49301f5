// model: a process's userfaultfds, and which memory they can watch.
#pragma once

#include <cstdint>

#include "model/address_space.h"
#include "model/result.h"
#include "spec/flags.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::model {

/// Whether a userfaultfd watches it (userfaultfd_armed).
[[nodiscard]] constexpr bool is_watched(const spec::Vma& vma) {
  return (vma.flags & spec::kVmUffd) != 0;
}

/// Whether the userfaultfd that watches it asked for the feature.
[[nodiscard]] bool watcher_has(const AddressSpace& space, const spec::Vma& vma,
                               std::uint64_t feature);

/// What is said of memory that nobody watches.
void forget_watch(spec::Vma& vma);

/// Makes the userfaultfd of that number with these features. EBADF: there is no such number.
/// ENOSYS: the kernel has none. EPERM: events on forks are not for everyone. EINVAL: a feature that
/// the kernel does not know, or not by itself; or the number is one already.
[[nodiscard]] Result open_userfaultfd(AddressSpace& space, std::uint64_t number,
                                      std::uint64_t features);

/// The same, without features, for one that is not there yet.
[[nodiscard]] Result need_userfaultfd(AddressSpace& space, std::uint64_t number);

/// Whether a userfaultfd with these features can watch it for what `flags` say: anonymous memory,
/// shmem and hugetlb, but nothing droppable; writes alone, where they are not waited for, on all
/// memory (vma_can_userfault).
[[nodiscard]] bool can_be_watched(const spec::Vma& vma, spec::VmFlags flags, std::uint64_t features,
                                  const spec::KernelProfile& profile);

/// What both calls ask first. EINVAL: not whole pages, nothing, not all below the task size, no VMA
/// there (ENOMEM where none is above either, in some kernels); or the first is a hugetlb one and
/// the range does not begin at a huge page, be it at that VMA or in a hole before it.
[[nodiscard]] Result check_watchable_range(const AddressSpace& space, spec::Range range);

/// Gives `part` of `vma` the flags and the watcher (spec::Vma::userfaultfd), and joins it with its
/// neighbours; some kernels do so by the offset at which the VMA begins.
[[nodiscard]] Result change_watch(AddressSpace& space, spec::Range part, const spec::Vma& vma,
                                  spec::VmFlags flags, std::uint32_t watcher);

}  // namespace vmadiff::model
