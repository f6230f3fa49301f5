// model: mremap. What of shrinking, growing in place and moving the call comes to. The order of the
// steps matters: before 6.17 the destination is unmapped and the end is cut off before the VMA is
// asked whether it can move at all.
#include <algorithm>
#include <expected>
#include <optional>

#include "model/calls.h"
#include "model/file_rules.h"
#include "model/join.h"
#include "model/limits.h"
#include "model/mapping.h"
#include "model/move.h"
#include "model/mremap_checks.h"
#include "model/placement.h"
#include "model/populate.h"
#include "model/userfault.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::kPageShift;
using spec::MremapChecks;
using spec::Outcome;
using spec::Vma;

namespace {

/// The address that a remap leads to, or the errno.
using Remapped = std::expected<Address, Errno>;

Remapped move_vma(AddressSpace& space, const Remap& remap) {
  const Vma& vma = *space.vmas.at(remap.addr);
  PlacementRequest request;
  request.addr = remap.is_given_address() ? remap.new_addr : 0;
  request.length = remap.new_length;
  request.fixed = remap.has(spec::kMremapFixed);
  request.shared = (vma.flags & spec::kVmMayshare) != 0;
  request.file = vma.file;
  if (!vma.file.is_none()) request.pgoff = vma.pgoff + ((remap.addr - vma.start) >> kPageShift);
  const auto placed = place(space, request);
  if (!placed) return fail(placed.error());
  const Result moved = move(space, {.from = remap.addr,
                                    .old_length = remap.old_length,
                                    .to = {*placed, *placed + remap.new_length},
                                    .cut_off = remap.cut_off,
                                    .keeps_source = remap.has(spec::kMremapDontunmap)});
  if (!moved) return fail(moved.error());
  return *placed;
}

// To the address that the call gives.
Remapped move_to(AddressSpace& space, Remap remap) {
  const bool checks_first = space.profile.mremap_checks == MremapChecks::kArgumentsFirst;
  if (checks_first) {
    if (const Result can = check_mapping_anew(space, remap); !can) return fail(can.error());
  }
  if (remap.has(spec::kMremapFixed)) {
    const Result cleared = unmap(space, remap.new_addr, remap.new_length);
    if (!cleared) return fail(cleared.error());
    // An old size of 0, or one that wraps, overlaps nothing: the VMA itself can be gone by now.
    const bool looks_again = space.profile.mremap_checks != MremapChecks::kVmaFirst;
    if (looks_again && space.vmas.at(remap.addr) == nullptr) return fail(Errno::kEFAULT);
  }
  if (remap.old_length > remap.new_length) {
    const Result cut =
        unmap(space, remap.addr + remap.new_length, remap.old_length - remap.new_length);
    if (!cut) return fail(cut.error());
    remap.cut_off = remap.old_length - remap.new_length;
    remap.old_length = remap.new_length;
  }
  if (!checks_first) {
    if (const Result can = check_mapping_anew(space, remap); !can) return fail(can.error());
  }
  if (remap.has(spec::kMremapDontunmap) &&
      !may_expand(space, space.vmas.at(remap.addr)->flags, remap.old_length >> kPageShift)) {
    return fail(Errno::kENOMEM);
  }
  return move_vma(space, remap);
}

bool can_grow_in_place(AddressSpace& space, const Remap& remap) {
  const Vma& vma = *space.vmas.at(remap.addr);
  const Address end = remap.addr + remap.new_length;
  if (remap.addr + remap.old_length != vma.end || end < vma.end) return false;
  const PlacementRequest whole{
      .addr = vma.start, .length = end - vma.start, .fixed = true, .file = {}};
  return space.vmas.is_free({vma.end, end}) && place(space, whole);
}

Remapped grow_in_place(AddressSpace& space, const Remap& remap) {
  const Vma& vma = *space.vmas.at(remap.addr);
  Vma added = vma;
  added.start = vma.end;
  added.end = remap.addr + remap.new_length;
  added.pgoff += vma.pages();
  if ((vma.flags & spec::kVmAccount) != 0 && space.refuses_charge(added.pages())) {
    return fail(Errno::kENOMEM);
  }
  // What is added has the VMA's anon_vma without being a VMA that came through fork: whether what
  // lies behind may join is not asked of the chain (measured on 6.18).
  Vma asked = added;
  if (asked.anon_vma != spec::kNoAnonVma) asked.anon_vma_links = 1;
  space.displacement.set(added.range(), space.displacement.at(vma.start));
  // With a close hook it grows alone: the VMA behind it cannot be taken in.
  const Joins joins = has_close_hook(vma) ? Joins{.left = true} : joins_of(space, asked);
  if (!joins.left) {
    space.displacement.set(added.range(), 0);
    return fail(Errno::kENOMEM);
  }
  lay_down(space, added, joins);
  return remap.addr;
}

// Where it is, if possible. The same size is always possible, whatever the old size says.
Remapped resize(AddressSpace& space, const Remap& remap) {
  if (!remap.grows()) {
    if (remap.old_length == remap.new_length) return remap.addr;
    const Result cut =
        unmap(space, remap.addr + remap.new_length, remap.old_length - remap.new_length);
    if (!cut) return fail(cut.error());
    return remap.addr;
  }
  if (const Result can = check_mapping_anew(space, remap); !can) return fail(can.error());
  if (can_grow_in_place(space, remap)) return grow_in_place(space, remap);
  if (!remap.has(spec::kMremapMaymove)) return fail(Errno::kENOMEM);
  return move_vma(space, remap);
}

// Moves the VMAs of the range one by one, up to the first error; the holes between them stay holes,
// and what the destination has there stays mapped. The result is where the first went (remap_move).
Remapped move_several(AddressSpace& space, const Remap& remap) {
  const Address end = remap.addr + remap.old_length;
  std::optional<Address> first;
  Address at = remap.addr;
  Address target = remap.new_addr;
  while (at < end) {
    const Vma* const vma = space.vmas.at_or_after(at);
    if (vma == nullptr || vma->start >= end) break;
    if (!first && vma->start > at) return fail(Errno::kEFAULT);
    const bool is_all = !first && vma->end >= end;
    const bool can_be_one_of_several = can_move_with_others(vma->file.cls) && !is_watched(*vma);
    if (!is_all && !can_be_one_of_several) return fail(Errno::kEFAULT);
    const Address vma_end = vma->end;

    Remap part = remap;
    part.addr = std::max(at, vma->start);
    part.old_length = part.new_length = std::min(end, vma_end) - part.addr;
    part.new_addr = target + (part.addr - at);
    if (const Result can = check_vma(space, part); !can) return fail(can.error());
    const Remapped moved = move_to(space, part);
    if (!moved) return moved;
    if (!first) first = *moved;
    target = *moved + part.new_length;
    at = vma_end;
  }
  if (!first) return fail(Errno::kEFAULT);
  return *first;
}

Remapped remap_memory(AddressSpace& space, const spec::Mremap& call) {
  if (const Result valid = check_arguments(space, call); !valid) return fail(valid.error());
  Remap remap{call.addr, spec::page_up(call.length), spec::page_up(call.new_length), call.flags,
              call.new_addr};
  if (const Result can = check_before_vma(space, remap); !can) return fail(can.error());
  if (space.profile.mremap_move == spec::MremapMove::kSeveralVmas &&
      remap.has(spec::kMremapFixed) && remap.old_length == remap.new_length) {
    return move_several(space, remap);
  }
  if (const Result can = check_vma(space, remap); !can) return fail(can.error());
  if (const Result can = check_behind_vma(space, remap); !can) return fail(can.error());
  const bool is_locked = (space.vmas.at(remap.addr)->flags & spec::kVmLocked) != 0;
  const Remapped remapped = remap.is_given_address() ? move_to(space, remap) : resize(space, remap);
  if (remapped && is_locked && remap.grows()) {
    populate_quietly(space, {*remapped + remap.old_length, *remapped + remap.new_length});
  }
  return remapped;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Mremap& call) {
  const Remapped remapped = remap_memory(space, call);
  return remapped ? Outcome::ok(*remapped) : Outcome::fail(remapped.error());
}

}  // namespace vmadiff::model
