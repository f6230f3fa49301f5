// properties: the rules of failed allocations. Long: a table, a rule for each call.
#include "properties/claims/fault_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "properties/claims/difference.h"
#include "properties/claims/given_up.h"
#include "properties/claims/reach.h"
#include "properties/claims/state_invariants.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Errno;
using spec::Snapshot;
using spec::Vma;

/// The VMA over `address`, or null.
const Vma* vma_at(const Snapshot& s, Address address) {
  const auto it = std::ranges::upper_bound(s.vmas, address, {}, &Vma::end);
  return it != s.vmas.end() && it->start <= address ? &*it : nullptr;
}

bool same_file(spec::FileId a, spec::FileId b) {
  const bool is_numbered_by_system =
      a.cls == spec::FileClass::kAnonShared || a.cls == spec::FileClass::kAnonHugetlb;
  const bool is_same_segment = a.cls == spec::FileClass::kSysv && a.cls == b.cls &&
                               spec::segment_of(a) == spec::segment_of(b);
  return a == b || is_same_segment || (is_numbered_by_system && a.cls == b.cls);
}

/// The same memory, whatever its anon_vma and what sticks to it where merges happen; flags in
/// `loose` may differ.
bool same_memory(const Vma* a, const Vma* b, spec::VmFlags loose = 0, bool any_offset = false) {
  if (a == nullptr || b == nullptr) return a == b;
  const bool same_offset =
      (a->start >> spec::kPageShift) - a->pgoff == (b->start >> spec::kPageShift) - b->pgoff;
  const bool same_watch = a->userfaultfd == b->userfaultfd || (loose & spec::kVmUffd) != 0;
  return ((a->flags ^ b->flags) & ~(spec::kVmSticky | loose)) == 0 && same_file(a->file, b->file) &&
         a->policy == b->policy && a->name == b->name && same_watch && (same_offset || any_offset);
}

/// Besides, the same anon_vma: of two states of one system, which numbers them.
bool same_in_all(const Vma* a, const Vma* b) {
  return same_memory(a, b) &&
         (a == nullptr || (a->anon_vma == b->anon_vma && a->anon_vma_links == b->anon_vma_links));
}

/// A stretch of addresses without a boundary in any of the three states.
struct Stretch {
  Address start;
  const Vma* before;
  const Vma* after;
  const Vma* wanted;

  [[nodiscard]] bool is_as_before() const { return same_memory(after, before); }
  [[nodiscard]] bool is_as_wanted() const { return same_memory(after, wanted); }
};

using Stretches = std::vector<Stretch>;

void add_bounds(const Snapshot& s, std::vector<Address>& out) {
  for (const Vma& vma : s.vmas) out.insert(out.end(), {vma.start, vma.end});
}

void sort_out(std::vector<Address>& bounds) {
  std::ranges::sort(bounds);
  bounds.erase(std::ranges::unique(bounds).begin(), bounds.end());
}

Stretches stretches(const FailedAllocation& f) {
  std::vector<Address> bounds;
  add_bounds(f.before, bounds);
  add_bounds(f.after, bounds);
  add_bounds(f.wanted, bounds);
  sort_out(bounds);
  Stretches out;
  for (const Address at : bounds) {
    const Stretch stretch{at, vma_at(f.before, at), vma_at(f.after, at), vma_at(f.wanted, at)};
    if (stretch.before != nullptr || stretch.after != nullptr || stretch.wanted != nullptr) {
      out.push_back(stretch);
    }
  }
  return out;
}

/// Where the call itself may cut VMAs.
struct Cuts {
  const Snapshot& before;

  std::vector<Address> operator()(const spec::Brk& call) const {
    return {spec::page_up(before.brk), spec::page_up(call.addr)};
  }
  std::vector<Address> operator()(const spec::Mremap& call) const {
    const bool is_huge = is_huge_at(before, call.addr);
    const Address old_end = call.addr + in_pages(call.length, is_huge);
    const Address new_length = in_pages(call.new_length, is_huge);
    return {call.addr, old_end, call.addr + new_length, call.new_addr, call.new_addr + new_length};
  }
  template <typename Call>
  std::vector<Address> operator()(const Call& call) const {
    const auto [first, second] = reach(call, before);
    if (!first) return {};
    return {first->start, first->end};
  }
};

