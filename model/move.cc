// model: a mapping moves.
#include "model/move.h"

#include <algorithm>

#include "model/file_rules.h"
#include "model/huge_pages.h"
#include "model/join.h"
#include "model/userfault.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Address;
using spec::DontunmapSource;
using spec::Errno;
using spec::kPageShift;
using spec::MovedAnonVma;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

constexpr VmFlags kLockedMask = spec::kVmLocked | spec::kVmLockonfault;

// Memory that nothing was written to yet is as good as fresh at its new place, so its offset
// follows the address; once there are pages they are found by their offset, and it stays
// (copy_vma).
Vma copy_of(const Vma& source, const Move& move) {
  Vma copy = source;
  copy.start = move.to.start;
  copy.end = move.to.end;
  copy.pgoff += (move.from - source.start) >> kPageShift;
  if (is_anonymous(source) && source.anon_vma == spec::kNoAnonVma) {
    copy.pgoff = copy.start >> kPageShift;
  }
  return copy;
}

// As what the copy asks to be joined with its neighbours: some kernels do not see that it came
// through fork.
Vma as_asked(Vma copy, const spec::KernelProfile& profile) {
  const bool has_one = copy.anon_vma != spec::kNoAnonVma;
  if (has_one && profile.moved_anon_vma == MovedAnonVma::kForgotten) copy.anon_vma_links = 1;
  return copy;
}

// The pages of its own that private memory of a file has move with it, and keep the offset that
// they had; before there are any, it follows the address.
std::uint64_t displacement_of_copy(const AddressSpace& space, const Vma& source, const Move& move) {
  const bool counts = space.profile.anon_pgoff == spec::AnonPgoff::kOwn && has_own_offset(source);
  if (!counts || source.anon_vma == spec::kNoAnonVma) return 0;
  return space.displacement.at(move.from) + (move.to.start >> kPageShift) -
         (move.from >> kPageShift);
}

void empty_source(AddressSpace& space, Range from) {
  const DontunmapSource rule = space.profile.dontunmap_source;
  Vma& source = *space.vmas.at(from.start);
  if (!is_cut_out(rule) && (source.flags & spec::kVmLocked) != 0) {
    space.beyond_vmas.locked_vm += source.pages();
  }
  source.flags &= ~kLockedMask;
  if (rule == DontunmapSource::kWholeUnaccounted) source.flags &= ~spec::kVmAccount;
  if (source.range() != from) return;
  source.anon_vma = spec::kNoAnonVma;
  source.anon_vma_links = 0;
  if (!is_cut_out(rule)) return;
  if (source.file.is_none()) source.pgoff = source.start >> kPageShift;
  space.displacement.set(from, 0);
}

// For what the copy and the cuts may add (move_vma), of every VMA that the call moves.
std::uint64_t spare_vmas(const AddressSpace& space, const Vma& source, const Move& move) {
  switch (space.profile.mremap_room) {
    case spec::MremapRoom::kSixForAMove:
      return 4;
    case spec::MremapRoom::kFourAlways:
      return 2;
    case spec::MremapRoom::kFourOrFiveAlways:
      return move.keeps_source && (source.flags & spec::kVmLocked) != 0 ? 3 : 2;
  }
  return 0;
}

}  // namespace

Result move(AddressSpace& space, const Move& move) {
  const Vma source = *space.vmas.at(move.from);
  const Range from{move.from, move.from + move.old_length};
  if (space.map_count() + spare_vmas(space, source, move) > space.setup->max_map_count) {
    return fail(Errno::kENOMEM);
  }
  if (!can_cut_at(source, from.start) || !can_cut_at(source, from.end)) {
    return fail(Errno::kEINVAL);
  }

  const bool cuts_out = move.keeps_source && is_cut_out(space.profile.dontunmap_source);
  if (cuts_out && (source.flags & spec::kVmLocked) != 0) {
    space.vmas.cut_at(from.start);
    space.vmas.cut_at(from.end);
  }
  // Some kernels charge for what was cut off as if it came with the move, and never give it back.
  const bool charges_cut_off = space.profile.mremap_charge == spec::MremapCharge::kWhatIsCutOff;
  const Address charged = move.keeps_source
                              ? move.to.size()
                              : move.to.size() - from.size() + (charges_cut_off ? move.cut_off : 0);
  if ((source.flags & spec::kVmAccount) != 0 && space.refuses_charge(charged >> kPageShift)) {
    return fail(Errno::kENOMEM);
  }

  // What stays of the source is no neighbour to its copy.
  const Range kept = space.vmas.at(move.from)->range();
  Vma copy = copy_of(source, move);
  space.displacement.set(copy.range(), displacement_of_copy(space, source, move));
  Joins joins = joins_of(space, as_asked(copy, space.profile));
  if (cuts_out) {
    const bool is_behind = joins.left && copy.start == kept.end;
    const bool is_before = joins.right && copy.end == kept.start;
    const bool alone = space.profile.dontunmap_source == DontunmapSource::kCutOutAlone;
    if (alone && (is_behind || is_before)) joins = {};
    joins.left = joins.left && !is_behind;
    joins.right = joins.right && !is_before;
  }
  const bool loses_its_watch =
      is_watched(source) && !watcher_has(space, source, spec::kUffdEventRemap);
  if (loses_its_watch && space.profile.uffd_move == spec::UffdMove::kNeverMerges) joins = {};
  if (joins.any() && space.profile.moved_anon_vma == MovedAnonVma::kForgotten) {
    copy.anon_vma = spec::kNoAnonVma;
    copy.anon_vma_links = 0;
  }
  lay_down(space, copy, joins);
  // A userfaultfd that did not ask for events on moves loses what moved, with all that this became
  // one VMA with; and nothing is joined again (mremap_userfaultfd_prep).
  if (loses_its_watch) forget_watch(*space.vmas.at(copy.start));

  space.guards.move(from.start, copy.start, std::min(from.size(), copy.end - copy.start));

  if (is_hugetlb(source.file.cls)) move_huge_pages(space, source, from, copy.start);

  // The source may be part of the copy by now.
  if (move.keeps_source) {
    empty_source(space, from);
  } else if (from.size() != 0) {
    space.vmas.cut_at(from.start);
    space.vmas.cut_at(from.end);
    space.drop(from);
  }
  return {};
}

}  // namespace vmadiff::model
