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
#include <span>
#include <vector>

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

/// The halves of a call that succeeded as a whole.
std::optional<Halves> halves_of(const RelationRoom& room, std::size_t i) {
  if (!room.first_run.outcomes[i].is_ok()) return std::nullopt;
  return std::visit(HalvesOf{}, room.first.sequence[i].call);
}

/// What there may be in a state that keeps calls from being split, as far as the calls before tell.
struct Reasons {
  bool locked = false;
  bool limited = false;
  bool attached = false;
  bool special = false;  ///< hugetlb too
  bool huge = false;

  void note(const spec::Syscall& call) {
    using enum spec::FileClass;
    locked = locked || std::holds_alternative<spec::Mlock>(call) ||
             std::holds_alternative<spec::Mlock2>(call) ||
             std::holds_alternative<spec::Mlockall>(call);
    limited = limited || std::holds_alternative<spec::Setrlimit>(call);
    attached = attached || std::holds_alternative<spec::Shmat>(call);
    const auto* const mmap = std::get_if<spec::Mmap>(&call);
    if (mmap == nullptr) return;
    const auto cls = mmap->file.cls;
    locked = locked || (mmap->flags & spec::kMapLocked) != 0;
    huge = huge || cls == kHugetlb || (mmap->flags & spec::kMapHugetlb) != 0;
    const bool is_ordinary = cls == kNone || cls == kMemfd || cls == kFile ||
                             cls == kFileReadOnly || cls == kZero || cls == kLegacyFile;
    special = special || huge || !is_ordinary;
  }

  [[nodiscard]] bool matter_to(const spec::Syscall& call) const {
    if (std::holds_alternative<spec::Munmap>(call)) return huge;
    const auto* const mprotect = std::get_if<spec::Mprotect>(&call);
    const bool makes_writable = mprotect != nullptr && (mprotect->prot & spec::kProtWrite) != 0;
    return attached || special || (makes_writable && (locked || limited));
  }
};

/// The steps of room.first_run before which the state may keep a call that succeeded from being
/// split, as far as calls, results and set-up tell; ascending. On a remote system no call names
/// what was mapped at the beginning, which is reserved there.
std::vector<std::size_t> steps_with_reasons(const RelationRoom& room) {
  // As many as a call can add; but an mremap of several VMAs adds one for each.
  constexpr std::size_t kVmasOfCall = 4;
  std::size_t vmas_max = room.setup->initial.vmas.size();
  Reasons reasons;
  reasons.limited = room.setup->limits.as != spec::kRlimInfinity;
  std::vector<std::size_t> steps;
  for (std::size_t i = 0; i < room.first_run.steps; ++i) {
    const auto& call = room.first.sequence[i].call;
    // What fails half way may have left a reason all the same.
    reasons.note(call);
    const bool are_many = vmas_max + 2 >= room.setup->max_map_count;
    if (!are_many)
      vmas_max += kVmasOfCall + (std::holds_alternative<spec::Mremap>(call) ? vmas_max : 0);
    const auto halves = halves_of(room, i);
    if (!halves) continue;
    if (are_many || reasons.matter_to(call)) steps.push_back(i);
  }
  return steps;
}

/// Runs the sequence once more, and looks before these steps: room.first_run.states there.
std::expected<void, spec::ToolFault> look_before(RelationRoom& room,
                                                 const std::vector<std::size_t>& steps) {
  if (steps.empty()) return {};
  const std::span<const spec::Step> sequence{room.first.sequence};
  auto& states = room.first_run.states;
  if (states.size() < sequence.size() + 1) states.resize(sequence.size() + 1);
  if (auto started = room.system->start(*room.setup); !started) return started;
  std::size_t done = 0;
  for (const std::size_t i : steps) {
    auto& given = room.second_run.outcomes;
    if (i != done) room.system->apply_all(sequence.subspan(done, i - done), given);
    // It did not before: which call it dies of is seen step by step.
    if (i != done && given.back().is_death())
      return record(*room.system, *room.setup, room.first.sequence, room.first_run);
    done = i;
    if (auto seen = room.system->snapshot(sequence[i].process, states[i]); !seen) return seen;
  }
  return {};
}

/// The halves of a call that succeeded as a whole and can be split in this state.
std::optional<Halves> splittable(RelationRoom& room, std::size_t i) {
  const auto halves = halves_of(room, i);
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
  if (sequence.empty()) return std::nullopt;
  room.first.clear();
  for (std::size_t i = 0; i < sequence.size(); ++i) room.first.add(sequence[i], i);
  auto run = record_whole(room, sequence);
  std::vector<std::size_t> looked_before;
  if (run && !room.first_run.is_looked_at) {
    looked_before = steps_with_reasons(room);
    run = look_before(room, looked_before);
  }
  if (!run) return std::unexpected(run.error());

  room.second.clear();
  room.counterpart.clear();
  for (std::size_t i = 0; i < room.first_run.steps; ++i) {
    const spec::Step& step = sequence[i];
    const bool is_known =
        room.first_run.is_looked_at || std::ranges::binary_search(looked_before, i);
    if (const auto halves = is_known ? splittable(room, i) : halves_of(room, i)) {
      room.second.add({.process = step.process, .call = halves->first, .expected = {}}, i);
      room.second.add({.process = step.process, .call = halves->second, .expected = {}}, i);
    } else {
      room.second.add(step, i);
    }
    room.counterpart.push_back(room.second.sequence.size() - 1);
  }
  return run_second(room, {.leeway = {},
                           .anon_vmas = true,
                           .has_halves = true,
                           .first_name = "whole calls",
                           .second_name = "calls split in two"});
}

}  // namespace vmadiff::properties