/// Whether every boundary of `after` is one of `s` or one where the call cuts.
bool has_cuts_of(const FailedAllocation& f, const Snapshot& s, bool and_of_before = false) {
  std::vector<Address> allowed = std::visit(Cuts{f.before}, f.call);
  add_bounds(s, allowed);
  if (and_of_before) add_bounds(f.before, allowed);
  sort_out(allowed);
  return std::ranges::all_of(f.after.vmas, [&](const Vma& vma) {
    return std::ranges::binary_search(allowed, vma.start) &&
           std::ranges::binary_search(allowed, vma.end);
  });
}

/// Whether each anon_vma that came or went did so in a VMA where the call works, or that grew or
/// shrank, or in a stack that was to grow.
bool anon_vmas_are_explained(const FailedAllocation& f, const Stretches& parts) {
  // They populate whatever there is.
  if (std::holds_alternative<spec::Mlockall>(f.call)) return true;
  const bool is_touch = std::holds_alternative<spec::Touch>(f.call);
  const auto [first, second] = reach(f.call, f.before);
  return std::ranges::all_of(parts, [&](const Stretch& s) {
    if (s.before == nullptr || s.after == nullptr) return true;
    const auto overlaps = [&](const std::optional<spec::Range>& range) {
      return range && s.after->range().overlaps(*range);
    };
    return (s.before->anon_vma == s.after->anon_vma &&
            s.before->anon_vma_links == s.after->anon_vma_links) ||
           s.before->range() != s.after->range() || overlaps(first) || overlaps(second) ||
           (is_touch && (s.before->flags & spec::kVmGrowsdown) != 0);
  });
}

/// What the counters say more than the VMAs do, which some calls have always left behind them.
spec::Counters drift(const Snapshot& s) {
  auto drift = counters_of(s);
  drift.map_count = s.counters.map_count - drift.map_count;
  drift.total_vm = s.counters.total_vm - drift.total_vm;
  drift.locked_vm = s.counters.locked_vm - drift.locked_vm;
  drift.data_vm = s.counters.data_vm - drift.data_vm;
  drift.stack_vm = s.counters.stack_vm - drift.stack_vm;
  drift.exec_vm = s.counters.exec_vm - drift.exec_vm;
  return drift;
}

/// Whether the counters are as true as they were before, or would be afterwards.
bool counters_match(const FailedAllocation& f) {
  auto here = drift(f.after);
  const auto before = drift(f.before);
  const auto wanted = drift(f.wanted);
  const auto* mremap = std::get_if<spec::Mremap>(&f.call);
  if (mremap != nullptr && (mremap->flags & spec::kMremapDontunmap) != 0 &&
      here.locked_vm >= before.locked_vm && here.locked_vm <= wanted.locked_vm) {
    here.locked_vm = before.locked_vm;  // of several VMAs, some: LockedVmDriftsAfterDontunmap
  }
  return here == before || here == wanted;
}

bool populates(std::int32_t advice) {
  return advice == spec::kMadvPopulateRead || advice == spec::kMadvPopulateWrite;
}

/// Whether the call may answer so where memory is exhausted.
struct MayAnswer {
  const FailedAllocation& f;

  // What would have become a part of a VMA that was there before the seal has a hook where it does
  // not.
  bool operator()(const spec::Mmap& call) const {
    return is(Errno::kENOMEM) || is_refused_by_the_hook(call.file.cls == spec::FileClass::kMemfd);
  }
  bool operator()(const spec::RemapFilePages&) const {
    return is(Errno::kENOMEM) || is_refused_by_the_hook(true);
  }
  bool operator()(const spec::Brk&) const { return f.outcome == spec::Outcome::ok(f.before.brk); }
  bool operator()(const spec::Madvise& call) const {
    const bool needs_pages = populates(call.advice) || call.advice == spec::kMadvGuardInstall;
    return is(needs_pages ? Errno::kENOMEM : Errno::kEAGAIN);
  }
  // The name itself, or what it is given to.
  bool operator()(const spec::SetVmaName&) const {
    return is(Errno::kENOMEM) || is(Errno::kEAGAIN);
  }
  // The first range may be done, and the second not.
  bool operator()(const spec::ProcessMadvise& call) const {
    return (*this)(spec::Madvise{call.addr, call.length, call.advice}) ||
           (call.length != 0 && f.outcome == spec::Outcome::ok(call.length));
  }
  // Locking answers ENOMEM, populating what is locked EAGAIN (__mlock_posix_error_return).
  bool operator()(const spec::Mlock&) const { return is(Errno::kENOMEM) || is(Errno::kEAGAIN); }
  bool operator()(const spec::Mlock2&) const { return is(Errno::kENOMEM) || is(Errno::kEAGAIN); }
  // A stack that cannot grow.
  bool operator()(const spec::Touch&) const { return is(Errno::kSIGSEGV); }
  // Errors of single VMAs are ignored (apply_mlockall_flags).
  bool operator()(const spec::Mlockall&) const { return false; }
  bool operator()(const spec::Munlockall&) const { return false; }
  // What cannot be merged is let go as it is (userfaultfd_clear_vma).
  bool operator()(const spec::UffdClose&) const { return false; }
  bool operator()(const auto&) const { return is(Errno::kENOMEM); }

