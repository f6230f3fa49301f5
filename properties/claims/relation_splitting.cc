// properties: SplittingACallEqualsTheWhole.
//
// munmap, mprotect, madvise and PR_SET_VMA on [a, c) leave the same results and layout as the same
// calls on [a, b) and then [b, c), where the whole succeeds. b is the page in the middle. Source:
// each of the three walks its range VMA by VMA from below (mm/mprotect.c, mm/madvise.c, mm/vma.c);
// a cut at b is one more split, which the second call merges again. Not covered: calls that fail as
// a whole, ranges of one page, unaligned starts, and limits (a split needs a VMA more for a moment,
// so a state within two of max_map_count is left alone). Exempt: a middle inside a hugetlb VMA that
// is not on a huge page (HugePagesCannotBeSplit), and one inside another VM_SPECIAL VMA, which
// splits and never merges (SpecialVmasStaySplit; munmap leaves nothing to merge). Exempt too is
// mprotect that makes locked memory writable: it populates the first half, whose new anon_vma can
// keep the second from merging (PopulationComesBetween); what changes attachments of System V
// shared memory (AttachmentsAreNotHalved); and mprotect to writable of more than
// RLIMIT_AS has room for once more (RoomIsAskedForTwice).
#include <fmt/format.h>

#include <algorithm>

#include "properties/claims/relation.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

struct Halves {
  spec::Syscall first;
  spec::Syscall second;
  Address middle;
};

template <typename Call>
std::optional<Halves> halve(const Call& call) {
  const Address length = spec::page_up(call.length);
  if (!spec::is_page_aligned(call.addr) || length < 2 * spec::kPageSize) return std::nullopt;
  const Address half = spec::page_down(length / 2);
  Call low = call;
  Call high = call;
  low.length = half;
  high.addr += half;
  high.length -= half;
  return Halves{low, high, high.addr};
}

struct HalvesOf {
  std::optional<Halves> operator()(const spec::Munmap& call) const { return halve(call); }
  std::optional<Halves> operator()(const spec::Mprotect& call) const {
    // These flags make the start of the range another one.
    if ((call.prot & (spec::kProtGrowsdown | spec::kProtGrowsup)) != 0) return std::nullopt;
    return halve(call);
  }
  std::optional<Halves> operator()(const spec::Madvise& call) const { return halve(call); }
  std::optional<Halves> operator()(const spec::SetVmaName& call) const { return halve(call); }
  std::optional<Halves> operator()(const auto&) const { return std::nullopt; }
};

/// Whether the call changes VMAs with a close hook.
bool changes_attachments(const spec::Syscall& call, const spec::Snapshot& s) {
  if (std::holds_alternative<spec::Munmap>(call)) return false;
  const auto range = spec::named_ranges(call).first;
  return range && std::ranges::any_of(s.vmas, [&](const spec::Vma& vma) {
           return vma.file.cls == spec::FileClass::kSysv && vma.range().overlaps(*range);
         });
}

/// The rule that keeps a call from being split at `middle`, or nothing.
std::optional<Exemption> unsplittable(const spec::Syscall& call, const spec::Snapshot& s,
                                      Address middle) {
  if (changes_attachments(call, s)) return Exemption::kAttachmentsAreNotHalved;
  const auto it = std::ranges::upper_bound(s.vmas, middle, {}, &spec::Vma::end);
  if (it == s.vmas.end() || it->start >= middle) return std::nullopt;
  if ((it->flags & spec::kVmHugetlb) != 0 && middle % spec::kHugePageSize != 0) {
    return Exemption::kHugePagesCannotBeSplit;
  }
  const bool modifies = !std::holds_alternative<spec::Munmap>(call);
  if (modifies && (it->flags & spec::kVmSpecial) != 0) return Exemption::kSpecialVmasStaySplit;
  return std::nullopt;
}

/// Whether mprotect would populate something that was not written to yet.
bool populates_locked_memory(const spec::Syscall& call, const spec::Snapshot& s) {
  const auto* mprotect = std::get_if<spec::Mprotect>(&call);
  if (mprotect == nullptr || (mprotect->prot & spec::kProtWrite) == 0) return false;
  const spec::Range range{mprotect->addr, mprotect->addr + spec::page_up(mprotect->length)};
  return std::ranges::any_of(s.vmas, [&](const spec::Vma& vma) {
    return vma.range().overlaps(range) && (vma.flags & spec::kVmLocked) != 0 &&
           vma.anon_vma == spec::kNoAnonVma;
  });
}

