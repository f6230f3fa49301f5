// model: when two neighbours can be one VMA.
#include "model/compatibility.h"

#include "spec/flags.h"

namespace vmadiff::model {

using spec::KernelProfile;
using spec::kNoAnonVma;
using spec::Vma;

namespace {

bool offsets_go_on(const Vma& low, const Vma& high) {
  return low.pgoff + low.pages() == high.pgoff;
}

// Equal (or both absent) is always right. If just one side has an anon_vma, its chain must have a
// single link, i.e. it must not have come through fork; and before 6.16 that side had to be the
// neighbour (is_mergeable_anon_vma).
bool anon_vmas_agree(const Vma& neighbour, const Vma& range, const KernelProfile& profile) {
  if (neighbour.anon_vma == range.anon_vma) return true;
  if (neighbour.anon_vma != kNoAnonVma && range.anon_vma != kNoAnonVma) return false;
  switch (profile.anon_vma_merge) {
    case spec::AnonVmaMerge::kNeighbourChainSingle:
      return neighbour.anon_vma_links == 1;
    case spec::AnonVmaMerge::kFaultedChainSingle:
      return (neighbour.anon_vma != kNoAnonVma ? neighbour : range).anon_vma_links == 1;
  }
  return false;
}

MergeAnswer can_merge(const Vma& low, const Vma& high, bool neighbour_is_low,
                      const KernelProfile& profile) {
  const Vma& neighbour = neighbour_is_low ? low : high;
  const Vma& range = neighbour_is_low ? high : low;
  if ((range.flags & spec::kVmSpecial) != 0) return MergeAnswer::kSpecial;
  if (((low.flags ^ high.flags) & ~spec::kVmSticky) != 0) return MergeAnswer::kFlags;
  if (low.policy != high.policy) return MergeAnswer::kPolicy;
  if (low.file != high.file) return MergeAnswer::kFile;
  if (low.name != high.name) return MergeAnswer::kName;
  if (low.userfaultfd != high.userfaultfd) return MergeAnswer::kUserfaultfd;
  if (!anon_vmas_agree(neighbour, range, profile)) return MergeAnswer::kAnonVma;
  if (!offsets_go_on(low, high)) return MergeAnswer::kOffset;
  return MergeAnswer::kYes;
}

}  // namespace

MergeAnswer can_merge_left(const Vma* prev, const Vma& range, const KernelProfile& profile) {
  if (prev == nullptr || prev->end != range.start) return MergeAnswer::kNoNeighbour;
  return can_merge(*prev, range, true, profile);
}

MergeAnswer can_merge_right(const Vma& range, const Vma* next, const KernelProfile& profile) {
  if (next == nullptr || next->start != range.end) return MergeAnswer::kNoNeighbour;
  return can_merge(range, *next, false, profile);
}

bool neighbours_agree(const Vma& prev, const Vma& next) {
  return prev.anon_vma == kNoAnonVma || next.anon_vma == kNoAnonVma ||
         prev.anon_vma == next.anon_vma;
}

bool can_share_anon_vma(const Vma& low, const Vma& high) {
  constexpr spec::VmFlags kMayDiffer = spec::kVmAccessFlags | spec::kVmSticky;
  return low.end == high.start && low.policy == high.policy && low.file == high.file &&
         ((low.flags ^ high.flags) & ~kMayDiffer) == 0 && offsets_go_on(low, high);
}

}  // namespace vmadiff::model