 private:
  [[nodiscard]] bool is(Errno error) const { return f.outcome == spec::Outcome::fail(error); }
  [[nodiscard]] bool is_refused_by_the_hook(bool is_memfd) const {
    return is_memfd && is(Errno::kEPERM) &&
           f.profile.future_write_seal == spec::FutureWriteSeal::kByHook;
  }
};

bool all(const Stretches& stretches, bool (*holds)(const Stretch&)) {
  return std::ranges::all_of(stretches, holds);
}
bool as_before_in_all(const Stretch& s) { return same_in_all(s.after, s.before); }
bool as_wanted(const Stretch& s) { return s.is_as_wanted(); }
bool as_before_or_wanted(const Stretch& s) { return s.is_as_before() || s.is_as_wanted(); }

/// A walk from below that ends somewhere: done before that, and not behind it.
bool is_done_up_to_a_point(const Stretches& stretches) {
  bool ended = false;
  for (const Stretch& s : stretches) {
    if (!as_before_or_wanted(s)) return false;
    if (!s.is_as_wanted()) ended = true;
    if (ended && !s.is_as_before()) return false;
  }
  return true;
}

/// The range is either as before or all gone; everything else is as before.
bool is_as_before_but_for_a_hole(const Stretches& stretches, const spec::Range& range) {
  bool kept = false;
  bool gone = false;
  for (const Stretch& s : stretches) {
    const bool within = s.start >= range.start && s.start < range.end;
    if (within && s.before != nullptr) (s.after == nullptr ? gone : kept) = true;
    const bool hole = within && s.after == nullptr;
    if (!hole && !as_before_in_all(s)) return false;
  }
  return !(kept && gone);
}

/// A move between two ranges, bytes.
struct MremapMove : MoveRanges {
  spec::VmFlags lost;  ///< what the VMAs of both may have given away, or kept
  const Snapshot& before;

  MremapMove(const spec::Mremap& call, Address new_addr, const Snapshot& before_it)
      : MoveRanges(ranges_of(call, new_addr, before_it)),
        // The charge, while the source is unmapped (unmap_source_vma), and a userfaultfd
        // (UserfaultfdLosesWhatMoves).
        lost(spec::kVmAccount | spec::kVmUffd),
        before(before_it) {
    // The lock of the source, and of the copy where it is a part of the source's VMA.
    if ((call.flags & spec::kMremapDontunmap) != 0) lost |= spec::kVmLocked | spec::kVmLockonfault;
  }

  /// Memory that was never written takes the offset of the place that it is moved to; of several
  /// VMAs one that is moved first can merge with it before, and lend it an anon_vma, so that it
  /// keeps its own. Whether that merge is given up shows here.
  [[nodiscard]] bool may_have_another_offset(const Vma& here, Address at) const {
    const Vma* const was = vma_at(before, at - target.start + source.start);
    const bool is_own = (here.start >> spec::kPageShift) == here.pgoff;
    return was != nullptr && was->file.is_none() && was->anon_vma == spec::kNoAnonVma &&
           here.file.is_none() && is_own;
  }
};

/// Where the first half of a move was made and the second was not, memory is in both places; the
/// VMAs that it stays in can have grown to hold what was moved, too.
bool is_moved_or_stays(const Stretch& s, const MremapMove& move) {
  if (s.is_as_wanted()) return true;
  const bool was_source = s.before != nullptr && s.before->range().overlaps(move.source);
  const bool is_target = s.wanted != nullptr && s.wanted->range().overlaps(move.target);
  if (s.after == nullptr) return false;
  return (was_source && same_memory(s.after, s.before, move.lost)) ||
         (is_target && same_memory(s.after, s.wanted, move.lost,
                                   move.may_have_another_offset(*s.after, s.start)));
}

