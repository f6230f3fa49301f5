// properties: which failed calls may leave something behind, and where.
#include "properties/claims/failed_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "properties/claims/difference.h"
#include "properties/claims/given_up.h"
#include "properties/claims/reach.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Errno;
using spec::Snapshot;
using spec::Vma;

bool failed(const spec::Syscall& call, const spec::Outcome& outcome) {
  if (const auto* brk = std::get_if<spec::Brk>(&call)) {
    return outcome.is_ok() && outcome.value() != brk->addr;
  }
  return outcome.is_error();
}

/// The exemption that lets this kind of failure leave changes inside the call's range.
struct PartialFailure {
  Errno error;
  const spec::KernelProfile& profile;

  std::optional<Exemption> operator()(const spec::Mmap& call) const {
    if ((call.flags & spec::kMapFixed) == 0) return std::nullopt;
    // Shared anonymous memory is a file too: the shmem object that is made for it (and may not be
    // had) at the very place where a hook runs.
    const bool has_hook = (call.flags & spec::kMapAnonymous) != 0
                              ? (call.flags & spec::kMapType) == spec::kMapShared ||
                                    (call.flags & spec::kMapHugetlb) != 0
                              : !call.file.is_none();
    if (has_hook) return Exemption::kMmapHookFailsAfterUnmapping;
    const bool charges_late = profile.mmap_replace == spec::MmapReplace::kUnmapsThenCharges;
    return charges_late ? std::optional{Exemption::kChargeComesAfterUnmapping} : std::nullopt;
  }
  /// It maps its own file again at the same place, MAP_FIXED: hugetlbfs refuses an offset.
  std::optional<Exemption> operator()(const spec::RemapFilePages&) const {
    return Exemption::kMmapHookFailsAfterUnmapping;
  }
  std::optional<Exemption> operator()(const spec::Mprotect&) const {
    // EINVAL comes before the walk, but for a hugetlb VMA that would be split midway.
    return Exemption::kMprotectStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::PkeyMprotect&) const {
    return Exemption::kMprotectStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Madvise& call) const {
    if (error == Errno::kENOMEM || error == Errno::kEAGAIN) {
      return Exemption::kMadviseGoesOnOverHoles;
    }
    const bool ksm = call.advice == spec::kMadvMergeable || call.advice == spec::kMadvUnmergeable;
    return ksm ? std::nullopt : std::optional{Exemption::kMadviseStopsMidway};
  }
  std::optional<Exemption> operator()(const spec::SetVmaName&) const {
    return error == Errno::kENOMEM || error == Errno::kEAGAIN ? Exemption::kMadviseGoesOnOverHoles
                                                              : Exemption::kMadviseStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::ProcessMadvise& call) const {
    return (*this)(spec::Madvise{call.addr, call.length, call.advice});
  }
  std::optional<Exemption> operator()(const spec::Mlock&) const {
    return Exemption::kMlockStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Mlock2&) const {
    return Exemption::kMlockStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Munlock&) const {
    return Exemption::kMlockStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::UffdRegister&) const {
    return Exemption::kUserfaultfdStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::UffdUnregister&) const {
    return Exemption::kUserfaultfdStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Mbind&) const {
    return Exemption::kMbindStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Mseal&) const {
    return Exemption::kMsealStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Mremap&) const {
    return Exemption::kMremapStopsMidway;
  }
  std::optional<Exemption> operator()(const spec::Touch&) const {
    return Exemption::kTouchKeepsTheEarlierPages;
  }
  std::optional<Exemption> operator()(const auto&) const { return std::nullopt; }
};

/// The VMA at `address` or the next one behind it.
auto find_vma(const Snapshot& s, Address address) {
  return std::ranges::upper_bound(s.vmas, address, {}, &Vma::end);
}

