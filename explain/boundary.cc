// explain: the places where a call tries to merge.
#include "explain/boundary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "explain/ksm_flag.h"
#include "properties/claims/exemptions.h"
#include "properties/claims/merge_due.h"
#include "reports/vma_lines.h"

namespace vmadiff::explain {
namespace {

using properties::Due;
using spec::Address;
using spec::Range;
using spec::Snapshot;
using spec::Vma;
using Side = Boundary::Side;
using Fate = Boundary::Fate;

/// The part of the VMA that lies in `range`. Requires that one does.
Vma part_of(Vma vma, Range range) {
  const Address start = std::max(vma.start, range.start);
  const auto pages = (start - vma.start) >> spec::kPageShift;
  vma.pgoff += pages;
  if (vma.own_pgoff != 0) vma.own_pgoff += pages;
  vma.start = start;
  vma.end = std::min(vma.end, range.end);
  return vma;
}

/// Whether flags, policy, userfaultfd or name of the memory at `a` are others than before.
bool has_changed(const Moment& m, Address a) {
  const Vma* was = vma_at(m.before, a);
  const Vma* is = vma_at(m.after, a);
  if (was == nullptr || is == nullptr) return was != is;
  return ((was->flags ^ is->flags) & ~spec::kVmSticky) != 0 || was->policy != is->policy ||
         was->userfaultfd != is->userfaultfd || was->name != is->name;
}

bool is_one(const Snapshot& s, Address a) {
  return vma_at(s, a) != nullptr && vma_at(s, a - 1) == vma_at(s, a);
}

/// The call's own memory as it is when the merge is tried: what comes later is taken back.
class AsAsked {
 public:
  AsAsked(const Moment& moment, const Due& due) : m_(moment), due_(due) {}

  [[nodiscard]] Vma range(Vma part) const {
    if (std::holds_alternative<spec::Mremap>(m_.call)) {
      if (due_.range_is_below) {
        // What grows in place has its VMA's anon_vma, and no chain of its own (vma_merge_extend).
        part.anon_vma_links = std::min(part.anon_vma_links, 1U);
        return part;
      }
      const auto& mremap = std::get<spec::Mremap>(m_.call);
      return with_anon_vma_of(part, mremap.addr + (part.start - m_.outcome.value()));
    }
    if (due_.inside) return with_anon_vma_of(part, part.start);
    part.anon_vma = spec::kNoAnonVma;  // new memory has none; populating it comes last
    part.anon_vma_links = 0;
    if (has_joined_above(part)) part = with_anon_vma_of(part, due_.last);
    const auto ksm = ksm_flag_of(m_.call, part, m_.after.merge_any, m_.profile);
    if (ksm && ksm->when == KsmFlag::When::kAfterMerge) part.flags &= ~spec::kVmMergeable;
    return part;
  }
  /// What adjoins it, and is there already.
  [[nodiscard]] Vma neighbour(const Vma& part) const { return with_anon_vma_of(part, part.start); }

 private:
  /// Whether the memory, asked about its lower end, is one with what lies above by then: some
  /// kernels ask there first (mmap_joins).
  [[nodiscard]] bool has_joined_above(const Vma& part) const {
    return std::holds_alternative<spec::Mmap>(m_.call) && part.start == due_.first &&
           m_.profile.mmap_joins == spec::MmapJoins::kAboveFirst && is_one(m_.after, due_.last);
  }
  /// Populating, too, gives an anon_vma only behind the merge.
  [[nodiscard]] Vma with_anon_vma_of(Vma part, Address a) const {
    const Vma* was = vma_at(m_.before, a);
    if (was == nullptr) return part;
    part.anon_vma = was->anon_vma;
    part.anon_vma_links = was->anon_vma_links;
    return part;
  }