/// A new mapping that was not merged: VM_MERGEABLE may come to it behind the attempt, where what it
/// would have become a part of has not got it (LegacyMmapHookUnderKsm).
bool is_mapped_apart(const Stretches& stretches, const spec::Mmap& call,
                     const spec::Outcome& outcome) {
  const spec::Range range{outcome.value(),
                          outcome.value() + in_pages(call.length, maps_huge_pages(call))};
  return std::ranges::all_of(stretches, [&](const Stretch& s) {
    const bool is_new = s.start >= range.start && s.start < range.end;
    return s.is_as_wanted() || (is_new && same_memory(s.after, s.wanted, spec::kVmMergeable));
  });
}

/// The destination was cleared, what was too much of the source is gone, some of several VMAs have
/// moved; nothing that was to be moved is lost.
bool is_moved_up_to_a_point(const Stretches& stretches, const spec::Mremap& call,
                            const Snapshot& before) {
  const MremapMove move{call, call.new_addr, before};
  const Address length =
      std::min(move.source.end - move.source.start, move.target.end - move.target.start);
  const spec::Range kept{call.addr, call.addr + length};
  const auto is_in = [](Address at, const spec::Range& range) {
    return at >= range.start && at < range.end;
  };
  const auto has_arrived = [&](Address at) {
    return std::ranges::any_of(stretches, [&](const Stretch& s) {
      return s.after != nullptr && s.after->start <= at && at < s.after->end &&
             is_moved_or_stays(s, move);
    });
  };
  return std::ranges::all_of(stretches, [&](const Stretch& s) {
    if (s.is_as_before()) return true;
    // Where it was, a huge page of the same move may have been wanted, which reaches beyond the
    // target.
    const bool has_left = is_in(s.start, kept) && s.before != nullptr && s.after == nullptr;
    if (has_left) return has_arrived(s.start - call.addr + call.new_addr);
    if (is_moved_or_stays(s, move)) return true;
    return is_in(s.start, move.target) && s.after == nullptr && !is_in(s.start, move.source);
  });
}

/// The rule that allows what an answer other than success left, besides cuts.
struct RuleOfFailure {
  const FailedAllocation& f;
  const Stretches& parts;
  using Rule = std::optional<Exemption>;

  Rule operator()(const spec::Mmap& call) const {
    const bool fixed = (call.flags & spec::kMapFixed) != 0;
    return hole_if(fixed && leaves_a_hole());
  }
  Rule operator()(const spec::RemapFilePages&) const { return hole_if(leaves_a_hole()); }
  Rule operator()(const spec::Shmat& call) const {
    // do_shmat: an address that is rounded down to nothing is MAP_FIXED, but what is there is not
    // asked for.
    const bool replaces =
        (call.flags & spec::kShmRemap) != 0 || (call.addr != 0 && spec::page_down(call.addr) == 0);
    return hole_if(replaces && reach(f.call, f.before).first && leaves_a_hole());
  }
  Rule operator()(const spec::Mremap& call) const {
    return if_so(is_moved_up_to_a_point(parts, call, f.before), Exemption::kMremapStopsMidway);
  }
  Rule operator()(const spec::Touch&) const {
    return if_so(all(parts, as_before_or_wanted), Exemption::kTouchKeepsTheEarlierPages);
  }
  Rule operator()(const spec::Mprotect&) const { return walk(Exemption::kMprotectStopsMidway); }
  Rule operator()(const spec::PkeyMprotect&) const { return walk(Exemption::kMprotectStopsMidway); }
  Rule operator()(const spec::Madvise&) const { return walk(Exemption::kMadviseStopsMidway); }
  Rule operator()(const spec::SetVmaName&) const { return walk(Exemption::kMadviseStopsMidway); }
  // Of two ranges the second may lie below the first.
  Rule operator()(const spec::ProcessMadvise&) const {
    return if_so(all(parts, as_before_or_wanted) && has_cuts_of(f, f.wanted, true),
                 Exemption::kMadviseStopsMidway);
  }
  Rule operator()(const spec::Mlock&) const { return walk(Exemption::kMlockStopsMidway); }
  Rule operator()(const spec::Mlock2&) const { return walk(Exemption::kMlockStopsMidway); }
  Rule operator()(const spec::Munlock&) const { return walk(Exemption::kMlockStopsMidway); }
  Rule operator()(const spec::Mseal&) const { return walk(Exemption::kMsealStopsMidway); }
  Rule operator()(const spec::UffdRegister&) const {
    return walk(Exemption::kUserfaultfdStopsMidway);
  }
  Rule operator()(const spec::UffdUnregister&) const {
    return walk(Exemption::kUserfaultfdStopsMidway);
  }
  Rule operator()(const spec::Mbind&) const { return walk(Exemption::kMbindStopsMidway); }
  Rule operator()(const auto&) const { return std::nullopt; }

