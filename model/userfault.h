// model: a process's userfaultfds, and which memory they can watch.
#pragma once

#include <cstdint>
#include <expected>

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

/// For what is answered by whoever reads of the userfaultfd, be it the kernel's own fault. EPERM:
/// it is told of none of those.
[[nodiscard]] Result need_all_faults(const AddressSpace& space);

/// The VMA flags of the modes that are registered for. EINVAL: none, or one that the kernel, or a
/// userfaultfd with these features, does not know, or two that would share a page's mark.
[[nodiscard]] std::expected<spec::VmFlags, spec::Errno> watch_flags(
    const spec::KernelProfile& profile, std::uint64_t mode, std::uint64_t features);

/// Whether a userfaultfd with these features can watch it for what `flags` say: anonymous memory,
/// shmem and hugetlb, but nothing droppable; for MINOR, nothing anonymous; writes alone, where they
/// are not waited for, on all memory (vma_can_userfault).
[[nodiscard]] bool can_be_watched(const spec::Vma& vma, spec::VmFlags flags, std::uint64_t features,
                                  const spec::KernelProfile& profile);

/// Whether it is of whole pages, not empty, and where a userfaultfd's range may lie
/// (validate_range).
[[nodiscard]] bool is_range_of_pages(const AddressSpace& space, spec::Range range);

/// What both calls ask first. EINVAL: not such a range, no VMA
/// there (ENOMEM where none is above either, in some kernels); or the first is a hugetlb one and
/// the range does not begin at a huge page, be it at that VMA or in a hole before it.
[[nodiscard]] Result check_watchable_range(const AddressSpace& space, spec::Range range);

/// Gives `part` of `vma` the flags and the watcher (spec::Vma::userfaultfd), and joins it with its
/// neighbours; some kernels do so by the offset at which the VMA begins.
[[nodiscard]] Result change_watch(AddressSpace& space, spec::Range part, const spec::Vma& vma,
                                  spec::VmFlags flags, std::uint32_t watcher);

}  // namespace vmadiff::model
