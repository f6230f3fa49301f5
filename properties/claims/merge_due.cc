// properties: where a merge was due, and whether it happened.
#include "properties/claims/merge_due.h"

#include <fmt/format.h>

#include <algorithm>

#include "properties/claims/reach.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Snapshot;
using spec::Vma;

/// Advice that sets or clears a VMA flag; the others touch pages only.
bool changes_flags(std::int32_t advice) {
  return (advice >= spec::kMadvNormal && advice <= spec::kMadvSequential) ||
         (advice >= spec::kMadvDontfork && advice <= spec::kMadvKeeponfork);
}

std::optional<Due> rounded_up(Address start, Address length) {
  return Due{start, start + spec::page_up(length), true};
}

/// How far from the start of a range of mremap something is mapped: where its last VMA went.
Address mapped_length(const Snapshot& before, const spec::Mremap& call) {
  const Address end = call.addr + spec::page_up(call.length);
  Address last = call.addr;
  for (const Vma& vma : before.vmas) {
    if (vma.start < end && vma.end > call.addr) last = std::min(end, vma.end);
  }
  return last - call.addr;
}

struct WhereDue {
  const spec::Outcome& outcome;
  const Snapshot& before;
  const Snapshot& after;
  const spec::Setup& setup;

  std::optional<Due> operator()(const spec::Mmap& call) const {
    const Address start = outcome.value();
    return Due{start, start + in_pages(call.length, maps_huge_pages(call)), false};
  }
  std::optional<Due> operator()(const spec::Mprotect& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::PkeyMprotect& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::Madvise& call) const {
    if (!changes_flags(call.advice)) return std::nullopt;
    return rounded_up(call.addr, call.length);
  }
  /// Of one range that was done; a second one may undo what is due of the first.
  std::optional<Due> operator()(const spec::ProcessMadvise& call) const {
    if (call.has_second() || outcome.value() != call.length) return std::nullopt;
    return (*this)(spec::Madvise{call.addr, call.length, call.advice});
  }
  std::optional<Due> operator()(const spec::Mlock& call) const { return outwards(call); }
  std::optional<Due> operator()(const spec::Mlock2& call) const { return outwards(call); }
  std::optional<Due> operator()(const spec::Munlock& call) const { return outwards(call); }
  std::optional<Due> operator()(const spec::Mseal& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::UffdRegister& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::UffdUnregister& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::UffdClose&) const {
    return Due{0, setup.task_size, true};
  }
  std::optional<Due> operator()(const spec::Mbind& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::SetVmaName& call) const {
    return rounded_up(call.addr, call.length);
  }
  std::optional<Due> operator()(const spec::Mlockall& call) const {
    if ((call.flags & spec::kMclCurrent) == 0) return std::nullopt;
    return Due{0, setup.task_size, true};
  }
  std::optional<Due> operator()(const spec::Munlockall&) const {
    return Due{0, setup.task_size, true};
  }
  /// Both ends of a destination; in place, the end that grew.
  std::optional<Due> operator()(const spec::Mremap& call) const {
    const Address start = outcome.value();
    const Address new_length = spec::page_up(call.new_length);
    const Address end = start + new_length;
    if (start != call.addr) {
      // Of several VMAs the last may end before the range does.
      const bool same_size = new_length == spec::page_up(call.length);
      return Due{start, same_size ? start + mapped_length(before, call) : end, false};
    }
    if (spec::page_up(call.new_length) <= spec::page_up(call.length)) return std::nullopt;
    return Due{end, end, false, true};
  }
  std::optional<Due> operator()(const spec::RemapFilePages& call) const {
    const Address start = spec::page_down(call.addr);
    return Due{start, start + spec::page_down(call.length), false};
  }
  std::optional<Due> operator()(const spec::Brk&) const {
    const Address old_end = spec::page_up(before.brk);
    const bool grew = spec::page_up(after.brk) > old_end;
    if (!grew || old_end <= setup.start_brk) return std::nullopt;
    return Due{old_end, old_end, false};
  }
  /// munmap, prctl, touch, limits, processes.
  std::optional<Due> operator()(const auto&) const { return std::nullopt; }

