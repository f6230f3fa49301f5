// model: the two ways in which a range gets its VMA.
#include "model/join.h"

#include <utility>

#include "model/compatibility.h"
#include "model/file_rules.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Range;
using spec::Vma;

namespace {

// A cut that leaves one VMA more than before (split_vma).
Result cut_if_allowed(AddressSpace& space, Address a) {
  const Vma* const vma = space.vmas.at(a);
  if (vma == nullptr || vma->start == a) return {};
  if (space.map_count() >= space.setup->max_map_count) return fail(Errno::kENOMEM);
  if (!can_cut_at(*vma, a)) return fail(Errno::kEINVAL);
  space.vmas.cut_at(a);
  return {};
}

void join(AddressSpace& space, Range range, Joins joins) {
  if (joins.right) space.vmas.join_at(range.end);
  if (joins.left) space.vmas.join_at(range.start);
}

// Makes the part of a VMA that `changed` describes be as it says.
Result change(AddressSpace& space, const Vma& changed, Joins joins) {
  const Range range = changed.range();
  if (joins.any()) {
    // The boundaries move, and no VMA is added: the limit is not asked.
    space.vmas.cut_at(range.start);
    space.vmas.cut_at(range.end);
  } else {
    if (const Result cut = cut_if_allowed(space, range.start); !cut) return cut;
    if (const Result cut = cut_if_allowed(space, range.end); !cut) return cut;
  }
  *space.vmas.at(range.start) = changed;
  join(space, range, joins);
  return {};
}

}  // namespace

namespace {

// What a VMA's close hook forbids: older kernels all merging; others that a VMA goes by it, be it
// the range itself or the neighbour above, where the one below joins, too.
Joins without_closing(const AddressSpace& space, const Vma& range, Joins joins) {
  if (!has_close_hook(range)) return joins;
  if (space.profile.close_hooks == spec::CloseHooks::kNeverMerge) return {};
  const Vma* const there = space.vmas.at(range.start);
  if (there != nullptr && there->range() == range.range()) return {};
  if (joins.left) joins.right = false;
  return joins;
}

}  // namespace

bool can_cut_at(const Vma& vma, Address a) {
  return (vma.flags & spec::kVmHugetlb) == 0 || a % spec::kHugePageSize == 0;
}

Joins joins_of(AddressSpace& space, const Vma& range) {
  const Vma* const prev = space.vmas.ending_at(range.start);
  const Vma* const next = space.vmas.starting_at(range.end);
  Joins joins;
  joins.left = can_merge_left(prev, range, space.profile) == MergeAnswer::kYes &&
               space.displacement.goes_on_at(range.start);
  joins.right = can_merge_right(range, next, space.profile) == MergeAnswer::kYes &&
                space.displacement.goes_on_at(range.end) &&
                (!joins.left || neighbours_agree(*prev, *next));
  return without_closing(space, range, joins);
}

Joins joins_of_new(AddressSpace& space, const Vma& mapping) {
  if (space.profile.mmap_joins == spec::MmapJoins::kBelowFirst) return joins_of(space, mapping);
  const Vma* const prev = space.vmas.ending_at(mapping.start);
  const Vma* const next = space.vmas.starting_at(mapping.end);
  Vma range = mapping;
  Joins joins;
  joins.right = can_merge_right(range, next, space.profile) == MergeAnswer::kYes &&
                space.displacement.goes_on_at(range.end);
  if (joins.right) {
    range.anon_vma = next->anon_vma;
    range.anon_vma_links = next->anon_vma_links;
  }
  joins.left = can_merge_left(prev, range, space.profile) == MergeAnswer::kYes &&
               space.displacement.goes_on_at(range.start);
  return without_closing(space, range, joins);
}

void lay_down(AddressSpace& space, const Vma& mapping, Joins joins) {
  space.vmas.put(mapping);
  join(space, mapping.range(), joins);
}

// Where a range ends inside its VMA it has no neighbour at that end: what adjoins there is the rest
// of the same VMA, which no VMA starts or ends at.
Result change_flags(AddressSpace& space, Range range, spec::VmFlags flags) {
  Vma changed = part_of(*space.vmas.at(range.start), range);
  changed.flags = flags;
  return change(space, changed, joins_of(space, changed));
}

Result change_watcher(AddressSpace& space, Range range, spec::VmFlags flags, std::uint32_t watcher,
                      std::uint64_t pgoff) {
  Vma changed = part_of(*space.vmas.at(range.start), range);
  changed.flags = flags;
  changed.userfaultfd = watcher;
  const std::uint64_t own_pgoff = std::exchange(changed.pgoff, pgoff);
  const Joins joins = joins_of(space, changed);
  if (!joins.any()) changed.pgoff = own_pgoff;
  return change(space, changed, joins);
}

Result change_flags_apart(AddressSpace& space, Range range, spec::VmFlags flags) {
  Vma changed = part_of(*space.vmas.at(range.start), range);
  changed.flags = flags;
  return change(space, changed, {});
}

Result change_policy(AddressSpace& space, Range range, const spec::MemPolicy& policy) {
  Vma changed = part_of(*space.vmas.at(range.start), range);
  changed.policy = policy;
  return change(space, changed, joins_of(space, changed));
}

Result change_name(AddressSpace& space, Range range, spec::VmaName name) {
  Vma changed = part_of(*space.vmas.at(range.start), range);
  changed.name = name;
  return change(space, changed, joins_of(space, changed));
}

}  // namespace vmadiff::model
