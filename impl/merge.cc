// impl: when neighbouring VMAs become one.
#include "impl/merge.h"

#include <utility>

#include "impl/anon_vma.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Whether a merge at the destination of a move looks at the VMA that moves: kernels from 6.16 on
/// did not until 6.19 (61f67c230a5e; measured on 6.16.12 and 6.17.13).
bool knows_source(const MmStruct& mm, const VmaMergeStruct& vmg) {
  return vmg.copied_from != nullptr && mm.profile.moved_anon_vma == MovedAnonVma::kPassedOn;
}

/// Whether an anon_vma on at most one side, or the same one on both, may end up in one VMA.
/// `neighbour` is the VMA on that side; the range has vmg.anon_vma, and vmg.middle where it exists.
bool is_mergeable_anon_vma(const MmStruct& mm, const VmaMergeStruct& vmg, const VmArea& neighbour) {
  const AnonVmaId of_range = vmg.anon_vma;
  const AnonVmaId of_neighbour = neighbour.anon_vma;
  switch (mm.profile.anon_vma_merge) {
    case AnonVmaMerge::kNeighbourChainSingle:
      // A neighbour that was never written to has no link at all, hence not a single one.
      if ((of_range == kNoAnonVma || of_neighbour == kNoAnonVma) && neighbour.has_single_link()) {
        return true;
      }
      break;
    case AnonVmaMerge::kFaultedChainSingle:
      if (of_neighbour == kNoAnonVma && of_range != kNoAnonVma) {
        return (vmg.middle == nullptr || vmg.middle->has_single_link()) &&
               (!knows_source(mm, vmg) || vmg.copied_from->has_single_link());
      }
      if (of_neighbour != kNoAnonVma && of_range == kNoAnonVma) return neighbour.has_single_link();
      break;
  }
  return of_range == of_neighbour;
}

/// All that both sides share: is_mergeable_vma, the anon_vmas, and the page offsets at which the
/// neighbour would have to begin, modulo 2^64 pages.
MergeAnswer suits(const MmStruct& mm, const VmaMergeStruct& vmg, const VmArea& neighbour,
                  bool pgoff_goes_on, bool anon_pgoff_goes_on) {
  if (neighbour.vm_policy != vmg.policy) return MergeAnswer::kPolicy;
  if (((neighbour.vm_flags ^ vmg.vm_flags) & ~kVmSticky) != 0) return MergeAnswer::kFlags;
  if (neighbour.vm_file != vmg.file) return MergeAnswer::kFile;
  if (neighbour.anon_name != vmg.anon_name) return MergeAnswer::kName;
  if (neighbour.uffd_ctx != vmg.uffd_ctx) return MergeAnswer::kUffdCtx;
  if (neighbour.has_close_hook() && mm.profile.close_hooks == CloseHooks::kNeverMerge) {
    return MergeAnswer::kCloseHook;
  }
  if (!is_mergeable_anon_vma(mm, vmg, neighbour)) return MergeAnswer::kAnonVma;
  const bool is_contiguous =
      pgoff_goes_on && (anon_pgoff_goes_on || !has_anon_pgoff(mm, vmg.vm_flags));
  return is_contiguous ? MergeAnswer::kYes : MergeAnswer::kPgoff;
}

/// dup_anon_vma: what `from` shares with its pages, the grown VMA must share too. False where
/// memory is exhausted.
bool dup_anon_vma(const MmStruct& mm, VmArea& to, const VmArea& from) {
  if (from.anon_vma == kNoAnonVma || to.anon_vma != kNoAnonVma) return true;
  if (!anon_vma_clone(mm, from)) return false;
  to.anon_vma = from.anon_vma;
  to.anon_vma_chain = from.anon_vma_chain;
  return true;
}