 private:
  static std::optional<Due> outwards(const auto& call) {
    const Address start = spec::page_down(call.addr);
    return Due{start, spec::page_up(call.addr + call.length), true};
  }
};

constexpr spec::VmFlags kCompared = ~spec::kVmSticky;

/// Whether the memory at `address` had other flags, another policy, userfaultfd or name before than
/// `now`, or was not mapped.
bool changed(const Snapshot& before, Address address, const Vma& now) {
  const auto it = std::ranges::upper_bound(before.vmas, address, {}, &Vma::end);
  if (it == before.vmas.end() || it->start > address) return true;
  return ((it->flags ^ now.flags) & kCompared) != 0 || it->policy != now.policy ||
         it->userfaultfd != now.userfaultfd || it->name != now.name;
}

/// A new private mapping whose file has a legacy hook, with KSM on for the process: only kernels
/// that set the flag early for the others have this excuse. Where no mapping gets it early, the
/// missing merge is the bug that this tool is for.
bool is_legacy_hook_under_ksm(const spec::Syscall& call, const Snapshot& after, const Vma& unmerged,
                              const spec::KernelProfile& profile) {
  if ((unmerged.flags & spec::kVmMergeable) == 0) return false;
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  if (mmap == nullptr || !after.merge_any || profile.ksm_early == spec::KsmEarly::kNever) {
    return false;
  }
  if ((mmap->flags & spec::kMapAnonymous) != 0 || mmap->file.cls == spec::FileClass::kMemfd) {
    return false;
  }
  return (mmap->flags & spec::kMapType) == spec::kMapPrivate &&
         hooks_of(mmap->file.cls, profile).mmap;
}

/// Whether a VMA has an anon_vma now that it did not have before the call.
bool was_populated(const Snapshot& before, const Vma& now) {
  const auto was = std::ranges::upper_bound(before.vmas, now.start, {}, &Vma::end);
  return was != before.vmas.end() && was->start <= now.start && was->anon_vma == spec::kNoAnonVma &&
         now.anon_vma != spec::kNoAnonVma;
}

bool lies_by_its_source(const spec::Syscall& call, const spec::KernelProfile& profile) {
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  return mremap != nullptr && (mremap->flags & spec::kMremapDontunmap) != 0 &&
         spec::is_cut_out(profile.dontunmap_source);
}

/// Whether `now` is what MREMAP_DONTUNMAP left of memory that had an anon_vma.
bool lost_its_anon_vma(const spec::Syscall& call, const Snapshot& before, const Vma& now) {
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  if (mremap == nullptr || (mremap->flags & spec::kMremapDontunmap) == 0) return false;
  const auto was = std::ranges::upper_bound(before.vmas, now.start, {}, &Vma::end);
  return was != before.vmas.end() && was->start <= now.start && was->anon_vma != spec::kNoAnonVma &&
         now.anon_vma == spec::kNoAnonVma;
}

/// Whether `moved` is what mremap made of memory that had an anon_vma, under a kernel that forgets
/// it.
bool forgot_its_anon_vma(const spec::Syscall& call, const Snapshot& before, const Vma& moved,
                         const spec::KernelProfile& profile) {
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  if (mremap == nullptr || profile.moved_anon_vma != spec::MovedAnonVma::kForgotten) return false;
  if (moved.anon_vma != spec::kNoAnonVma) return false;
  const spec::Range range{mremap->addr, mremap->addr + spec::page_up(mremap->length)};
  return std::ranges::any_of(before.vmas, [&](const Vma& vma) {
    return vma.range().overlaps(range) && vma.anon_vma != spec::kNoAnonVma;
  });
}

