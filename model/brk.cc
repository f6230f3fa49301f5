// model: brk the system call. It returns the break, moved or not; there is no errno.
#include "model/calls.h"
#include "model/compatibility.h"
#include "model/join.h"
#include "model/limits.h"
#include "model/mapping.h"
#include "model/placement.h"
#include "model/populate.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Range;
using spec::Vma;

namespace {

// Fails where the heap is no longer there at all, since something unmapped it.
bool shrink(AddressSpace& space, Range range) {
  if (space.vmas.is_free(range)) return false;
  if (!clear_edges(space, range)) return false;
  space.drop(range);
  return true;
}

bool grow(AddressSpace& space, Range range) {
  const spec::Setup& setup = *space.setup;
  if (range.end < range.start) return false;
  const PlacementRequest there{
      .addr = range.start, .length = range.size(), .fixed = true, .file = {}};
  if (!place(space, there)) return false;
  // One page must stay free between the heap and what follows, and the gap of a stack.
  const Vma* const next = space.vmas.at_or_after(range.start);
  if (next != nullptr && range.end + spec::kPageSize > start_with_gap(setup, *next)) return false;
  Vma added;
  added.start = range.start;
  added.end = range.end;
  added.pgoff = range.start >> spec::kPageShift;
  added.flags = spec::kVmDataDefaultFlags | spec::kVmAccount | space.future_flags;
  if (!may_lock(space, added.flags, added.pages())) return false;
  if (!may_expand(space, added.flags, added.pages())) return false;
  if (space.map_count() > setup.max_map_count) return false;
  if (space.refuses_charge(added.pages())) return false;
  if (space.profile.ksm_brk == spec::KsmBrk::kBeforeMerge) {
    added.flags = space.with_ksm_flag(added.flags);
  }

  // Only the VMA before is asked, and only if it is part of the heap; never the one behind.
  const Vma* const prev = space.vmas.ending_at(range.start);
  Joins joins;
  joins.left = prev != nullptr && prev->end > setup.start_brk &&
               can_merge_left(prev, added, space.profile) == MergeAnswer::kYes;
  if (!joins.any() && space.profile.ksm_brk == spec::KsmBrk::kAfterMapping) {
    added.flags = space.with_ksm_flag(added.flags);
  }
  lay_down(space, added, joins);
  if ((space.future_flags & spec::kVmLocked) != 0) populate_quietly(space, range);
  return true;
}

}  // namespace

spec::Outcome run(AddressSpace& space, const spec::Brk& call) {
  const Address from = spec::page_up(space.brk);
  const Address to = spec::page_up(call.addr);
  // The limit is asked wherever the break goes, down too.
  bool moved = call.addr >= space.setup->start_brk && may_move_break(space, call.addr);
  if (moved && to != from) {
    moved = call.addr <= space.brk ? shrink(space, {to, from}) : grow(space, {from, to});
  }
  if (moved) space.brk = call.addr;
  return spec::Outcome::ok(space.brk);
}

}  // namespace vmadiff::model
