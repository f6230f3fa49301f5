// properties: the table of exemptions, with reasons.
#include "properties/exemptions.h"

namespace vmadiff::properties {
namespace {

constexpr std::array<ExemptionRule, kExemptionCount> kRules{{
    {"LegacyMmapHookUnderKsm", "NoCompatibleNeighboursLeftUnmerged, EnablingKsmChangesNoLayout",
     "a private mapping of a file with a legacy .mmap hook (shmem apart) gets VM_MERGEABLE only "
     "after its merge attempt, since the hook may still change the flags; its neighbours have it "
     "already"},
    {"NothingChanged", "NoCompatibleNeighboursLeftUnmerged",
     "mprotect and madvise try to merge only a VMA whose flags they change"},
    {"MprotectStopsMidway", "FailedCallsChangeNothing",
     "mprotect works VMA by VMA; one that may not be changed, a hole, or a split without room for "
     "another VMA ends it with what was done before in place"},
    {"MadviseGoesOnOverHoles", "FailedCallsChangeNothing",
     "madvise advises every VMA of its range and answers ENOMEM afterwards if there was a hole"},
    {"MmapHookFailsAfterUnmapping", "FailedCallsChangeNothing",
     "MAP_FIXED unmaps what lies in its way before the .mmap hook of the file runs, or the object "
     "of shared anonymous memory is made; where that fails, a hole is left"},
    {"SplitAtTheStartRemains", "FailedCallsChangeNothing",
     "mmap and munmap split the VMA at the start of their range before the one at its end; where "
     "the end cannot be split (inside a huge page, or no room for another VMA), the first split "
     "stays, with the same pages mapped on both sides of it"},
    {"TouchKeepsTheEarlierPages", "FailedCallsChangeNothing",
     "a touch is one access after another; those before the one that faults for good have "
     "happened, and may have made an anon_vma"},
    {"CompatibleNeighboursWereApart", "MprotectThereAndBackIsIdentity",
     "neighbours that became equal by another call (prctl, munmap of what lay between and the "
     "like) stay apart until a call on one of them tries to merge"},
    {"SpecialVmasStaySplit", "MprotectThereAndBackIsIdentity, SplittingACallEqualsTheWhole",
     "mprotect and madvise split VM_SPECIAL VMAs as any other, and nothing merges these again"},
    {"AccountingStays", "MprotectThereAndBackIsIdentity",
     "mprotect to writable charges private memory (VM_ACCOUNT); the charge is given back only for "
     "anonymous memory that was never written"},
    {"BorrowedAnonVmaStays", "MprotectThereAndBackIsIdentity",
     "a merge on the way there lends the range its neighbour's anon_vma; kernels that ask for a "
     "single-link chain of the neighbour do not merge it back into memory that was never written"},
    {"NoWayBack", "MprotectThereAndBackIsIdentity",
     "the way back needs another VMA or another charge than the way there, and there is no room"},
    {"HugePagesCannotBeSplit", "SplittingACallEqualsTheWhole",
     "a call on a part of a hugetlb mapping fails unless it is aligned to the huge page"},
}};

}  // namespace

std::span<const ExemptionRule> exemption_rules() { return kRules; }

void ExemptionCounts::add_to(std::map<std::string, std::uint64_t, std::less<>>& out) const {
  for (std::size_t i = 0; i < kExemptionCount; ++i) {
    if (counts_[i] != 0) out[std::string{kRules[i].name}] += counts_[i];
  }
}

}  // namespace vmadiff::properties
