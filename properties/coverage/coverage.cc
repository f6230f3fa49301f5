// properties: telling which cell a step is in.
#include "properties/coverage/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "properties/claims/merge_due.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Errno;
using spec::Snapshot;
using spec::Vma;

constexpr std::array kErrnos{
    Errno::kEPERM,  Errno::kENOENT, Errno::kESRCH,     Errno::kEINTR,      Errno::kEIO,
    Errno::kENXIO,  Errno::kE2BIG,  Errno::kEBADF,     Errno::kEAGAIN,     Errno::kENOMEM,
    Errno::kEACCES, Errno::kEFAULT, Errno::kEBUSY,     Errno::kEEXIST,     Errno::kENODEV,
    Errno::kEINVAL, Errno::kENFILE, Errno::kEMFILE,    Errno::kETXTBSY,    Errno::kEFBIG,
    Errno::kENOSPC, Errno::kENOSYS, Errno::kEOVERFLOW, Errno::kEOPNOTSUPP, Errno::kEHWPOISON,
    Errno::kSIGBUS, Errno::kSIGSEGV};
static_assert(kErrnos.size() < kResultCount);

/// What lies at an address: the VMA that ends there, the one that begins there, or one across it.
struct Place {
  const Vma* below = nullptr;
  const Vma* above = nullptr;
  const Vma* across = nullptr;
};

Place place_at(const Snapshot& snapshot, Address address) {
  const auto next = std::ranges::upper_bound(snapshot.vmas, address, {}, &Vma::end);
  Place place;
  if (next != snapshot.vmas.end() && next->start < address) place.across = &*next;
  if (next != snapshot.vmas.end() && next->start == address) place.above = &*next;
  if (next != snapshot.vmas.begin() && std::prev(next)->end == address) {
    place.below = &*std::prev(next);
  }
  return place;
}

MergeOutcome what_keeps_apart(const Vma& low, const Vma& high) {
  if (((low.flags | high.flags) & spec::kVmSpecial) != 0) return MergeOutcome::kSpecial;
  if (((low.flags ^ high.flags) & ~spec::kVmSticky) != 0) return MergeOutcome::kFlags;
  if (low.policy != high.policy) return MergeOutcome::kPolicy;
  if (low.file != high.file) return MergeOutcome::kFile;
  if (low.name != high.name) return MergeOutcome::kName;
  if (low.userfaultfd != high.userfaultfd) return MergeOutcome::kUserfaultfd;
  if (low.anon_vma != high.anon_vma) return MergeOutcome::kAnonVma;
  if (low.pgoff + low.pages() != high.pgoff) return MergeOutcome::kOffset;
  return MergeOutcome::kExempt;
}

/// Whether a boundary that was there, or that a new mapping would have made, is gone.
bool is_joined(const Snapshot& before, const Snapshot& after, Address at, bool changes) {
  return place_at(after, at).across != nullptr &&
         (!changes || place_at(before, at).across == nullptr);
}

/// Whether two VMAs inside the range became one: the second was joined with what lies left of it.
bool lost_a_boundary(const Snapshot& before, const Snapshot& after, const Due& due) {
  return std::ranges::any_of(before.vmas, [&](const Vma& vma) {
    return vma.start > due.first && vma.start < due.last &&
           place_at(before, vma.start).below != nullptr &&
           is_joined(before, after, vma.start, true);
  });
}

MergeOutcome merge_outcome(const std::optional<Due>& due, const Snapshot& before,
                           const Snapshot& after) {
  if (!due) return MergeOutcome::kNotDue;
  const bool left = is_joined(before, after, due->first, due->inside);
  const bool right = due->last != due->first && is_joined(before, after, due->last, due->inside);
  if (left && right) return MergeOutcome::kBoth;
  if (left) return MergeOutcome::kLeft;
  if (right) return MergeOutcome::kRight;
  if (due->inside && lost_a_boundary(before, after, *due)) return MergeOutcome::kLeft;
  auto found = MergeOutcome::kNothingThere;
  const auto look = [&](Address at) {
    const Place place = place_at(after, at);
    if (found != MergeOutcome::kNothingThere || place.below == nullptr || place.above == nullptr) {
      return;
    }
    found = what_keeps_apart(*place.below, *place.above);
  };
  look(due->first);
  look(due->last);
  if (due->inside) {
    for (const Vma& vma : after.vmas) {
      if (vma.start > due->first && vma.start < due->last) look(vma.start);
    }
  }
  return found;
}

