// cli: holding a trace's end against what it says.
#include "cli/end_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "reports/vma_lines.h"

namespace vmadiff::cli {
namespace {

using spec::Vma;

/// Which number of the trace is which of the system: both ways, so that two are not one.
class Renaming {
 public:
  bool fits(std::uint32_t written, std::uint32_t seen) {
    const auto there = there_.try_emplace(written, seen).first->second;
    const auto back = back_.try_emplace(seen, written).first->second;
    return there == seen && back == written;
  }

 private:
  std::map<std::uint32_t, std::uint32_t> there_;
  std::map<std::uint32_t, std::uint32_t> back_;
};

/// One process against its lines.
class Process {
 public:
  explicit Process(const spec::Observes& seen) : seen_(seen) {}

  bool holds(const VmaClaim& claim, const Vma& vma) {
    const auto says = [](const auto& part, const auto& value) { return !part || *part == value; };
    const bool sees_offset = !vma.file.is_none() || seen_.anon_pgoff;
    const std::uint64_t offset = vma.file.is_none() ? 0 : vma.pgoff << spec::kPageShift;
    return claim.range == vma.range() &&
           says(claim.permissions, spec::permissions_text(vma.flags)) &&
           says(claim.offset, offset) && says(claim.backing, spec::text(vma.file)) &&
           (!seen_.vm_flags || flags_hold(claim, vma)) &&
           (!sees_offset || !claim.pgoff || spec::same_offset_in_bytes(*claim.pgoff, vma.pgoff)) &&
           (!seen_.anon_pgoff || says(claim.own_pgoff, vma.own_pgoff)) &&
           (!seen_.policy || says(claim.policy, vma.policy)) &&
           (!seen_.names || vma.name.is_unseen() || says(claim.name, spec::name_text(vma))) &&
           (!seen_.userfaultfd || says(claim.userfaultfd, vma.userfaultfd)) &&
           (!claim.object || objects_.fits(*claim.object, vma.file.number)) &&
           (!seen_.anon_vma || !claim.anon_vma || anon_vma_holds(*claim.anon_vma, vma));
  }

 private:
  static bool flags_hold(const VmaClaim& claim, const Vma& vma) {
    if (!claim.flags) return true;
    const auto flags = vma.flags & ~spec::kVmSoftdirty;
    if (claim.flags->is_whole) return flags == claim.flags->set;
    return (flags & claim.flags->set) == claim.flags->set && (flags & claim.flags->clear) == 0;
  }
  bool anon_vma_holds(const AnonVmaClaim& claim, const Vma& vma) {
    if (claim.number == spec::kNoAnonVma) return vma.anon_vma == spec::kNoAnonVma;
    return vma.anon_vma != spec::kNoAnonVma && claim.links == vma.anon_vma_links &&
           anon_vmas_.fits(claim.number, vma.anon_vma);
  }

  spec::Observes seen_;
  Renaming objects_;
  Renaming anon_vmas_;
};

/// Those that the line says of which a VMA's own line is silent.
reports::Hidden hidden_in(const VmaClaim& claim, const spec::Observes& seen) {
  reports::Hidden out = 0;
  if (claim.pgoff && seen.anon_pgoff) out |= reports::kHiddenOffset;
  if (claim.own_pgoff && seen.anon_pgoff) out |= reports::kHiddenOwnOffset;
  if (claim.object) out |= reports::kHiddenFile;
  if (claim.anon_vma && seen.anon_vma) out |= reports::kHiddenAnonVma;
  if (claim.policy && seen.policy) out |= reports::kHiddenPolicy;
  if (claim.userfaultfd && seen.userfaultfd) out |= reports::kHiddenUserfaultfd;
  return out;
}

using Claims = std::vector<const EndClaim*>;

/// "FILE:LINE: host: process 1 ends with A, the trace says B".
std::string broken(const TraceFile& file, std::string_view system, const EndClaim& claim,
                   std::string_view seen) {
  return fmt::format("{}:{}: {}: process {} ends with {}, the trace says {}", file.path, claim.line,
                     system, claim.process, seen, claim.text);
}

/// `claims` are those of one process, all of VMAs, or one of another kind.
std::optional<std::string> broken_end(const TraceFile& file, const compare::Recording& recording,
                                      const Claims& claims, const spec::Snapshot* snapshot) {
  const EndClaim& first = *claims.front();
  const auto say = [&](const EndClaim& claim, std::string_view seen) {
    return broken(file, recording.system, claim, seen);
  };
  if (snapshot == nullptr) {
    if (first.kind == EndClaim::Kind::kGone) return std::nullopt;
    return say(first, "nothing, since it is not there");
  }
  if (first.kind == EndClaim::Kind::kGone) return say(first, "its memory: it is there");
  std::vector<Vma> vmas;
  std::ranges::copy_if(snapshot->vmas, std::back_inserter(vmas),
                       [](const Vma& vma) { return vma.file.cls != spec::FileClass::kOther; });
  if (first.kind == EndClaim::Kind::kNone) {
    if (vmas.empty()) return std::nullopt;
    return say(first, spec::text(vmas.front()));
  }
  Process process{recording.observes};
  for (std::size_t i = 0; i < std::max(claims.size(), vmas.size()); ++i) {
    if (i >= vmas.size()) return say(*claims[i], "nothing there");
    if (i >= claims.size()) {
      return say(*claims.back(),
                 fmt::format("{}, too, of which no line says anything", spec::text(vmas[i])));
    }
    const VmaClaim& claim = claims[i]->vma;
    if (process.holds(claim, vmas[i])) continue;
    return say(*claims[i], reports::text_with(vmas[i], hidden_in(claim, recording.observes)));
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> broken_ends(const TraceFile& file, const compare::Recording& recording,
                                     std::string_view profile) {
  if (!recording.end) return {};  // a death: its outcome says so
  std::map<spec::ProcessId, Claims> of_process;
  for (const EndClaim* claim : claims_under(file.directives.ends, profile)) {
    of_process[claim->process].push_back(claim);
  }
  std::vector<std::string> out;
  for (const auto& [process, claims] : of_process) {
    const auto other = recording.others.find(process);
    const auto* snapshot = process == 0                      ? &*recording.end
                           : other == recording.others.end() ? nullptr
                                                             : &other->second;
    if (auto what = broken_end(file, recording, claims, snapshot)) out.push_back(*std::move(what));
  }
  return out;
}

}  // namespace vmadiff::cli