/// Whether mseal left the two apart where one of them had been sealed before, under a kernel that
/// loses its place there.
bool lies_beside_sealed(const spec::Syscall& call, const Snapshot& before, Address boundary,
                        const spec::KernelProfile& profile) {
  if (!std::holds_alternative<spec::Mseal>(call)) return false;
  if (profile.mseal_over_sealed != spec::MsealOverSealed::kLeavesTheRestApart) return false;
  return std::ranges::any_of(before.vmas, [boundary](const Vma& vma) {
    return (vma.start == boundary || vma.end == boundary) && (vma.flags & spec::kVmSealed) != 0;
  });
}

/// Whether what a userfaultfd changed began inside a VMA, under a kernel that then
/// takes it for that VMA's beginning.
bool asks_by_the_wrong_offset(const spec::Syscall& call, const Snapshot& before, const Vma& changed,
                              const spec::KernelProfile& profile) {
  if (profile.uffd_offset != spec::UffdOffset::kOfVma) return false;
  if (!std::holds_alternative<spec::UffdRegister>(call) &&
      !std::holds_alternative<spec::UffdUnregister>(call)) {
    return false;
  }
  const auto was = std::ranges::upper_bound(before.vmas, changed.start, {}, &Vma::end);
  return was != before.vmas.end() && was->start < changed.start;
}

/// Whether an mremap moved memory that a userfaultfd had been registered for, or moved memory to
/// such a place, and `now` is what lost its registration by that.
bool moved_registered(const spec::Syscall& call, const Snapshot& before, const Vma& now) {
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  if (mremap == nullptr || (now.flags & spec::kVmUffd) != 0) return false;
  const spec::Range range{mremap->addr, mremap->addr + spec::page_up(mremap->length)};
  return std::ranges::any_of(before.vmas, [&](const Vma& vma) {
    const bool is_source = mremap->length == 0 ? vma.start <= mremap->addr && mremap->addr < vma.end
                                               : vma.range().overlaps(range);
    return is_source && (vma.flags & spec::kVmUffd) != 0;
  });
}

/// The merge was tried as a locked mapping's, and the lock is taken back since: a droppable mapping
/// that was to be locked, or locked memory that MREMAP_DONTUNMAP moved next to its source.
bool lost_its_lock(const spec::Syscall& call, const Snapshot& before, const Vma& unmerged,
                   const Past& past) {
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) {
    return (unmerged.flags & spec::kVmDroppable) != 0 &&
           (past.locks_future || (mmap->flags & spec::kMapLocked) != 0);
  }
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  if (mremap == nullptr || (mremap->flags & spec::kMremapDontunmap) == 0) return false;
  const spec::Range range{mremap->addr, mremap->addr + spec::page_up(mremap->length)};
  return std::ranges::any_of(before.vmas, [&](const Vma& vma) {
    return vma.range().overlaps(range) && (vma.flags & spec::kVmLocked) != 0;
  });
}

}  // namespace

std::optional<Due> merge_due(const spec::Syscall& call, const spec::Outcome& outcome,
                             const Snapshot& before, const Snapshot& after,
                             const spec::Setup& setup) {
  return std::visit(WhereDue{outcome, before, after, setup}, call);
}

bool are_compatible(const Vma& prev, const Vma& next) {
  const bool own_offsets_join = prev.own_pgoff == 0 || next.own_pgoff == 0
                                    ? prev.own_pgoff == next.own_pgoff
                                    : prev.own_pgoff + prev.pages() == next.own_pgoff;
  return prev.end == next.start && own_offsets_join &&
         ((prev.flags ^ next.flags) & kCompared) == 0 && prev.policy == next.policy &&
         prev.userfaultfd == next.userfaultfd && prev.file == next.file &&
         prev.pgoff + prev.pages() == next.pgoff && (prev.flags & spec::kVmSpecial) == 0 &&
         prev.name == next.name && !prev.name.is_unseen();
}

