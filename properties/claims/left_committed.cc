// properties: what a run leaves committed.
#include "properties/claims/left_committed.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "spec/flags.h"
#include "spec/setup.h"
#include "spec/units.h"

namespace vmadiff::properties {
namespace {

std::uint64_t pages_of(std::uint64_t bytes) { return spec::page_up(bytes) >> spec::kPageShift; }

/// Without wrapping: lengths are as odd as calls are.
void add(std::uint64_t& sum, std::uint64_t pages) {
  sum = pages > std::numeric_limits<std::uint64_t>::max() - sum
            ? std::numeric_limits<std::uint64_t>::max()
            : sum + pages;
}

std::uint64_t cut_off_by(const spec::Mremap& call, const spec::Outcome& outcome) {
  if (!outcome.is_ok() || (call.flags & spec::kMremapFixed) == 0) return 0;
  const auto before = pages_of(call.length);
  return before - std::min(before, pages_of(call.new_length));
}

/// What the call maps that was not there before.
std::uint64_t mapped_by(const spec::Syscall& call, const spec::Outcome& outcome) {
  if (!outcome.is_ok()) return 0;
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) return pages_of(mmap->length);
  if (const auto* mremap = std::get_if<spec::Mremap>(&call)) return pages_of(mremap->new_length);
  if (const auto* brk = std::get_if<spec::Brk>(&call)) {
    static const spec::Address kStartBrk = spec::Setup::standard().start_brk;
    return pages_of(brk->addr - std::min(brk->addr, kStartBrk));
  }
  return 0;
}

bool leaves_its_source(const spec::Mremap& call, const spec::Outcome& outcome) {
  return outcome.is_ok() && (call.flags & spec::kMremapDontunmap) != 0;
}

/// What a charged mapping of a file takes whose hook may be what has refused it.
std::uint64_t refused_by_hook(const spec::Mmap& call, const spec::Outcome& outcome) {
  const bool has_file = (call.flags & spec::kMapAnonymous) == 0 && !call.file.is_none();
  const bool is_charged = (call.flags & spec::kMapType) == spec::kMapPrivate &&
                          (call.prot & spec::kProtWrite) != 0 &&
                          (call.flags & spec::kMapNoreserve) == 0;
  return outcome.is_error() && has_file && is_charged ? pages_of(call.length) : 0;
}

/// Whether stacks that the call makes or leaves may be without a charge.
bool may_leave_stacks_uncharged(const spec::Syscall& call) {
  const auto is_read_only = [](std::uint64_t prot) { return (prot & spec::kProtWrite) == 0; };
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) {
    return (mmap->flags & spec::kMapGrowsdown) != 0 &&
           ((mmap->flags & spec::kMapNoreserve) != 0 || is_read_only(mmap->prot));
  }
  if (const auto* mprotect = std::get_if<spec::Mprotect>(&call))
    return is_read_only(mprotect->prot);
  const auto* pkey_mprotect = std::get_if<spec::PkeyMprotect>(&call);
  return pkey_mprotect != nullptr && is_read_only(pkey_mprotect->prot);
}

bool makes_stack(const spec::Syscall& call) {
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  return mmap != nullptr && (mmap->flags & spec::kMapGrowsdown) != 0;
}

/// Each access can make one stack as large as it may be.
std::uint64_t pages_of_stacks(std::span<const spec::Step> sequence) {
  constexpr std::uint64_t kStackPagesMax = spec::Limits{}.stack_hard >> spec::kPageShift;
  bool has_stack = false;
  bool is_uncharged = false;
  std::uint64_t pages = 0;
  for (const spec::Step& step : sequence) {
    has_stack = has_stack || makes_stack(step.call);
    is_uncharged = is_uncharged || (has_stack && may_leave_stacks_uncharged(step.call));
    if (is_uncharged && std::holds_alternative<spec::Touch>(step.call)) add(pages, kStackPagesMax);
  }
  return pages;
}

}  // namespace

KnownLeaks known_leaks(const spec::KernelProfile& profile, std::span<const spec::Step> sequence,
                       std::span<const spec::Outcome> outcomes) {
  KnownLeaks known{.grown_stacks = pages_of_stacks(sequence)};
  std::uint64_t mapped = 0;
  for (std::size_t i = 0; i < std::min(sequence.size(), outcomes.size()); ++i) {
    const spec::Syscall& call = sequence[i].call;
    add(mapped, mapped_by(call, outcomes[i]));
    if (const auto* mremap = std::get_if<spec::Mremap>(&call)) {
      if (profile.mremap_charge == spec::MremapCharge::kWhatIsCutOff)
        add(known.shrinking_moves, cut_off_by(*mremap, outcomes[i]));
      // The whole VMA that the source is in loses its account; its copy can be part of that.
      if (profile.dontunmap_source == spec::DontunmapSource::kWholeUnaccounted &&
          leaves_its_source(*mremap, outcomes[i]))
        add(known.emptied_sources, mapped);
    } else if (const auto* mmap = std::get_if<spec::Mmap>(&call)) {
      const bool keeps_the_old = profile.failed_hook != spec::FailedHook::kGivesBack &&
                                 (mmap->flags & spec::kMapFixed) != 0;
      const bool keeps_its_own = profile.failed_hook == spec::FailedHook::kKeepsAll &&
                                 spec::hooks_of(mmap->file.cls, profile).mmap_prepare;
      if (keeps_the_old || keeps_its_own)
        add(known.failed_hooks, refused_by_hook(*mmap, outcomes[i]));
    }
  }
  return known;
}

bool is_excused(std::int64_t left, const KnownLeaks& known, ExemptionCounts& exemptions) {
  auto most = known.shrinking_moves;
  add(most, known.failed_hooks);
  add(most, known.emptied_sources);
  add(most, known.grown_stacks);
  if (left < 0 || static_cast<std::uint64_t>(left) > most) return false;
  if (known.shrinking_moves != 0) exemptions.count(Exemption::kShrinkingMoveKeepsItsCharge);
  if (known.failed_hooks != 0) exemptions.count(Exemption::kFailedHookKeepsTheCharge);
  if (known.emptied_sources != 0) exemptions.count(Exemption::kEmptiedSourceLosesItsCharge);
  if (known.grown_stacks != 0) exemptions.count(Exemption::kUnchargedStacksGrowCharged);
  return true;
}

std::string explain_left(std::int64_t left) {
  const auto pages = left < 0 ? -left : left;
  constexpr std::int64_t kKibPerPage = spec::kPageSize >> 10;
  return fmt::format(
      "{} page{} ({} kB) {} {} committed (Committed_AS) than before the run, when all its "
      "processes "
      "and mappings are gone",
      pages, pages == 1 ? "" : "s", pages * kKibPerPage, left < 0 ? "fewer" : "more",
      pages == 1 ? "is" : "are");
}

std::string explain_allocated(std::int64_t left) {
  const auto count = left < 0 ? -left : left;
  return fmt::format(
      "{} allocation{} (or counted writer{} of files) {} than before the run {} there when all its "
      "processes and mappings are gone",
      count, count == 1 ? "" : "s", count == 1 ? "" : "s", left < 0 ? "fewer" : "more",
      count == 1 ? "is" : "are");
}

}  // namespace vmadiff::properties