/// Carries out what vmg says. False, with nothing changed, where memory is exhausted. The anon_vma
/// of `anon_from` goes to the target if that has none.
bool commit_merge(MmStruct& mm, VmaMergeStruct& vmg, const VmArea* anon_from) {
  VmArea& target = *vmg.target;
  const Address first = vmg.adjust_next_start ? vmg.end : vmg.start;
  const Address end = vmg.adjust_next_start ? target.vm_end : vmg.end;
  if (!mm.preallocate(first, end - 1)) return false;
  if (anon_from != nullptr && !dup_anon_vma(mm, target, *anon_from)) return false;
  if (vmg.adjust_next_start) {
    const std::uint64_t pages = (target.vm_start - first) >> kPageShift;
    target.vm_pgoff -= pages;
    target.anon_pgoff -= pages;
    target.vm_start = first;
    vmg.middle->vm_end = first;
  } else {
    if (vmg.adjust_middle_start) {
      const std::uint64_t pages = (end - vmg.middle->vm_start) >> kPageShift;
      vmg.middle->vm_pgoff += pages;
      vmg.middle->anon_pgoff += pages;
      vmg.middle->vm_start = end;
    }
    target.vm_start = first;
    target.vm_end = end;
    target.vm_pgoff = vmg.pgoff;
    target.anon_pgoff = vmg.anon_pgoff;
  }
  VmFlags merged_flags = vmg.vm_flags;
  if (vmg.remove_next) merged_flags |= vmg.next->vm_flags;
  target.vm_flags |= merged_flags & kVmSticky;
  mm.mm_mt.store_preallocated(first, end - 1, &target);
  for (VmArea* gone :
       {vmg.remove_middle ? vmg.middle : nullptr, vmg.remove_next ? vmg.next : nullptr}) {
    if (gone == nullptr) continue;
    mm.vmas.give_back(gone);
    --mm.counters.map_count;
  }
  return true;
}

}  // namespace

MergeAnswer can_vma_merge_left(const MmStruct& mm, const VmaMergeStruct& vmg) {
  if (vmg.prev == nullptr) return MergeAnswer::kNoNeighbour;
  if (vmg.prev->vm_end != vmg.start) return MergeAnswer::kNotAdjacent;
  const VmArea& prev = *vmg.prev;
  return suits(mm, vmg, prev, prev.vm_pgoff + prev.pages() == vmg.pgoff,
               prev.anon_pgoff + prev.pages() == vmg.anon_pgoff);
}

MergeAnswer can_vma_merge_right(const MmStruct& mm, const VmaMergeStruct& vmg, bool with_left) {
  if (vmg.next == nullptr) return MergeAnswer::kNoNeighbour;
  if (vmg.next->vm_start != vmg.end) return MergeAnswer::kNotAdjacent;
  const std::uint64_t pages = (vmg.end - vmg.start) >> kPageShift;
  const VmArea& next = *vmg.next;
  const MergeAnswer answer = suits(mm, vmg, next, next.vm_pgoff == vmg.pgoff + pages,
                                   next.anon_pgoff == vmg.anon_pgoff + pages);
  if (answer != MergeAnswer::kYes || !with_left) return answer;
  // Both neighbours suit the range; they must suit each other as well (are_anon_vmas_compatible).
  const AnonVmaId before = vmg.prev->anon_vma;
  const AnonVmaId behind = vmg.next->anon_vma;
  return before == kNoAnonVma || behind == kNoAnonVma || before == behind
             ? MergeAnswer::kYes
             : MergeAnswer::kNeighboursAnonVma;
}

VmArea* vma_merge_new_range(MmStruct& mm, VmaMergeStruct& vmg) {
  vmg.state = MergeState::kNoMerge;
  if ((vmg.vm_flags & kVmSpecial) != 0) {
    vmg.left = vmg.right = MergeAnswer::kSpecial;
    return nullptr;
  }
  if (vmg.next_first) {
    vmg.right = can_vma_merge_right(mm, vmg, false);
    VmaMergeStruct with_next = vmg;
    if (vmg.right == MergeAnswer::kYes) with_next.anon_vma = vmg.next->anon_vma;
    vmg.left = can_vma_merge_left(mm, with_next);
  } else {
    vmg.left = can_vma_merge_left(mm, vmg);
    const bool with_left = vmg.left == MergeAnswer::kYes;
    if (!vmg.just_expand) vmg.right = can_vma_merge_right(mm, vmg, with_left);
  }
  const bool merge_left = vmg.left == MergeAnswer::kYes;
  if (merge_left && vmg.right == MergeAnswer::kYes && vmg.next->has_close_hook()) {
    vmg.right = MergeAnswer::kCloseHook;
  }
  const bool merge_right = vmg.right == MergeAnswer::kYes;
  if (!merge_left && !merge_right) return nullptr;

  // PPPP****NNNN: prev takes the range, and next too if both merge; else next takes it.
  VmaMergeStruct merge = vmg;
  if (merge_right) {
    merge.target = vmg.next;
    merge.end = vmg.next->vm_end;
  }
  if (merge_left) {
    merge.target = vmg.prev;
    merge.start = vmg.prev->vm_start;
    merge.pgoff = vmg.prev->vm_pgoff;
    merge.anon_pgoff = vmg.prev->anon_pgoff;
    merge.remove_next = merge_right;
  }
  const bool next_is_faulted = merge.remove_next && merge.next->anon_vma != kNoAnonVma;
  const VmArea* source = knows_source(mm, vmg) ? vmg.copied_from : nullptr;
  if (!commit_merge(mm, merge, next_is_faulted ? merge.next : source)) {
    vmg.state = MergeState::kErrorNomem;
    return nullptr;
  }
  vmg = merge;
  vmg.state = MergeState::kSuccess;
  return vmg.target;
}

