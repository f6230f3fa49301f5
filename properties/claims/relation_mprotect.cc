// properties: MprotectThereAndBackIsIdentity.
//
// After an mprotect that succeeds on a part of one VMA, an mprotect of the same range with the
// protection that it had before restores the layout.
// Source: vma_modify_flags (mm/vma.c) splits what gets different flags and merges what is equal.
// Not covered: ranges of several VMAs (the call makes them equal, and nothing remembers what they
// were), and anon_vmas (a merge on the way lends one for good). Exempt, each by name:
// VM_SPECIAL VMAs, which split and never merge (SpecialVmasStaySplit), VM_ACCOUNT that stays
// (AccountingStays), neighbours that another call had made equal without merging them, and which
// the way back now merges (CompatibleNeighboursWereApart), no room for the way back, or MDWE that
// forbids it (NoWayBack), VMAs with a close hook (AttachmentsStaySplit), and the protection key of
// what is executed alone (ExecuteOnlyForgetsTheKey).
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "properties/claims/merge_due.h"
#include "properties/claims/relation.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Snapshot;
using spec::Vma;

std::uint64_t prot_of(spec::VmFlags flags) {
  std::uint64_t prot = 0;
  if ((flags & spec::kVmRead) != 0) prot |= spec::kProtRead;
  if ((flags & spec::kVmWrite) != 0) prot |= spec::kProtWrite;
  if ((flags & spec::kVmExec) != 0) prot |= spec::kProtExec;
  return prot;
}

/// Index of the VMA that holds all of [start, end), or nothing.
std::optional<std::size_t> holder(const Snapshot& s, Address start, Address end) {
  const auto it = std::ranges::upper_bound(s.vmas, start, {}, &Vma::end);
  if (it == s.vmas.end() || it->start > start || it->end < end) return std::nullopt;
  return static_cast<std::size_t>(it - s.vmas.begin());
}

bool compatible_neighbour_at_an_end(const Snapshot& s, std::size_t index, Address start,
                                    Address end) {
  const Vma& vma = s.vmas[index];
  const bool left = index > 0 && vma.start == start && are_compatible(s.vmas[index - 1], vma);
  const bool right =
      index + 1 < s.vmas.size() && vma.end == end && are_compatible(vma, s.vmas[index + 1]);
  return left || right;
}

bool anon_vma_was_borrowed(const Snapshot& before, std::size_t index, const Snapshot& after,
                           Address start, spec::AnonVmaMerge rule) {
  const auto now = holder(after, start, start + 1);
  return rule == spec::AnonVmaMerge::kNeighbourChainSingle && now &&
         before.vmas[index].anon_vma == spec::kNoAnonVma &&
         after.vmas[*now].anon_vma != spec::kNoAnonVma;
}

bool accounting_stayed(const Snapshot& before, std::size_t index, const Snapshot& after,
                       Address start) {
  const auto now = holder(after, start, start + 1);
  return now && (before.vmas[index].flags & spec::kVmAccount) == 0 &&
         (after.vmas[*now].flags & spec::kVmAccount) != 0;
}

/// What is executed alone has a key of its own, whatever it had before.
bool takes_another_key(const Snapshot& before, std::size_t index, const Snapshot& after,
                       Address start, std::uint64_t there, std::uint64_t back) {
  const auto now = holder(after, start, start + 1);
  const bool executes = there == spec::kProtExec || back == spec::kProtExec;
  return executes && now &&
         spec::pkey_of(before.vmas[index].flags) != spec::pkey_of(after.vmas[*now].flags);
}

/// It was charged for pages that it has no more.
bool emptied_and_uncharged(const Snapshot& before, std::size_t index, const Snapshot& after,
                           Address start) {
  const Vma& was = before.vmas[index];
  const auto now = holder(after, start, start + 1);
  return now && was.anon_vma == spec::kNoAnonVma && (was.flags & spec::kVmWrite) == 0 &&
         (was.flags & spec::kVmAccount) != 0 && (after.vmas[*now].flags & spec::kVmAccount) == 0;
}

/// Whether MDWE, which a call before has turned on, may refuse that protection.
bool may_be_denied(const spec::Sequence& sequence, std::size_t i, std::uint64_t prot) {
  const auto sets_mdwe = [](const spec::Step& step) {
    const auto* prctl = std::get_if<spec::Prctl>(&step.call);
    return prctl != nullptr && prctl->option == spec::kPrSetMdwe && prctl->arg2 != 0;
  };
  return (prot & spec::kProtExec) != 0 &&
         std::any_of(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(i),
                     sets_mdwe);
}

