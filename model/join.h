// model: the two ways in which a range gets its VMA: a new one is laid down, or part of one gets
// other flags, another memory policy or another name. Both are due to be joined with their
// neighbours at either end.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

/// Which neighbours a range becomes one with.
struct Joins {
  bool left = false;
  bool right = false;
  [[nodiscard]] bool any() const { return left || right; }
};

/// The neighbours that `range` can be joined with as it is; the space there is empty, or holds just
/// that range. How far its own pages are displaced is in the space already.
[[nodiscard]] Joins joins_of(AddressSpace& space, const spec::Vma& range);

/// The same for a new mapping of mmap: some kernels ask the neighbour above first, and the one
/// below whether it could be one with that.
[[nodiscard]] Joins joins_of_new(AddressSpace& space, const spec::Vma& mapping);

/// Puts `mapping` where nothing is, and joins it.
void lay_down(AddressSpace& space, const spec::Vma& mapping, Joins joins);

/// Gives `range`, all within one VMA, the flags `flags`: joined with its neighbours where possible;
/// else cut out of its VMA.
/// ENOMEM: a cut would need more VMAs than the limit. EINVAL: a hugetlb VMA, not cut at a huge
/// page. On an error the flags are unchanged, but a cut at the start that succeeded stays.
[[nodiscard]] Result change_flags(AddressSpace& space, spec::Range range, spec::VmFlags flags);

/// The same, with the userfaultfd that watches it (spec::Vma::userfaultfd). A neighbour is asked as
/// if `range` began at page `pgoff`, and so it does where one agrees.
[[nodiscard]] Result change_watcher(AddressSpace& space, spec::Range range, spec::VmFlags flags,
                                    std::uint32_t watcher, std::uint64_t pgoff);

/// The same, but it is joined with nothing.
[[nodiscard]] Result change_flags_apart(AddressSpace& space, spec::Range range,
                                        spec::VmFlags flags);

/// As change_flags, with its memory policy.
[[nodiscard]] Result change_policy(AddressSpace& space, spec::Range range,
                                   const spec::MemPolicy& policy);

/// As change_flags, with its name.
[[nodiscard]] Result change_name(AddressSpace& space, spec::Range range, spec::VmaName name);

/// Whether `vma` can be made two at `a` (hugetlb VMAs only at huge pages).
[[nodiscard]] bool can_cut_at(const spec::Vma& vma, spec::Address a);

}  // namespace vmadiff::model
