// cli: judging a trace.
#include "cli/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/systems.h"
#include "properties/checker.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

using properties::Checker;
using properties::Finding;
using properties::PropertySet;

std::optional<std::string> broken_assertion(const TraceFile& file, const Recording& recording) {
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

std::expected<std::optional<Finding>, spec::ToolFault> check(
    const TraceFile& file, const std::vector<spec::System*>& systems,
    const spec::KernelProfile& profile, const spec::Setup& setup, PropertySet properties) {
  Checker checker{systems,
                  {.profile = profile,
                   .setup = setup,
                   .properties = std::move(properties),
                   .relation_every = 1,
                   .make_like = make_like}};
  return checker.check(file.trace.sequence, properties::Observation::kEveryStep);
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

std::string described(const TraceFile& file, const Finding& finding) {
  std::string out = fmt::format("{}:{}: {}: {}", file.path, file.trace.lines[finding.step],
                                finding.claim, finding.explanation);
  for (const auto& view : finding.views) {
    out += fmt::format("\n  {} gave {}", view.system, spec::text(view.outcome));
    for (const std::string& line : layout_lines(view.snapshot, false)) {
      out += fmt::format("\n    {}", line);
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> broken_vma_count(const TraceFile& file, const Recording& recording,
                                            std::string_view profile) {
  if (!recording.end) return std::nullopt;  // a death: its outcome says so
  const auto count = layout_lines(*recording.end, false).size();
  for (const VmaCount& expected : file.directives.vmas) {
    if (!expected.profile.empty() && expected.profile != profile) continue;
    if (expected.count == count) continue;
    return fmt::format("{}: {}: {} VMAs are left under {}, the trace says {}", file.path,
                       recording.system, count, profile, expected.count);
  }
  return std::nullopt;
}

std::expected<Verdict, spec::ToolFault> judge(const TraceFile& file,
                                              const std::vector<spec::System*>& systems,
                                              const spec::KernelProfile& profile,
                                              const spec::Setup& setup) {
  Verdict verdict;
  for (spec::System* system : systems) {
    auto recording = record(*system, setup, file.trace.sequence, Snapshots::kEveryStep);
    if (!recording) return std::unexpected(recording.error());
    if (auto broken = broken_assertion(file, *recording)) verdict.failures.push_back(*broken);
    if (auto broken = broken_vma_count(file, *recording, spec::profile_text(profile))) {
      verdict.failures.push_back(*broken);
    }
    verdict.recordings.push_back(*std::move(recording));
  }
  const auto& violated = file.directives.expect;
  auto other = check(file, systems, profile, setup, other_properties(violated));
  if (!other) return std::unexpected(other.error());
  if (*other) verdict.failures.push_back(described(file, **other));
  for (const std::string& claim : violated) {
    auto found = check(file, systems, profile, setup, PropertySet::parse(claim).value());
    if (!found) return std::unexpected(found.error());
    if (!*found) {
      verdict.failures.push_back(
          fmt::format("{}: {} holds under {}, the trace says that it is violated", file.path, claim,
                      spec::profile_text(profile)));
    }
  }
  return verdict;
}

}  // namespace vmadiff::cli
