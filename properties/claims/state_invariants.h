// properties: the invariants of one state. Each function says whether its claim holds of a
// snapshot, and if not, of which VMA; none allocates. The sentences are made only for a finding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "properties/claims/claim.h"
#include "properties/claims/exemptions.h"
#include "properties/claims/past.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::properties {

/// A claim that a snapshot breaks, and the VMA at which it shows (0 where it is not about one).
struct Breach {
  Claim claim;
  std::size_t index;
};

/// Index of the first VMA that is not strictly after the one before it, or nothing.
[[nodiscard]] std::optional<std::size_t> unsorted_vma(const spec::Snapshot& snapshot);

/// Index of the first VMA that is empty, unaligned or out of [mmap_min_addr, task_size), or
/// nothing. Empty and inverted VMAs count here, overlapping ones in unsorted_vma.
[[nodiscard]] std::optional<std::size_t> misplaced_vma(const spec::Snapshot& snapshot,
                                                       const spec::Setup& setup);

/// What the VMAs add up to: is_exec_mapping, is_stack_mapping, is_data_mapping asked in this order,
/// as vm_stat_account does (mm/vma.h). locked_vm leaves out special VMAs, which are never counted
/// as locked (mlock_fixup).
[[nodiscard]] spec::Counters counters_of(const spec::Snapshot& snapshot);

/// Index of the first VMA that has VM_MERGEABLE and may not have it (ksm_compatible), or nothing.
[[nodiscard]] std::optional<std::size_t> ineligible_mergeable_vma(const spec::Snapshot& snapshot);

/// Index of the first shared VMA with an anon_vma, or nothing.
[[nodiscard]] std::optional<std::size_t> shared_vma_with_anon_vma(const spec::Snapshot& snapshot);

/// The first claim of those selected that does not hold, asked only of what is observed.
[[nodiscard]] std::optional<Breach> broken_state_invariant(
    const spec::Snapshot& snapshot, const spec::Observes& seen, const spec::Setup& setup,
    const spec::KernelProfile& profile, const Selection& selection, const Past& past,
    ExemptionCounts& exemptions);
[[nodiscard]] std::string explain(const Breach& breach, const spec::Snapshot& snapshot);
/// A word or two on the reason, for fingerprints: "ht de", "data_vm".
[[nodiscard]] std::string reason(const Breach& breach, const spec::Snapshot& snapshot);

}  // namespace vmadiff::properties