  const Moment& m_;
  const Due& due_;
};

Side side_of(Address at, const Due& due) {
  if (due.range_is_below) return Side::kAbove;
  if (at == due.first) return Side::kBelow;
  return at == due.last ? Side::kAbove : Side::kInside;
}

/// The exemption that excuses two compatible neighbours, or that none does.
std::string why_apart(const Moment& m, const Vma& prev, const Vma& next) {
  auto alone = m.after;
  alone.vmas = {prev, next};
  properties::ExemptionCounts counts;
  const auto index = properties::unmerged_neighbour(m.call, m.outcome, m.before, alone, m.setup,
                                                    m.profile, m.past, counts);
  std::map<std::string, std::uint64_t, std::less<>> used;
  counts.add_to(used);
  for (const auto& rule : properties::exemption_rules()) {
    if (used.contains(rule.name)) return fmt::format("{} ({})", rule.reason, rule.name);
  }
  return index ? "not explained: a merge was due"
               : "not explained: as they were before the call they could be one";
}

/// A range that could join either neighbour makes one VMA of all three only if these two suit, too:
/// where it has joined at its other end, and what is there has another anon_vma than the neighbour
/// here, that is the answer.
void look_at_other_end(const Moment& m, const Due& due, const Vma& range, const Vma& neighbour,
                       std::vector<Answer>& answers) {
  const bool is_low = range.start < neighbour.start;
  const Address end = is_low ? due.first : due.last;
  if (due.range_is_below || !is_one(m.after, end)) return;
  const Vma* const other = vma_at(m.before, is_low ? end - 1 : end);
  if (other == nullptr || other->anon_vma == spec::kNoAnonVma ||
      neighbour.anon_vma == spec::kNoAnonVma || other->anon_vma == neighbour.anon_vma) {
    return;
  }
  auto& answer = answers.back();
  answer.holds = false;
  answer.text = "the range joins at its other end what has another one, and the two are not one";
}

Boundary boundary_at(const Moment& m, const Due& due, Address at) {
  Boundary out{.at = at, .side = side_of(at, due)};
  const AsAsked asked{m, due};
  const Vma* const low = vma_at(m.after, at - 1);
  const Vma* const high = vma_at(m.after, at);
  const bool range_is_high = out.side != Side::kAbove;
  if (low == nullptr || high == nullptr) {
    out.fate = Fate::kNothingThere;
    return out;
  }
  const bool joined = low == high;
  out.fate = joined ? Fate::kJoined : is_one(m.before, at) ? Fate::kCut : Fate::kApart;
  auto low_part = part_of(*low, {0, at});
  auto high_part = part_of(*high, {at, ~Address{0}});
  if (joined) {
    // The neighbour as it was; inside a range its lower part, which came first.
    const Address beside = range_is_high ? at - 1 : at;
    const Vma* was = vma_at(m.before, beside);
    auto& neighbour = range_is_high ? low_part : high_part;
    const Range there = range_is_high ? Range{0, at} : Range{at, ~Address{0}};
    if (was != nullptr && out.side != Side::kInside) neighbour = part_of(*was, there);
    auto& range = range_is_high ? high_part : low_part;
    const bool goes_on = range_is_high ? due.last > at : due.first < at;
    if (goes_on) range = part_of(range, {due.first, due.last});
  }
  // Inside a range, as for merge_due: what the call has changed is the range.
  const bool is_high = out.side == Side::kInside ? has_changed(m, at) : range_is_high;
  const auto range = asked.range(is_high ? high_part : low_part);
  const auto neighbour = asked.neighbour(is_high ? low_part : high_part);
  out.neighbour = spec::text(neighbour);
  out.answers = answers_for({neighbour, range}, m.profile.anon_vma_merge);
  if (!joined && all_hold(out.answers)) {
    look_at_other_end(m, due, range, neighbour, out.answers);
  }
  const bool all = all_hold(out.answers);
  if (joined && !all) {
    out.note =
        "they are one all the same: when it was asked, it was otherwise than before and "
        "after the call";
  } else if (!joined && all) {
    out.note = why_apart(m, *low, *high);
  }
  return out;
}

/// Where merges were tried, ends that did not move left out.
std::set<Address> places_of(const Moment& m, const Due& due) {
  std::set<Address> places;
  if (!due.range_is_below && due.first != 0) places.insert(due.first);
  places.insert(due.last);
  if (!due.inside) return places;
  for (const Snapshot* state : {&m.before, &m.after}) {
    for (const Vma& vma : state->vmas) {
      if (vma.start > due.first && vma.start < due.last) places.insert(vma.start);
    }
  }
  // Of what was not changed nothing is asked.
  std::erase_if(places, [&](Address a) {
    return (!has_changed(m, a) && !has_changed(m, a - 1)) ||
           (is_one(m.before, a) && is_one(m.after, a));
  });
  return places;
}

bool is_programs_own(const Moment& m, Address a) {
  const auto is_own = [](const Vma* vma) {
    return vma == nullptr || vma->file.cls == spec::FileClass::kOther;
  };
  const bool is_mapped = vma_at(m.after, a) != nullptr || vma_at(m.after, a - 1) != nullptr;
  return is_mapped && is_own(vma_at(m.after, a)) && is_own(vma_at(m.after, a - 1));
}

}  // namespace

const Vma* vma_at(const Snapshot& s, Address a) {
  const auto it = std::ranges::upper_bound(s.vmas, a, {}, &Vma::end);
  return it != s.vmas.end() && it->start <= a ? &*it : nullptr;
}

std::vector<Boundary> boundaries_of(const Moment& m) {
  std::vector<Boundary> out;
  if (!m.outcome.is_ok()) return out;
  const auto due = properties::merge_due(m.call, m.outcome, m.before, m.after, m.setup);
  if (!due) return out;
  for (const Address at : places_of(m, *due)) {
    if (!is_programs_own(m, at)) out.push_back(boundary_at(m, *due, at));
  }
  return out;
}

}  // namespace vmadiff::explain
