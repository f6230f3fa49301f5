// properties: the invariants of one state, in flat passes over the VMAs.
#include "properties/claims/state_invariants.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Counters;
using spec::Snapshot;
using spec::Vma;
using spec::VmFlags;

/// On x86-64 the stack flag is VM_GROWSDOWN.
constexpr VmFlags kVmStack = spec::kVmGrowsdown;

constexpr bool is_exec_mapping(VmFlags flags) {
  return (flags & (spec::kVmExec | spec::kVmWrite | kVmStack)) == spec::kVmExec;
}
constexpr bool is_stack_mapping(VmFlags flags) { return (flags & kVmStack) == kVmStack; }
constexpr bool is_data_mapping(VmFlags flags) {
  return (flags & (spec::kVmWrite | spec::kVmShared | kVmStack)) == spec::kVmWrite;
}

/// Flags that exclude a VMA from KSM (ksm_compatible, mm/ksm.c). DAX is not modelled.
constexpr VmFlags kNotForKsm =
    spec::kVmShared | spec::kVmMayshare | spec::kVmSpecial | spec::kVmHugetlb | spec::kVmDroppable;

/// Index of the first VMA of which `is_wrong` holds. One flat pass without a branch says that there
/// is none, which is what almost always is so.
template <typename IsWrong>
std::optional<std::size_t> first_where(const Snapshot& snapshot, IsWrong is_wrong) {
  bool any = false;
  for (const Vma& vma : snapshot.vmas) any |= is_wrong(vma);
  if (!any) return std::nullopt;
  const auto it = std::find_if(snapshot.vmas.begin(), snapshot.vmas.end(), is_wrong);
  return static_cast<std::size_t>(it - snapshot.vmas.begin());
}

bool sums_agree(const Counters& a, const Counters& b) {
  return a.map_count == b.map_count && a.total_vm == b.total_vm &&
         a.data_vm + a.stack_vm == b.data_vm + b.stack_vm;
}

std::string counters_text(const Counters& c) {
  return fmt::format(
      "map_count {}, total_vm {:#x}, locked_vm {:#x}, data_vm {:#x}, stack_vm {:#x}, exec_vm {:#x}",
      c.map_count, c.total_vm, c.locked_vm, c.data_vm, c.stack_vm, c.exec_vm);
}

std::string_view first_wrong_counter(const Counters& a, const Counters& b) {
  if (a.map_count != b.map_count) return "map_count";
  if (a.total_vm != b.total_vm) return "total_vm";
  if (a.locked_vm != b.locked_vm) return "locked_vm";
  if (a.data_vm != b.data_vm) return "data_vm";
  return a.stack_vm != b.stack_vm ? "stack_vm" : "exec_vm";
}

bool only_more_is_locked(const Counters& sum, Counters counted) {
  if (counted.locked_vm <= sum.locked_vm) return false;
  counted.locked_vm = sum.locked_vm;
  return counted == sum;
}

}  // namespace

