// properties: NoCompatibleNeighboursLeftUnmerged.
//
// After a successful call that makes merges due, no two adjacent compatible VMAs stay apart at the
// boundaries where one was due:
//   mmap      both ends of the new range (vma_merge_new_range);
//   mprotect, pkey_mprotect, flag-changing madvise, mlock, mlock2, munlock, mseal   the ends of the
//             range and each boundary inside it (vma_merge_existing_range runs for each VMA of the
//             range whose flags change); for mlockall and munlockall the whole address space;
//   mremap    both ends of the destination of a move (vma_merge_copied_range), or the end that grew
//             (vma_merge_extend);
//   remap_file_pages   as the mmap that it is;
//   brk       the old break, towards the VMA before it, when the break grew. Not for the first
//             growth: do_brk_flags looks no further down than start_brk. Not towards what follows:
//             the break stays at least a page away from the next VMA.
// Not due: prctl, munmap, touch, fork, exec, ends that a call did not touch, failed calls.
//
// Both systems' rules for anon_vmas know a source (the range of the call) and a target (the
// neighbour); which VMA is which is told from which side the call changed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "properties/claims/exemptions.h"
#include "properties/claims/past.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// The closed range of addresses at whose VMA boundaries a merge was due.
struct Due {
  spec::Address first = 0;  ///< bytes
  spec::Address last = 0;
  bool inside = false;  ///< boundaries between the two count too: the call changes what is there
  bool range_is_below = false;  ///< the one boundary is the end of the call's range, not its start
};
/// Nothing where the call owes no merge. Requires an outcome that is a success.
[[nodiscard]] std::optional<Due> merge_due(const spec::Syscall& call, const spec::Outcome& outcome,
                                           const spec::Snapshot& before,
                                           const spec::Snapshot& after, const spec::Setup& setup);

/// Whether `prev` and `next`, adjacent, could be one VMA, leaving the anon_vma rule aside: equal
/// flags but for soft-dirty, same file, contiguous offsets, neither VM_SPECIAL (is_mergeable_vma).
[[nodiscard]] bool are_compatible(const spec::Vma& prev, const spec::Vma& next);

/// Whether the anon_vma of `source` (the range of a call) may join that of `target` (its
/// neighbour); is_mergeable_anon_vma of the profile's kernel.
[[nodiscard]] bool can_join_anon_vmas(const spec::Vma& target, const spec::Vma& source,
                                      spec::AnonVmaMerge rule);

/// Index of the second of two neighbours that should be one after the call, or nothing. `before`
/// and `after` are snapshots of a system that observes flags, offsets and anon_vmas. Misses that an
/// exemption excuses are counted.
[[nodiscard]] std::optional<std::size_t> unmerged_neighbour(
    const spec::Syscall& call, const spec::Outcome& outcome, const spec::Snapshot& before,
    const spec::Snapshot& after, const spec::Setup& setup, const spec::KernelProfile& profile,
    const Past& past, ExemptionCounts& exemptions);

/// The sentence for a finding.
[[nodiscard]] std::string explain_unmerged(const spec::Snapshot& after, std::size_t index);

}  // namespace vmadiff::properties