/// Offsets of memory without a file count only where the system shows them; flags in `loose` may
/// differ.
bool same_memory(const Vma& a, const Vma& b, const spec::Observes& seen, spec::VmFlags loose) {
  const bool offsets = (a.file.is_none() && !seen.anon_pgoff) ||
                       spec::same_offset_in_bytes((a.start >> spec::kPageShift) - a.pgoff,
                                                  (b.start >> spec::kPageShift) - b.pgoff);
  // What sticks (VM_MAYBE_GUARD) goes to the whole of a VMA, beyond the range of a call.
  return ((a.flags ^ b.flags) & ~(spec::kVmSticky | loose)) == 0 && a.file == b.file &&
         spec::may_be_same(a.name, b.name) && offsets;
}

/// What the pages of a range may have become.
enum class Pages : std::uint8_t { kSame, kSameOrUnmapped };

/// Whether every page of [start, end) is mapped alike in both, however it is cut into VMAs.
bool same_pages(const Snapshot& before, const Snapshot& after, const spec::Observes& seen,
                Address start, Address end, Pages allowed = Pages::kSame, spec::VmFlags loose = 0) {
  Address at = start;
  while (at < end) {
    const auto a = find_vma(before, at);
    const auto b = find_vma(after, at);
    const bool a_here = a != before.vmas.end() && a->start <= at;
    const bool b_here = b != after.vmas.end() && b->start <= at;
    const bool unmapped = a_here && !b_here && allowed == Pages::kSameOrUnmapped;
    if (!unmapped && (a_here != b_here || (a_here && !same_memory(*a, *b, seen, loose))))
      return false;
    Address next = end;
    if (a != before.vmas.end()) next = std::min(next, a_here ? a->end : a->start);
    if (b != after.vmas.end()) next = std::min(next, b_here ? b->end : b->start);
    at = next;
  }
  return true;
}

/// A call that unmaps left one VMA more than there was, or two, and the same pages.
bool has_split_at_the_ends(const spec::Syscall& call, const Snapshot& before, const Snapshot& after,
                           const spec::Observes& seen) {
  const bool unmaps = std::holds_alternative<spec::Mmap>(call) ||
                      std::holds_alternative<spec::Munmap>(call) ||
                      std::holds_alternative<spec::Brk>(call) ||
                      std::holds_alternative<spec::RemapFilePages>(call) ||
                      std::holds_alternative<spec::Shmat>(call);
  const std::size_t splits = after.vmas.size() - before.vmas.size();
  return unmaps && after.vmas.size() > before.vmas.size() && splits <= 2 &&
         same_pages(before, after, seen, 0, ~Address{0});
}

/// Where a touch grew stacks (VM_GROWSDOWN) nothing but these grew, each at a page of the touch.
bool only_grew_a_stack(const spec::Syscall& call, const Snapshot& before, const Snapshot& after,
                       const spec::Observes& seen) {
  const auto& touch = std::get<spec::Touch>(call);
  const Address first = spec::page_down(touch.addr);
  const Address end = touch.addr + touch.length;
  Address same_until = 0;
  for (const Vma& now : after.vmas) {
    const bool touched = now.start >= first && now.start < end;
    if (!touched || (now.flags & spec::kVmGrowsdown) == 0) continue;
    const auto was = find_vma(before, now.start);
    if (was == before.vmas.end() || was->end != now.end || was->start <= now.start) continue;
    if (!same_pages(before, after, seen, same_until, now.start)) return false;
    same_until = was->start;
  }
  return same_until != 0 && same_pages(before, after, seen, same_until, ~Address{0});
}

/// PROT_GROWSDOWN takes the range from the start of the VMA on.
Address start_of_effect(const spec::Syscall& call, const Snapshot& before, Address start) {
  const auto* mprotect = std::get_if<spec::Mprotect>(&call);
  const auto* pkey_mprotect = std::get_if<spec::PkeyMprotect>(&call);
  const std::uint64_t prot = mprotect != nullptr        ? mprotect->prot
                             : pkey_mprotect != nullptr ? pkey_mprotect->prot
                                                        : 0;
  if ((prot & spec::kProtGrowsdown) == 0) return start;
  const auto vma = find_vma(before, start);
  return vma != before.vmas.end() ? std::min(start, vma->start) : start;
}

