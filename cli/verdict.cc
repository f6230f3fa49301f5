// cli: judging a trace.
#include "cli/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "campaign/crew.h"
#include "cli/end_check.h"
#include "properties/checker.h"
#include "properties/claims/own_breaches.h"
#include "reports/side_by_side.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

using properties::Finding;
using properties::PropertySet;

constexpr std::string_view kSurvives = "SystemSurvives";

std::optional<std::string> broken_assertion(const TraceFile& file,
                                            const compare::Recording& recording) {
  const auto& sequence = file.trace.sequence;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto& expected = sequence[i].expected;
    if (!expected || *expected == recording.outcomes[i]) continue;
    return fmt::format("{}:{}: {}: {} gave {}, the trace says {}", file.path, file.trace.lines[i],
                       recording.system, spec::text(sequence[i].call),
                       spec::text(recording.outcomes[i]), spec::text(*expected));
  }
  return std::nullopt;
}

/// What the checks of one trace have in common.
struct Trial {
  const TraceFile& file;
  std::vector<spec::System*> systems;
  const spec::KernelProfile& profile;
  const spec::Setup& setup;
  std::vector<std::string>& notes;

  std::expected<std::optional<Finding>, spec::ToolFault> check(PropertySet properties) const {
    auto checker = campaign::make_checker(systems, profile, setup, std::move(properties));
    auto found = checker.check(file.trace.sequence, properties::Observation::kEveryStep);
    for (const std::string& note : properties::notes_of(checker.tally())) {
      if (std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
    }
    return found;
  }
};

/// "FILE:LINE: SystemSurvives: host died while it ran mmap: …"
std::string death_of(const spec::System& system, const TraceFile& file,
                     const compare::Recording& recording) {
  const auto& outcomes = recording.outcomes;
  const auto at = static_cast<std::size_t>(
      std::ranges::find_if(outcomes, &spec::Outcome::is_death) - outcomes.begin());
  const auto note = system.death_note();
  return fmt::format("{}:{}: {}: {} died while it ran {}{}{}", file.path, file.trace.lines[at],
                     kSurvives, system.name(), spec::name(file.trace.sequence[at].call),
                     note.empty() ? "" : ": ", note);
}

/// All claims but those that the trace is known to violate.
PropertySet other_properties(const std::vector<std::string>& violated) {
  std::string names;
  for (const auto& property : properties::all_properties()) {
    if (std::ranges::find(violated, property.name) != violated.end()) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ",", property.name);
  }
  return PropertySet::parse(names).value();
}

/// Whether the trace was written for this profile by name.
bool names_profile(const TraceFile& file, const spec::KernelProfile& profile) {
  const auto own = spec::read_profile_text(file.directives.profile);
  return own && spec::profile_text(*own) == spec::profile_text(profile);
}

std::string described(const TraceFile& file, const Finding& finding) {
  std::string out = fmt::format("{}:{}: {}: {}", file.path, file.trace.lines[finding.step],
                                finding.claim, finding.explanation);
  for (const auto& view : finding.views) {
    out += fmt::format("\n  {} gave {}", view.system, spec::text(view.outcome));
  }
  auto layouts = reports::side_by_side(finding.views);
  if (layouts.ends_with('\n')) layouts.pop_back();
  for (std::size_t at = 0; at != std::string::npos; at = layouts.find('\n', at + 1)) {
    layouts.insert(at == 0 ? 0 : at + 1, "  ");
  }
  return out + (layouts.empty() ? "" : "\n" + layouts);
}

}  // namespace

std::optional<std::string> broken_vma_count(const TraceFile& file,
                                            const compare::Recording& recording,
                                            std::string_view profile) {
  if (!recording.end) return std::nullopt;  // a death: its outcome says so
  const auto count =
      static_cast<std::size_t>(std::ranges::count_if(recording.end->vmas, [](const spec::Vma& vma) {
        return vma.file.cls != spec::FileClass::kOther;
      }));
  for (const VmaCount& expected : file.directives.vmas) {
    if (!expected.profile.empty() && expected.profile != profile) continue;
    if (expected.count == count) continue;
    return fmt::format("{}: {}: {} VMAs are left under {}, the trace says {}", file.path,
                       recording.system, count, profile, expected.count);
  }
  return std::nullopt;
}