/// An mprotect that may have a way back, or null.
const spec::Mprotect* goes_there(const spec::Syscall& call) {
  constexpr std::uint64_t kFromElsewhere = spec::kProtGrowsdown | spec::kProtGrowsup;
  const auto* there = std::get_if<spec::Mprotect>(&call);
  const bool may = there != nullptr && there->length != 0 && (there->prot & kFromElsewhere) == 0;
  return may ? there : nullptr;
}

}  // namespace

RelationResult mprotect_there_and_back_is_identity(RelationRoom& room,
                                                   const spec::Sequence& sequence) {
  spec::System& system = *room.system;
  spec::Observes seen = room.seen;
  seen.anon_vma = false;
  if (room.first_run.states.size() < 2) room.first_run.states.resize(2);
  Snapshot& before = room.first_run.states[0];
  Snapshot& after = room.first_run.states[1];
  if (auto started = system.start(*room.setup); !started) {
    return std::unexpected(started.error());
  }
  std::vector<spec::Outcome>& outcomes = room.first_run.outcomes;
  const auto is_there = [](const spec::Step& step) { return goes_there(step.call) != nullptr; };
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    // Nobody looks between the calls that lead to the next one.
    const std::span<const spec::Step> rest = std::span{sequence}.subspan(i);
    const auto way = static_cast<std::size_t>(std::ranges::find_if(rest, is_there) - rest.begin());
    if (way != 0) system.apply_all(rest.first(way), outcomes);
    if (way != 0 && outcomes.back().is_death()) return std::nullopt;
    i += way;
    if (i == sequence.size()) break;
    const spec::Step& step = sequence[i];
    const spec::Mprotect* const there = goes_there(step.call);
    if (auto s = system.snapshot(step.process, before); !s) return std::unexpected(s.error());
    if (!system.apply(step.process, step.call).is_ok()) continue;
    const Address end = there->addr + spec::page_up(there->length);
    const auto index = holder(before, there->addr, end);
    if (!index) continue;
    const spec::Mprotect back{there->addr, there->length, prot_of(before.vmas[*index].flags)};
    const spec::Outcome outcome = system.apply(step.process, back);
    if (auto s = system.snapshot(step.process, after); !s) return std::unexpected(s.error());
    // A mark that sticks goes to what a merge on the way there made one, and stays.
    const auto d = difference(before, after, seen, {.flags = spec::kVmSticky});
    const bool is_denied = outcome == spec::Outcome::fail(spec::Errno::kEACCES) &&
                           may_be_denied(sequence, i, back.prot);
    if (outcome == spec::Outcome::fail(spec::Errno::kENOMEM) || is_denied) {
      room.exemptions->count(Exemption::kNoWayBack);
    } else if (d && (before.vmas[*index].flags & spec::kVmSpecial) != 0) {
      room.exemptions->count(Exemption::kSpecialVmasStaySplit);
    } else if (d && before.vmas[*index].file.cls == spec::FileClass::kSysv) {
      room.exemptions->count(Exemption::kAttachmentsStaySplit);
    } else if (d && takes_another_key(before, *index, after, there->addr, there->prot, back.prot)) {
      room.exemptions->count(Exemption::kExecuteOnlyForgetsTheKey);
    } else if (d && accounting_stayed(before, *index, after, there->addr)) {
      room.exemptions->count(Exemption::kAccountingStays);
    } else if (d && emptied_and_uncharged(before, *index, after, there->addr)) {
      room.exemptions->count(Exemption::kEmptiedMemoryLosesItsCharge);
    } else if (d && anon_vma_was_borrowed(before, *index, after, there->addr,
                                          room.profile->anon_vma_merge)) {
      room.exemptions->count(Exemption::kBorrowedAnonVmaStays);
    } else if (d && compatible_neighbour_at_an_end(before, *index, there->addr, end)) {
      room.exemptions->count(Exemption::kCompatibleNeighboursWereApart);
    } else if (d || !outcome.is_ok()) {
      return RelationBreach{
          i,
          fmt::format(
              "mprotect there ({:#x}) and back ({:#x}, which gives {}) is not the identity{}",
              there->prot, back.prot, text(outcome), d ? ": " + explain(*d, before, after) : ""),
          d ? std::string{name(d->field)} : "outcome",
          View{fmt::format("{}, before mprotect", system.name()), spec::Outcome::ok(), before,
               room.seen},
          View{fmt::format("{}, after mprotect there and back", system.name()), outcome, after,
               room.seen}};
    }
    // Go on from where the sequence itself would be.
    if (system.apply(step.process, step.call).is_death()) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace vmadiff::properties