/// Whether mprotect to writable has a range that does not fit under RLIMIT_AS besides all that is
/// mapped: the lowest limit that any process has had by then.
bool has_no_room_twice(const RelationRoom& room, std::size_t i) {
  const auto& calls = room.first.sequence;
  const auto* mprotect = std::get_if<spec::Mprotect>(&calls[i].call);
  if (mprotect == nullptr || (mprotect->prot & spec::kProtWrite) == 0) return false;
  auto lowest = room.setup->limits.as;
  for (std::size_t before = 0; before < i; ++before) {
    const auto* limit = std::get_if<spec::Setrlimit>(&calls[before].call);
    if (limit != nullptr && limit->resource == spec::kRlimitAs)
      lowest = std::min(lowest, limit->limit);
  }
  const auto pages = spec::page_up(mprotect->length) >> spec::kPageShift;
  return room.first_run.states[i].counters.total_vm + pages > lowest >> spec::kPageShift;
}

/// The halves of a call that succeeded as a whole and can be split in this state.
std::optional<Halves> splittable(RelationRoom& room, std::size_t i) {
  if (!room.first_run.outcomes[i].is_ok()) return std::nullopt;
  const auto halves = std::visit(HalvesOf{}, room.first.sequence[i].call);
  const spec::Snapshot& before = room.first_run.states[i];
  if (!halves || before.vmas.size() + 2 >= room.setup->max_map_count) return std::nullopt;
  if (populates_locked_memory(room.first.sequence[i].call, before)) {
    room.exemptions->count(Exemption::kPopulationComesBetween);
    return std::nullopt;
  }
  if (has_no_room_twice(room, i)) {
    room.exemptions->count(Exemption::kRoomIsAskedForTwice);
    return std::nullopt;
  }
  if (const auto rule = unsplittable(room.first.sequence[i].call, before, halves->middle)) {
    room.exemptions->count(*rule);
    return std::nullopt;
  }
  return halves;
}

}  // namespace

RelationResult splitting_a_call_equals_the_whole(RelationRoom& room,
                                                 const spec::Sequence& sequence) {
  room.first.clear();
  for (std::size_t i = 0; i < sequence.size(); ++i) room.first.add(sequence[i], i);
  auto run = record(*room.system, *room.setup, room.first.sequence, room.first_run);
  if (!run) return std::unexpected(run.error());

  room.second.clear();
  room.counterpart.clear();
  for (std::size_t i = 0; i < room.first_run.steps; ++i) {
    const spec::Step& step = sequence[i];
    if (const auto halves = splittable(room, i)) {
      room.second.add({.process = step.process, .call = halves->first, .expected = {}}, i);
      room.second.add({.process = step.process, .call = halves->second, .expected = {}}, i);
    } else {
      room.second.add(step, i);
    }
    room.counterpart.push_back(room.second.sequence.size() - 1);
  }
  run = record(*room.system, *room.setup, room.second.sequence, room.second_run);
  if (!run) return std::unexpected(run.error());
  // A first half that fails shows in no comparison of outcomes, which looks at the second.
  for (std::size_t j = 0; j + 1 < room.second_run.steps; ++j) {
    const bool first_half = room.second.origin[j] == room.second.origin[j + 1];
    if (!first_half || room.second_run.outcomes[j].is_ok()) continue;
    const std::size_t i = room.second.origin[j];
    return RelationBreach{
        i,
        fmt::format("the call succeeds as a whole, and its first half gives {}",
                    text(room.second_run.outcomes[j])),
        "first half",
        View{fmt::format("{}, whole", room.system->name()), room.first_run.outcomes[i],
             room.first_run.states[i + 1], room.seen},
        View{fmt::format("{}, split", room.system->name()), room.second_run.outcomes[j],
             room.second_run.states[j + 1], room.seen}};
  }
  return compare_runs(room, {.leeway = {},
                             .anon_vmas = true,
                             .first_name = "whole calls",
                             .second_name = "calls split in two"});
}

}  // namespace vmadiff::properties