bool can_join_anon_vmas(const Vma& target, const Vma& source, spec::AnonVmaMerge rule) {
  if (target.anon_vma == source.anon_vma) return true;
  const bool target_has = target.anon_vma != spec::kNoAnonVma;
  const bool source_has = source.anon_vma != spec::kNoAnonVma;
  if (target_has && source_has) return false;
  if (rule == spec::AnonVmaMerge::kNeighbourChainSingle) return target.anon_vma_links == 1;
  return (target_has ? target : source).anon_vma_links <= 1;
}

std::optional<std::size_t> unmerged_neighbour(const spec::Syscall& call,
                                              const spec::Outcome& outcome, const Snapshot& before,
                                              const Snapshot& after, const spec::Setup& setup,
                                              const spec::KernelProfile& profile, const Past& past,
                                              ExemptionCounts& exemptions) {
  if (!outcome.is_ok()) return std::nullopt;
  const auto due = merge_due(call, outcome, before, after, setup);
  if (!due) return std::nullopt;
  const auto& vmas = after.vmas;
  // The first VMA that starts at or behind the first boundary.
  const auto begin = std::ranges::lower_bound(vmas, due->first, {}, &Vma::start);
  const bool modifies = due->inside;
  for (auto next = begin; next != vmas.end() && next->start <= due->last; ++next) {
    if (next == vmas.begin()) continue;
    const auto prev = next - 1;
    if (!due->inside && next->start != due->first && next->start != due->last) continue;
    if (!are_compatible(*prev, *next)) continue;
    // Which side is the range: for a new mapping what is in it, else what the call changed.
    const bool next_is_source = modifies ? changed(before, next->start, *next)
                                         : next->start == due->first && !due->range_is_below;
    Vma source = next_is_source ? *next : *prev;
    // What grows in place has its VMA's anon_vma, and no chain of its own (vma_merge_extend).
    if (due->range_is_below) source.anon_vma_links = std::min(source.anon_vma_links, 1U);
    const Vma& target = next_is_source ? *prev : *next;
    if (!can_join_anon_vmas(target, source, profile.anon_vma_merge)) continue;
    if (prev->file.cls == spec::FileClass::kSysv) {
      exemptions.count(Exemption::kCloseHooksStopMerges);
    } else if (modifies && !next_is_source &&
               !changed(before, prev->end - spec::kPageSize, *prev)) {
      exemptions.count(Exemption::kNothingChanged);
    } else if (is_legacy_hook_under_ksm(call, after, *next, profile)) {
      exemptions.count(Exemption::kLegacyMmapHookUnderKsm);
    } else if (modifies && (was_populated(before, *prev) || was_populated(before, *next))) {
      exemptions.count(Exemption::kPopulationComesAfter);
    } else if (lies_by_its_source(call, profile)) {
      exemptions.count(Exemption::kDontunmapKeepsItsSource);
    } else if (lost_its_anon_vma(call, before, *prev) || lost_its_anon_vma(call, before, *next)) {
      exemptions.count(Exemption::kTheSourceLosesItsAnonVma);
    } else if (forgot_its_anon_vma(call, before, source, profile)) {
      exemptions.count(Exemption::kTheMovedLosesItsAnonVma);
    } else if (moved_registered(call, before, *next)) {
      exemptions.count(Exemption::kUserfaultfdLosesWhatMoves);
    } else if (asks_by_the_wrong_offset(call, before, *prev, profile)) {
      exemptions.count(Exemption::kUserfaultfdAsksByTheWrongOffset);
    } else if (lies_beside_sealed(call, before, next->start, profile)) {
      exemptions.count(Exemption::kSealedMemoryIsSteppedOver);
    } else if (lost_its_lock(call, before, *next, past)) {
      exemptions.count(Exemption::kTheLockIsTakenBack);
    } else {
      return static_cast<std::size_t>(next - vmas.begin());
    }
  }
  return std::nullopt;
}

std::string explain_unmerged(const Snapshot& after, std::size_t index) {
  return fmt::format(
      "two compatible neighbours stay apart where the call made a merge due: {} | {}",
      text(after.vmas[index - 1]), text(after.vmas[index]));
}

}  // namespace vmadiff::properties