std::optional<std::size_t> unsorted_vma(const Snapshot& snapshot) {
  for (std::size_t i = 1; i < snapshot.vmas.size(); ++i) {
    if (snapshot.vmas[i].start < snapshot.vmas[i - 1].end) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> misplaced_vma(const Snapshot& snapshot, const spec::Setup& setup) {
  return first_where(snapshot, [low = setup.mmap_min_addr, high = setup.task_size](const Vma& vma) {
    return !spec::is_page_aligned(vma.start | vma.end) | (vma.start >= vma.end) |
           (vma.start < low) | (vma.end > high);
  });
}

Counters counters_of(const Snapshot& snapshot) {
  Counters sum;
  sum.map_count = snapshot.vmas.size();
  for (const Vma& vma : snapshot.vmas) {
    const std::uint64_t pages = vma.pages();
    const bool exec = is_exec_mapping(vma.flags);
    const bool stack = !exec & is_stack_mapping(vma.flags);
    const bool data = !exec & !stack & is_data_mapping(vma.flags);
    const bool locked = (vma.flags & spec::kVmLocked) != 0 && (vma.flags & spec::kVmSpecial) == 0;
    // Multiplied, not branched on: what a VMA is cannot be predicted.
    sum.total_vm += pages;
    sum.exec_vm += pages * static_cast<std::uint64_t>(exec);
    sum.stack_vm += pages * static_cast<std::uint64_t>(stack);
    sum.data_vm += pages * static_cast<std::uint64_t>(data);
    sum.locked_vm += pages * static_cast<std::uint64_t>(locked);
  }
  return sum;
}

std::optional<std::size_t> ineligible_mergeable_vma(const Snapshot& snapshot) {
  return first_where(snapshot, [](const Vma& vma) {
    return ((vma.flags & spec::kVmMergeable) != 0) & ((vma.flags & kNotForKsm) != 0);
  });
}

std::optional<std::size_t> shared_vma_with_anon_vma(const Snapshot& snapshot) {
  return first_where(snapshot, [](const Vma& vma) {
    const bool shared = (vma.flags & (spec::kVmShared | spec::kVmMayshare)) != 0;
    return shared & (vma.anon_vma != spec::kNoAnonVma);
  });
}

std::optional<Breach> broken_state_invariant(const Snapshot& snapshot, const spec::Observes& seen,
                                             const spec::Setup& setup,
                                             const spec::KernelProfile& profile,
                                             const Selection& selection, const Past& past,
                                             ExemptionCounts& exemptions) {
  using enum Claim;
  if (selection.has(kVmasAreSortedAndDisjoint)) {
    if (const auto i = unsorted_vma(snapshot)) return Breach{kVmasAreSortedAndDisjoint, *i};
  }
  if (selection.has(kVmasLieInTheAddressSpace)) {
    if (const auto i = misplaced_vma(snapshot, setup)) return Breach{kVmasLieInTheAddressSpace, *i};
  }
  if (selection.has(kCountersMatchTheVmas) && seen.vm_flags &&
      (seen.counters || seen.counter_sums)) {
    const Counters sum = counters_of(snapshot);
    const bool agree =
        seen.counters ? sum == snapshot.counters : sums_agree(sum, snapshot.counters);
    if (!agree && past.locked_vm_drifts && only_more_is_locked(sum, snapshot.counters)) {
      exemptions.count(Exemption::kLockedVmDriftsAfterDontunmap);
    } else if (!agree) {
      return Breach{kCountersMatchTheVmas, 0};
    }
  }
  if (selection.has(kOnlyEligibleVmasAreMergeable) && seen.vm_flags) {
    if (const auto i = ineligible_mergeable_vma(snapshot)) {
      return Breach{kOnlyEligibleVmasAreMergeable, *i};
    }
  }
  if (selection.has(kOnlyPrivateVmasHaveAnAnonVma) && seen.anon_vma) {
    const auto i = shared_vma_with_anon_vma(snapshot);
    if (i && profile.guard_regions == spec::GuardRegions::kByAnonVma) {
      exemptions.count(Exemption::kGuardsNeedAnAnonVma);
    } else if (i) {
      return Breach{kOnlyPrivateVmasHaveAnAnonVma, *i};
    }
  }
  return std::nullopt;
}

std::string explain(const Breach& breach, const Snapshot& snapshot) {
  const auto vma = [&](std::size_t i) { return text(snapshot.vmas[i]); };
  switch (breach.claim) {
    case Claim::kVmasAreSortedAndDisjoint:
      return fmt::format("VMA {} does not lie behind the one before it: {} after {}", breach.index,
                         vma(breach.index), vma(breach.index - 1));
    case Claim::kVmasLieInTheAddressSpace:
      return fmt::format("VMA {} is empty, unaligned or out of the address space: {}", breach.index,
                         vma(breach.index));
    case Claim::kCountersMatchTheVmas:
      return fmt::format("the VMAs add up to {}; the counters say {}",
                         counters_text(counters_of(snapshot)), counters_text(snapshot.counters));
    case Claim::kOnlyEligibleVmasAreMergeable:
      return fmt::format(
          "VMA {} has VM_MERGEABLE (mg) together with {}, which excludes it from KSM: {}",
          breach.index, reason(breach, snapshot), vma(breach.index));
    default:
      return fmt::format("VMA {} is shared and has an anon_vma: {}", breach.index,
                         vma(breach.index));
  }
}

std::string reason(const Breach& breach, const Snapshot& snapshot) {
  if (breach.claim == Claim::kCountersMatchTheVmas) {
    return std::string{first_wrong_counter(counters_of(snapshot), snapshot.counters)};
  }
  if (breach.claim == Claim::kOnlyEligibleVmasAreMergeable) {
    return spec::vm_flags_text(snapshot.vmas[breach.index].flags & kNotForKsm);
  }
  return {};
}

}  // namespace vmadiff::properties