/// What the VMAs that a call reaches into may have lost beyond its range: MREMAP_DONTUNMAP unlocks
/// the whole of a source of which a part was moved (measured on 6.18).
spec::VmFlags lost_beyond_the_range(const spec::Syscall& call) {
  const auto* mremap = std::get_if<spec::Mremap>(&call);
  const bool keeps = mremap != nullptr && (mremap->flags & spec::kMremapDontunmap) != 0;
  return keeps ? spec::kVmLocked | spec::kVmLockonfault : 0;
}

/// Whether what changed is what the exemption excuses, and nothing else.
bool is_allowed(Exemption exemption, const spec::Syscall& call, const Snapshot& before,
                const Snapshot& after, const spec::Observes& seen) {
  if (exemption == Exemption::kTouchKeepsTheEarlierPages) {
    spec::Observes layout = seen;
    layout.anon_vma = false;
    return !difference(before, after, layout) || only_grew_a_stack(call, before, after, seen);
  }
  auto [low, high] = reach(call, before);
  if (!low) return false;
  low->start = start_of_effect(call, before, low->start);
  if (!high) high = low;
  if (high->start < low->start) std::swap(low, high);
  const spec::VmFlags loose = lost_beyond_the_range(call);
  const auto same = [&](Address start, Address end) {
    return same_pages(before, after, seen, start, end, Pages::kSame, loose);
  };
  if (!same(0, low->start) || !same(low->end, high->start) ||
      !same(std::max(low->end, high->end), ~Address{0})) {
    return false;
  }
  const bool leaves_a_hole = exemption == Exemption::kMmapHookFailsAfterUnmapping ||
                             exemption == Exemption::kChargeComesAfterUnmapping;
  return !leaves_a_hole ||
         same_pages(before, after, seen, low->start, low->end, Pages::kSameOrUnmapped);
}

/// change_by_failed_call, of what is left to excuse.
std::optional<std::string> change_beyond_that(const spec::Syscall& call,
                                              const spec::Outcome& outcome, const Snapshot& before,
                                              const Snapshot& after, const spec::Observes& seen,
                                              const spec::KernelProfile& profile,
                                              ExemptionCounts& exemptions) {
  const auto changed = difference(before, after, seen);
  if (!changed) return std::nullopt;
  const auto sentence = [&](const Difference& d) {
    return fmt::format("the call failed ({}) and changed the state: {}", text(outcome),
                       explain(d, before, after));
  };
  if (has_split_at_the_ends(call, before, after, seen)) {
    exemptions.count(Exemption::kSplitsRemain);
    return std::nullopt;
  }
  if (outcome.is_ok()) return sentence(*changed);
  const auto exemption = std::visit(PartialFailure{outcome.error(), profile}, call);
  if (!exemption || !is_allowed(*exemption, call, before, after, seen)) return sentence(*changed);
  exemptions.count(*exemption);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> change_by_failed_call(const spec::Syscall& call,
                                                 const spec::Outcome& outcome,
                                                 const Snapshot& before, const Snapshot& after,
                                                 const spec::Observes& observed,
                                                 const spec::KernelProfile& profile,
                                                 ExemptionCounts& exemptions) {
  if (!failed(call, outcome)) return std::nullopt;
  // The pool of huge pages is not the process's own: others have changed it meanwhile.
  spec::Observes seen = observed;
  seen.huge_pages = false;
  if (!difference(before, after, seen)) return std::nullopt;
  if (const auto let_go = without_given_up(call, before, after)) {
    exemptions.count(Exemption::kUserfaultfdIsGivenUp);
    if (same_pages(*let_go, after, seen, 0, ~Address{0})) return std::nullopt;
    return change_beyond_that(call, outcome, *let_go, after, seen, profile, exemptions);
  }
  return change_beyond_that(call, outcome, before, after, seen, profile, exemptions);
}

}  // namespace vmadiff::properties
