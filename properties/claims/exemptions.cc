// properties: the table of exemptions, with reasons.
#include "properties/claims/exemptions.h"

namespace vmadiff::properties {
namespace {

constexpr std::array<ExemptionRule, kExemptionCount> kRules{{
    {"LegacyMmapHookUnderKsm", "NoCompatibleNeighboursLeftUnmerged, EnablingKsmChangesNoLayout",
     "a private mapping of a file with a legacy .mmap hook (shmem apart) gets VM_MERGEABLE only "
     "after its merge attempt, since the hook may still change the flags; its neighbours have it "
     "already"},
    {"NothingChanged", "NoCompatibleNeighboursLeftUnmerged",
     "mprotect, madvise, mlock, mseal, mbind, a userfaultfd and PR_SET_VMA try to merge only a VMA "
     "whose flags, policy or name they change"},
    {"MprotectStopsMidway", "FailedCallsChangeNothing",
     "mprotect works VMA by VMA; one that may not be changed, a hole, or a split without room for "
     "another VMA ends it with what was done before in place"},
    {"MadviseGoesOnOverHoles", "FailedCallsChangeNothing",
     "madvise advises, and PR_SET_VMA names, every VMA of its range and answers ENOMEM afterwards "
     "if "
     "there was a hole"},
    {"MmapHookFailsAfterUnmapping", "FailedCallsChangeNothing",
     "MAP_FIXED unmaps what lies in its way before the .mmap hook of the file runs, or the object "
     "of shared anonymous memory is made; where that fails, a hole is left"},
    {"SplitsRemain", "FailedCallsChangeNothing",
     "mmap, munmap and brk split the VMA at the start of their range, then the one at its end; "
     "where "
     "the second split cannot be made (inside a huge page, or no room for another VMA), or a seal, "
     "a "
     "limit or a charge refuses the rest after that, the splits stay, with the same pages mapped "
     "on "
     "both sides"},
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
     "the way back needs another VMA or another charge than the way there, and there is no room; "
     "or MDWE forbids it"},
    {"HugePagesCannotBeSplit", "SplittingACallEqualsTheWhole",
     "a call on a part of a hugetlb mapping fails unless it is aligned to the huge page"},
    {"MadviseStopsMidway", "FailedCallsChangeNothing",
     "madvise advises, and PR_SET_VMA names, VMA by VMA; one that refuses it ends it with what was "
     "done before in place"},
    {"MlockStopsMidway", "FailedCallsChangeNothing",
     "mlock, mlock2 and munlock work VMA by VMA, and lock before they populate; a hole, or a page "
     "that cannot be had, ends them with what was done before in place"},
    {"MsealStopsMidway", "FailedCallsChangeNothing",
     "mseal works VMA by VMA; one that cannot be split, inside a huge page or for want of room for "
     "another VMA, "
     "ends it with what was done before in place."},
    {"MremapStopsMidway", "FailedCallsChangeNothing",
     "mremap to a fixed place unmaps the destination, and what the source has too much, before it "
     "looks at whether the rest can be moved; several VMAs are moved one by one"},
    {"LockedVmDriftsAfterDontunmap", "CountersMatchTheVmas",
     "a locked mapping that is moved with MREMAP_DONTUNMAP leaves a source that is not locked any "
     "more and counts as locked for ever (measured on 6.18, a kernel finding; 6.13 to 7.1)"},
    {"TheLockIsTakenBack", "NoCompatibleNeighboursLeftUnmerged",
     "a droppable mapping that is to be locked (MAP_LOCKED, mlockall), and locked memory that "
     "MREMAP_DONTUNMAP moves next to its source, try to merge as locked mappings and lose the flag "
     "afterwards"},
    {"PopulationComesAfter", "NoCompatibleNeighboursLeftUnmerged",
     "mlock, mlockall, and mprotect of locked memory populate after they have tried to merge; the "
     "anon_vma that comes of it can be a neighbour's, with which a merge was not possible before"},
    {"DontunmapKeepsItsSource", "NoCompatibleNeighboursLeftUnmerged",
     "before 6.13 and from 7.2 on memory that MREMAP_DONTUNMAP moves next to its own source is not "
     "merged with it"},
    {"TheSourceLosesItsAnonVma", "NoCompatibleNeighboursLeftUnmerged",
     "of several VMAs that MREMAP_DONTUNMAP moves to right behind their range, the first meets the "
     "last while that has its anon_vma yet, which it loses when its own turn comes"},
    {"TheMovedLosesItsAnonVma", "NoCompatibleNeighboursLeftUnmerged",
     "from 6.16 to 6.18.15 what mremap moves beside memory that was never written loses its "
     "anon_vma "
     "to it, which had kept it apart from its other neighbour (mended by 61f67c230a5e)"},
    {"PopulationComesBetween", "SplittingACallEqualsTheWhole",
     "mprotect that makes locked memory writable populates it at once; done in two halves, the "
     "first "
     "half's new anon_vma can keep the second from merging with what lies behind"},
    {"UserfaultfdStopsMidway", "FailedCallsChangeNothing",
     "a userfaultfd's ranges are registered and unregistered VMA by VMA; a split that cannot be "
     "made ends it with what was done before in place"},
    {"MbindStopsMidway", "FailedCallsChangeNothing",
     "mbind works VMA by VMA; a split that cannot be made ends it with what was done before in "
     "place"},
    {"UserfaultfdLosesWhatMoves", "NoCompatibleNeighboursLeftUnmerged",
     "mremap tries to merge registered memory as such (from 7.3 on not at all), and takes the "
     "registration from the VMA that it then is in, with no further attempt to merge"},
    {"FailureDoesNotMatter", "FailedAllocationsAreSurvived",
     "a fault for which there is no memory is taken again, and what MAP_POPULATE and mlockall "
     "cannot "
     "populate they leave: the call does what it does otherwise"},
    {"MergeIsGivenUp", "FailedAllocationsAreSurvived",
     "a new mapping, or one that moves, that cannot be merged for want of memory is made as a VMA "
     "of its own"},
    {"SourceStaysMapped", "FailedAllocationsAreSurvived",
     "mremap has moved the pages when it unmaps the source; where that fails the empty source "
     "stays, "
     "without a charge, and the call succeeds (unmap_source_vma)"},
    {"MlockallGoesOn", "FailedAllocationsAreSurvived",
     "mlockall and munlockall leave a VMA that cannot be changed as it is and go on"},
    {"GuardsNeedAnAnonVma", "OnlyPrivateVmasHaveAnAnonVma",
     "kernels that know VMAs with guards by their anon_vma give shared ones one, too"},
    {"EmptiedMemoryLosesItsCharge", "MprotectThereAndBackIsIdentity",
     "read-only memory that MREMAP_DONTUNMAP emptied is charged still (VM_ACCOUNT), though it has "
     "no "
     "anon_vma any more; the next mprotect that makes it read-only gives the charge back"},
    {"PopulationIsGivenUp", "FailedAllocationsAreSurvived",
     "mprotect that makes locked memory writable populates it VMA by VMA, and goes on where that "
     "fails; what has got no anon_vma then can merge with what follows, where one VMA more would "
     "have been over the limit"},
    {"SealedMemoryIsSteppedOver", "NoCompatibleNeighboursLeftUnmerged",
     "mseal of several VMAs loses its place where what it has just sealed merges with memory that "
     "was sealed before, and the next VMA merges with neither neighbour (6.17 to 6.18.15)"},
    {"ShrinkingMoveKeepsItsCharge", "NothingStaysCommitted",
     "mremap that moves memory to a fixed address and shrinks it charges what it has cut off, and "
     "nobody gives that back (6.15 to 7.2)"},
    {"FailedHookKeepsTheCharge", "NothingStaysCommitted",
     "a private writable mapping that its file's hook refuses loses the charge of what it has "
     "replaced (6.16 to 7.2), and with .mmap_prepare its own, too (6.17 to 7.1)"},
    {"EmptiedSourceLosesItsCharge", "NothingStaysCommitted",
     "MREMAP_DONTUNMAP leaves its source mapped without VM_ACCOUNT, and what that was charged for "
     "is given back by nobody (6.15 and 6.16)"},
    {"UnchargedStacksGrowCharged", "NothingStaysCommitted",
     "what a stack grows by is charged (acct_stack_growth) also where the stack itself is not, "
     "being mapped with MAP_NORESERVE or read-only, and is not given back with it then"},
    {"UserfaultfdAsksByTheWrongOffset", "NoCompatibleNeighboursLeftUnmerged",
     "a userfaultfd that registers, or not any more, a range that begins inside a VMA holds it "
     "against its neighbour above by the page offset of the whole (6.1)"},
    {"ChargeComesAfterUnmapping", "FailedCallsChangeNothing",
     "MAP_FIXED unmaps what lies in its way before the new memory is charged; where that is "
     "refused, a hole is left (6.1)"},
    {"RoomIsAskedForTwice", "SplittingACallEqualsTheWhole",
     "mprotect that makes private memory writable is refused for RLIMIT_DATA only where its range "
     "would fit under RLIMIT_AS a second time (mprotect_fixup): a half can fit so, and be refused, "
     "where the whole does not, and is not"},
    {"MoveForgetsReservations", "NothingStaysReserved",
     "mremap that moves a part of a private mapping of huge pages forgets what the rest of it has "
     "reserved (fixup_hugetlb_reservations), and nobody gives that back"},
    {"CloseHooksStopMerges", "NoCompatibleNeighboursLeftUnmerged",
     "one of them would go, and a VMA with a close hook, as System V shared memory has, is not "
     "removed by a merge (can_merge_remove_vma); up to 6.3 it is not even extended"},
    {"AttachmentsStaySplit", "MprotectThereAndBackIsIdentity",
     "what was cut out of an attachment of System V shared memory is a VMA with a close hook, "
     "which "
     "no merge removes"},
    {"AttachmentsAreNotHalved", "SplittingACallEqualsTheWhole",
     "of an attachment of System V shared memory a half can join its neighbour, where the whole, "
     "being a VMA with a close hook, cannot"},
    {"ExecuteOnlyForgetsTheKey", "MprotectThereAndBackIsIdentity",
     "memory that mprotect makes executable alone takes the protection key for that, and what it "
     "had before is forgotten"},
    {"ShmdtSaysNothing", "FailedAllocationsAreSurvived",
     "shmdt goes on where a part of an attachment cannot be unmapped, and succeeds"},
    {"UserfaultfdIsGivenUp", "FailedCallsChangeNothing",
     "an access to memory that is registered for missing pages, but cannot be brought one (huge "
     "pages, private /dev/zero), has closed the userfaultfd before it fails"},
}};

}  // namespace

std::span<const ExemptionRule> exemption_rules() { return kRules; }

void ExemptionCounts::add_to(std::map<std::string, std::uint64_t, std::less<>>& out) const {
  for (std::size_t i = 0; i < kExemptionCount; ++i) {
    if (counts_[i] != 0) out[std::string{kRules[i].name}] += counts_[i];
  }
}

}  // namespace vmadiff::properties