VmArea* vma_merge_copied_range(MmStruct& mm, VmaMergeStruct& vmg, const VmArea& source) {
  vmg.copied_from = &source;
  return vma_merge_new_range(mm, vmg);
}

VmArea* vma_merge_extend(MmStruct& mm, VmArea& vma, Address delta) {
  VmaMergeStruct vmg;
  vmg.prev = &vma;
  vmg.next = mm.find_vma(vma.vm_end);
  vmg.start = vma.vm_end;
  vmg.end = vma.vm_end + delta;
  vmg.vm_flags = vma.vm_flags;
  vmg.pgoff = vma.vm_pgoff + vma.pages();
  vmg.anon_pgoff = vma.anon_pgoff + vma.pages();
  vmg.file = vma.vm_file;
  vmg.anon_vma = vma.anon_vma;
  vmg.policy = vma.vm_policy;
  vmg.anon_name = vma.anon_name;
  vmg.uffd_ctx = vma.uffd_ctx;
  if (vma.has_close_hook() && mm.profile.close_hooks == CloseHooks::kNeverMerge) {
    // Those kernels move the end of the VMA themselves (vma_adjust).
    vmg.target = &vma;
    vmg.start = vma.vm_start;
    vmg.pgoff = vma.vm_pgoff;
    vmg.anon_pgoff = vma.anon_pgoff;
    return commit_merge(mm, vmg, nullptr) ? &vma : nullptr;
  }
  return vma_merge_new_range(mm, vmg);
}

VmArea* vma_merge_existing_range(MmStruct& mm, VmaMergeStruct& vmg) {
  VmArea& middle = *vmg.middle;
  const bool left_side = vmg.start == middle.vm_start;
  const bool right_side = vmg.end == middle.vm_end;
  vmg.state = MergeState::kNoMerge;
  if ((vmg.vm_flags & kVmSpecial) != 0) {
    vmg.left = vmg.right = MergeAnswer::kSpecial;
    return nullptr;
  }
  if (left_side) vmg.left = can_vma_merge_left(mm, vmg);
  const bool merge_left = vmg.left == MergeAnswer::kYes;
  if (right_side) {
    vmg.next = mm.vma_lookup(vmg.end);
    vmg.right = can_vma_merge_right(mm, vmg, merge_left);
  }
  const bool merge_right = vmg.right == MergeAnswer::kYes;
  if (!merge_left && !merge_right) return nullptr;
  // can_merge_remove_vma. Next can go only together with middle, and has the same file.
  if (left_side && right_side && middle.has_close_hook()) {
    vmg.left = vmg.right = MergeAnswer::kCloseHook;
    return nullptr;
  }

  VmaMergeStruct merge = vmg;
  const VmArea* anon_from = &middle;
  merge.remove_middle = left_side && right_side;
  if (merge_left) {
    // PPPP****NNNN -> PPPPPPPPPPPP, or PPPP****MMMM -> PPPPPPPPMMMM, or PPPP**** -> PPPPPPPP
    merge.target = vmg.prev;
    merge.start = vmg.prev->vm_start;
    merge.pgoff = vmg.prev->vm_pgoff;
    merge.anon_pgoff = vmg.prev->anon_pgoff;
    merge.adjust_middle_start = !merge.remove_middle;
    if (merge_right) {
      merge.remove_next = true;
      merge.end = vmg.next->vm_end;
      if (vmg.next->anon_vma != kNoAnonVma) anon_from = vmg.next;
    }
  } else if (merge.remove_middle) {
    // ****NNNN -> NNNNNNNN
    merge.target = vmg.next;
    merge.end = vmg.next->vm_end;
  } else {
    // MMMM****NNNN -> MMMMNNNNNNNN
    merge.target = vmg.next;
    merge.adjust_next_start = true;
    merge.start = middle.vm_start;
    merge.end = vmg.start;
    merge.pgoff = middle.vm_pgoff;
  }
  if (!commit_merge(mm, merge, anon_from)) {
    vmg.state = MergeState::kErrorNomem;
    return nullptr;
  }
  vmg = merge;
  vmg.state = MergeState::kSuccess;
  return vmg.target;
}

}  // namespace vmadiff::impl