KsmMode ksm_mode(const std::optional<Due>& due, const Snapshot& after) {
  if (after.merge_any) return KsmMode::kProcessWide;
  if (!due) return KsmMode::kOff;
  const auto vma = std::ranges::upper_bound(after.vmas, due->first, {}, &Vma::end);
  const bool madvised = vma != after.vmas.end() && (vma->flags & spec::kVmMergeable) != 0;
  return madvised ? KsmMode::kMadvised : KsmMode::kOff;
}

}  // namespace

std::optional<std::size_t> result_index(const spec::Outcome& outcome) {
  if (outcome.is_ok()) return 0;
  if (outcome.is_death()) return std::nullopt;
  const auto* const at = std::ranges::find(kErrnos, outcome.error());
  if (at == kErrnos.end()) return std::nullopt;
  return 1 + static_cast<std::size_t>(at - kErrnos.begin());
}

std::string_view result_name(std::size_t result) {
  if (result == 0) return "ok";
  return result <= kErrnos.size() ? spec::name(kErrnos[result - 1]) : std::string_view{};
}

void Coverage::note(const spec::Syscall& call, const spec::Outcome& outcome, const Snapshot& before,
                    const Snapshot& after, const spec::Setup& setup) {
  const auto result = result_index(outcome);
  if (!result) return;
  ++results_[call.index()][*result];
  if (!outcome.is_ok()) return;
  const auto due = merge_due(call, outcome, before, after, setup);
  ++merges_[call.index()][static_cast<std::size_t>(merge_outcome(due, before, after))]
           [static_cast<std::size_t>(ksm_mode(due, after))];
}

void Coverage::note_arguments(const spec::Syscall& call, const spec::Outcome& outcome) {
  if (result_index(outcome)) arguments_.note(call, outcome);
}

void Coverage::add(const Coverage& other) {
  arguments_.add(other.arguments_);
  meetings_.add(other.meetings_);
  for (std::size_t call = 0; call < kCallCount; ++call) {
    for (std::size_t i = 0; i < kResultCount; ++i) results_[call][i] += other.results_[call][i];
    for (std::size_t i = 0; i < kMergeOutcomeCount; ++i) {
      for (std::size_t k = 0; k < kKsmModeCount; ++k) {
        merges_[call][i][k] += other.merges_[call][i][k];
      }
    }
  }
}

std::string_view name(MergeOutcome outcome) {
  constexpr std::array<std::string_view, kMergeOutcomeCount> kNames{
      "left", "right",       "both",     "special", "flags",  "policy",        "file",
      "name", "userfaultfd", "anon_vma", "offset",  "exempt", "nothing there", "not due"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view name(KsmMode ksm) {
  constexpr std::array<std::string_view, kKsmModeCount> kNames{"off", "madvised", "process-wide"};
  return kNames[static_cast<std::size_t>(ksm)];
}

std::string text(const Cell& cell) {
  const auto call = spec::call_names()[cell.call];
  if (cell.result) return fmt::format("{} {}", call, result_name(*cell.result));
  return fmt::format("{} {}, KSM {}", call, name(cell.merge), name(cell.ksm));
}

std::uint64_t count_of(const Coverage& coverage, const Cell& cell) {
  return cell.result ? coverage.results(cell.call, *cell.result)
                     : coverage.merges(cell.call, cell.merge, cell.ksm);
}

}  // namespace vmadiff::properties
