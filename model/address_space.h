// model: one process's memory: its VMAs, and the few things besides that a call can change or
// depend on. Knows the limits (map count, overcommit) and what the counters add up to.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/displacement.h"
#include "model/guard_pages.h"
#include "model/pkeys.h"
#include "model/vma_map.h"
#include "spec/file.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::model {

struct Machine;

/// What a process has at an address of a private mapping of huge pages.
struct HugePage {
  std::uint32_t own = 0;  ///< a page without a file, by number: shared after fork; 0: none
  bool of_file = false;   ///< the file's page, for reading
  bool is_owner = false;  ///< it is of the mapping that reserved it, not of one that came by fork
  bool is_reserved = false;  ///< and the reservation has not been used
  bool has_lost = false;     ///< a page of this mapping was taken away
};

struct AddressSpace {
  /// The machine outlives it.
  AddressSpace(const spec::KernelProfile& kernel, Machine& of) : profile(kernel), machine(&of) {}

  /// Back to the state that `initial_setup` describes; it must outlive the run. What it had of the
  /// machine's huge pages is gone already.
  void start(const spec::Setup& initial_setup);
  void snapshot(spec::Snapshot& out) const;

  /// What the mm counts now.
  [[nodiscard]] spec::Counters counters() const;
  /// VMAs that count against Setup::max_map_count.
  [[nodiscard]] std::uint64_t map_count() const;
  /// Whether heuristic overcommit (vm.overcommit_memory 0) refuses one charge of that many pages.
  [[nodiscard]] bool refuses_charge(std::uint64_t pages) const;
  /// `flags`, with VM_MERGEABLE if the process is in merge-any mode and the flags are eligible.
  [[nodiscard]] spec::VmFlags with_ksm_flag(spec::VmFlags flags) const;
  /// Removes the VMAs of `range`, none of which reaches over its ends, and what its addresses have.
  void drop(spec::Range range);
  /// A new shmem object of `pages` pages: each shared anonymous mapping has one of its own.
  [[nodiscard]] spec::FileId new_anon_shared(std::uint64_t pages);

  /// A new hugetlb object of `length` bytes, whole huge pages: so has each mapping with
  /// MAP_ANONYMOUS and MAP_HUGETLB.
  [[nodiscard]] spec::FileId new_anon_hugetlb(spec::Address length);

  spec::KernelProfile profile;
  Machine* machine;
  const spec::Setup* setup = nullptr;
  VmaMap vmas;
  std::map<spec::Address, HugePage> huge_pages;  ///< by where they begin
  GuardPages guards;
  Displacement displacement;  ///< always none where anon_pgoff is of-file
  spec::Address brk = 0;      ///< the break, bytes, as the user set it (not page-aligned)
  bool merge_any = false;     ///< PR_SET_MEMORY_MERGE
  spec::Limits limits;        ///< the soft limits in force
  Pkeys pkeys;
  /// Without keys: a pkey_alloc has taken key 0 for good, and found out that there are none.
  bool has_lost_default_pkey = false;
  std::uint32_t attachment_count = 0;  ///< shmat calls that came to a mapping
  std::uint64_t mdwe = 0;              ///< PR_SET_MDWE: PR_MDWE_*
  /// What later mappings get besides their own flags: VM_LOCKED and VM_LOCKONFAULT, by
  /// mlockall(MCL_FUTURE).
  spec::VmFlags future_flags = 0;
  spec::AnonVmaId last_anon_vma = spec::kNoAnonVma;
  std::vector<std::uint64_t> anon_shared_pages;  ///< size of each kAnonShared object, by number
  /// The features of each userfaultfd, by its number; none where there is none.
  std::array<std::optional<std::uint64_t>, spec::kUserfaultfdCount> userfaultfds{};
  /// What the counters have beyond the sum of the VMAs: what they had at the start, and what a
  /// kernel forgot to count down since.
  spec::Counters beyond_vmas;
};

/// Whether VM_MERGEABLE may be set with these flags (vma_ksm_compatible; SEMANTICS item 2).
[[nodiscard]] constexpr bool is_ksm_eligible(spec::VmFlags flags) {
  constexpr spec::VmFlags kNever = spec::kVmShared | spec::kVmMayshare | spec::kVmSpecial |
                                   spec::kVmHugetlb | spec::kVmDroppable;
  return (flags & kNever) == 0;
}

/// The counters that these VMAs add up to (vm_stat_account).
[[nodiscard]] spec::Counters counters_of(const VmaMap& vmas);

}  // namespace vmadiff::model