std::string counts_of(const spec::Sequence& sequence, const compare::Recording& recording) {
  std::size_t different = 0;
  std::size_t asserted = 0;
  std::size_t of_nobody = 0;
  std::size_t unsaid = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Outcome& outcome = recording.outcomes[i];
    const auto& expected = sequence[i].expected;
    if (expected) ++asserted;
    if (expected && *expected != outcome) ++different;
    // No memory call gives it for another reason.
    if (outcome == spec::Outcome::fail(spec::Errno::kESRCH)) {
      ++of_nobody;
    } else if (!expected && outcome.is_error()) {
      ++unsaid;
    }
  }
  std::string out;
  const auto say = [&out](std::string_view words) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", words);
  };
  if (different != 0) say(fmt::format("{} of {} results are others", different, asserted));
  if (of_nobody != 0) {
    say(fmt::format("{} of {} calls are of processes that do not exist", of_nobody,
                    sequence.size()));
  }
  if (unsaid != 0) say(fmt::format("{} calls fail of which the trace states no result", unsaid));
  return out;
}

bool is_as_written(const TraceFile& file, const spec::KernelProfile& profile) {
  const auto& holds = file.directives.holds;
  return holds.empty() || std::ranges::find(holds, spec::profile_text(profile)) != holds.end();
}

std::expected<Verdict, spec::ToolFault> judge(const TraceFile& file,
                                              const std::vector<spec::System*>& systems,
                                              const spec::KernelProfile& profile,
                                              const spec::Setup& setup) {
  Verdict verdict;
  std::vector<spec::System*> alive;
  std::string deaths;
  for (spec::System* system : systems) {
    auto recording =
        compare::record(*system, setup, file.trace.sequence, compare::Snapshots::kAtEnd);
    if (!recording) return std::unexpected(recording.error());
    if (recording->end) {
      alive.push_back(system);
    } else {
      deaths += death_of(*system, file, *recording);
    }
    if (auto broken = broken_assertion(file, *recording)) verdict.failures.push_back(*broken);
    // Where systems differ, the first stands for all: that they do is told below.
    if (verdict.counts.empty()) verdict.counts = counts_of(file.trace.sequence, *recording);
    if (auto broken = broken_vma_count(file, *recording, spec::profile_text(profile))) {
      verdict.failures.push_back(*broken);
    }
    std::ranges::move(broken_ends(file, *recording, spec::profile_text(profile)),
                      std::back_inserter(verdict.failures));
  }
  if (!file.directives.ends.empty() &&
      claims_under(file.directives.ends, spec::profile_text(profile)).empty()) {
    verdict.notes.push_back(
        fmt::format("what it ends with is not said for {}", spec::profile_text(profile)));
  }
  // A system that dies of the trace (or hangs, which takes seconds) has nothing to say to the other
  // claims, and is not asked again.
  const auto& violated = file.directives.expect;
  const auto is_expected = [&](std::string_view claim) {
    return std::ranges::find(violated, claim) != violated.end();
  };
  const bool dies = alive.size() < systems.size();
  const Trial trial{file, std::move(alive), profile, setup, verdict.notes};
  if (dies && !is_expected(kSurvives)) verdict.failures.push_back(deaths);
  for (auto left_out = violated; !trial.systems.empty();) {
    const auto other = trial.check(other_properties(left_out));
    if (!other) return std::unexpected(other.error());
    if (!*other) break;
    const auto& finding = **other;
    const auto why = names_profile(file, profile) ? "" : properties::own_breach(finding, profile);
    if (why.empty()) {
      verdict.failures.push_back(described(file, finding));
      break;
    }
    verdict.notes.push_back(
        fmt::format("{} is broken, as the profile does by its nature: {}", finding.claim, why));
    left_out.emplace_back(finding.claim);
  }
  for (const std::string& claim : violated) {
    if (claim == kSurvives && dies) continue;
    std::optional<Finding> found;
    if (!trial.systems.empty()) {
      auto checked = trial.check(PropertySet::parse(claim).value());
      if (!checked) return std::unexpected(checked.error());
      found = *std::move(checked);
    }
    if (!found) {
      verdict.failures.push_back(
          fmt::format("{}: {} holds under {}, the trace says that it is violated", file.path, claim,
                      spec::profile_text(profile)));
    }
  }
  return verdict;
}

}  // namespace vmadiff::cli