 private:
  [[nodiscard]] bool leaves_a_hole() const {
    return is_as_before_but_for_a_hole(parts, reach(f.call, f.before).first.value());
  }
  static Rule if_so(bool holds, Exemption rule) { return holds ? Rule{rule} : std::nullopt; }
  static Rule hole_if(bool holds) { return if_so(holds, Exemption::kMmapHookFailsAfterUnmapping); }
  [[nodiscard]] Rule walk(Exemption rule) const {
    return if_so(is_done_up_to_a_point(parts) && has_cuts_of(f, f.wanted, true), rule);
  }
};

/// The rule that allows what a success left that is not quite the one that was wanted.
std::optional<Exemption> rule_of_success(const FailedAllocation& f, const Stretches& parts) {
  const bool only_cuts = has_cuts_of(f, f.wanted, true);
  if (only_cuts && all(parts, as_wanted)) return Exemption::kMergeIsGivenUp;
  if (const auto* mmap = std::get_if<spec::Mmap>(&f.call)) {
    if (only_cuts && is_mapped_apart(parts, *mmap, f.outcome)) return Exemption::kMergeIsGivenUp;
  }
  if (const auto* mremap = std::get_if<spec::Mremap>(&f.call)) {
    const MremapMove move{*mremap, f.outcome.value(), f.before};
    const auto holds = [&](const Stretch& s) { return is_moved_or_stays(s, move); };
    if (std::ranges::all_of(parts, holds)) return Exemption::kSourceStaysMapped;
  }
  const bool goes_on = std::holds_alternative<spec::Mlockall>(f.call) ||
                       std::holds_alternative<spec::Munlockall>(f.call);
  if (goes_on && all(parts, as_before_or_wanted)) return Exemption::kMlockallGoesOn;
  // A short answer: something stopped the second range, an error of its own or this one.
  const auto* advise = std::get_if<spec::ProcessMadvise>(&f.call);
  const bool is_short = advise != nullptr && advise->second_length != 0 &&
                        f.outcome == spec::Outcome::ok(advise->length);
  if (is_short && only_cuts && all(parts, as_before_or_wanted)) {
    return Exemption::kMadviseStopsMidway;
  }
  if (std::holds_alternative<spec::Shmdt>(f.call) && all(parts, as_before_or_wanted)) {
    return Exemption::kShmdtSaysNothing;
  }
  return std::nullopt;
}

/// What mprotect makes of memory; nothing for another call.
std::optional<std::uint64_t> protection_of(const spec::Syscall& call) {
  if (const auto* mprotect = std::get_if<spec::Mprotect>(&call)) return mprotect->prot;
  if (const auto* pkey = std::get_if<spec::PkeyMprotect>(&call)) return pkey->prot;
  return std::nullopt;
}

/// Locked memory becomes writable and is populated as far as can be, which decides whether what
/// follows merges with it. The call succeeds where it otherwise comes to the limit of VMAs: all of
/// the range is as asked, all else as before.
bool succeeds_unpopulated(const FailedAllocation& f, const Stretches& parts) {
  const auto prot = protection_of(f.call);
  if (!prot || (*prot & spec::kProtWrite) == 0 || !f.outcome.is_ok() ||
      f.wanted_outcome != spec::Outcome::fail(Errno::kENOMEM))
    return false;
  const auto range = reach(f.call, f.before).first;
  if (!range) return false;
  const auto is_locked = [&](const Vma& vma) {
    return (vma.flags & spec::kVmLocked) != 0 && vma.range().overlaps(*range);
  };
  if (std::ranges::none_of(f.before.vmas, is_locked)) return false;
  return std::ranges::all_of(parts, [&](const Stretch& s) {
    if (s.start < range->start || s.start >= range->end) return s.is_as_before();
    return s.after != nullptr && (s.after->flags & spec::kVmWrite) != 0 &&
           same_memory(s.after, s.before, spec::kVmAccessFlags | spec::kVmAccount);
  });
}

/// All that is wanted but for anon_vmas, which come with pages that can come later.
bool is_as_wanted_altogether(const FailedAllocation& f, const spec::Observes& seen) {
  spec::Observes without = seen;
  without.anon_vma = false;
  return !difference(f.wanted, f.after, without);
}

/// Pages were written to, and their VMA, which is the one that it was to be, has no anon_vma: of a
/// touch nothing can come later.
bool is_touched_without_anon_vma(const FailedAllocation& f, const Stretches& parts) {
  return std::holds_alternative<spec::Touch>(f.call) &&
         std::ranges::any_of(parts, [](const Stretch& s) {
           return s.wanted != nullptr && s.after != nullptr &&
                  s.wanted->range() == s.after->range() && s.wanted->anon_vma != spec::kNoAnonVma &&
                  s.after->anon_vma == spec::kNoAnonVma;
         });
}

}  // namespace

std::expected<Survival, std::string> survival(const FailedAllocation& failed,
                                              const spec::Observes& observed) {
  // A userfaultfd that is given up on the way, or would have been had the call come so far, counts
  // as given up throughout.
  const auto given_up = [&failed](const Snapshot& state, const Snapshot& by) {
    return without_given_up(failed.call, state, by).value_or(state);
  };
  const Snapshot before = given_up(given_up(failed.before, failed.after), failed.wanted);
  const Snapshot after = given_up(failed.after, failed.wanted);
  const FailedAllocation f{.call = failed.call,
                           .before = before,
                           .outcome = failed.outcome,
                           .after = after,
                           .wanted_outcome = failed.wanted_outcome,
                           .wanted = failed.wanted,
                           .profile = failed.profile};
  // What a call has taken of the pool of huge pages by then is no matter.
  spec::Observes seen = observed;
  seen.huge_pages = false;
  const bool as_wanted_outcome = f.outcome == f.wanted_outcome;
  const bool may_answer = std::visit(MayAnswer{f}, f.call);
  if (!as_wanted_outcome && !may_answer) {
    if (succeeds_unpopulated(f, stretches(f)) && counters_match(f)) {
      return Survival{.unchanged = false, .rule = Exemption::kPopulationIsGivenUp};
    }
    return std::unexpected(
        fmt::format("it answers {}, which is neither success nor what stands "
                    "for too little memory",
                    text(f.outcome)));
  }
  const auto changed = difference(f.before, f.after, seen);
  // A success has done its work, where that can be seen and where it cannot (a mark that moved).
  const bool has_succeeded = as_wanted_outcome && f.outcome.is_ok();
  if (!changed && !has_succeeded) return Survival{.unchanged = true, .rule = {}};
  if (has_succeeded && seen.anon_vma && is_touched_without_anon_vma(f, stretches(f)))
    return std::unexpected(
        "it succeeds, and leaves memory that was written to without an anon_vma");
  if (as_wanted_outcome && is_as_wanted_altogether(f, seen)) {
    return Survival{.unchanged = false, .rule = Exemption::kFailureDoesNotMatter};
  }
  const auto parts = stretches(f);
  const auto sentence = [&](std::string_view what) {
    return fmt::format(
        "{} ({}): {}", what, text(f.outcome),
        changed ? explain(*changed, f.before, f.after) : std::string{"all is as before the call"});
  };
  if (!counters_match(f)) {
    return std::unexpected(sentence("it leaves counters that do not match the VMAs"));
  }
  if (!anon_vmas_are_explained(f, parts)) {
    return std::unexpected(sentence("it leaves an anon_vma where it has nothing to do"));
  }
  if (has_succeeded) {
    if (const auto rule = rule_of_success(f, parts)) return Survival{false, rule};
  }
  if (!as_wanted_outcome || f.outcome.is_error()) {
    const bool as_before = f.after.brk == f.before.brk && f.after.merge_any == f.before.merge_any;
    if (as_before && all(parts, as_before_in_all) && has_cuts_of(f, f.before)) {
      return Survival{false, Exemption::kSplitsRemain};
    }
    const auto rule = std::visit(RuleOfFailure{f, parts}, f.call);
    if (as_before && rule) return Survival{false, rule};
    return std::unexpected(sentence("the call fails and leaves what no rule allows"));
  }
  return std::unexpected(sentence("the call succeeds and leaves what no rule allows"));
}

}  // namespace vmadiff::properties
