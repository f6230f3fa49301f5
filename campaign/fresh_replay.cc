// campaign: replaying a finding's file in a process of its own.
#include "campaign/fresh_replay.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "campaign/replay_process.h"
#include "process/child.h"
#include "process/exit_status.h"
#include "reports/trace.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using reports::Replayed;

constexpr std::string_view kDeathClaim = "SystemSurvives";

FreshReplay not_tried(std::string why) { return {Replayed::kNotTried, std::move(why)}; }

FreshReplay judged(const ReplayEnd& end, const properties::Finding& finding) {
  const bool is_death = finding.claim == kDeathClaim;
  if (WIFSIGNALED(end.wait_status)) {
    if (is_death) return {Replayed::kShows, {}};
    return {Replayed::kDoesNotShow,
            fmt::format("it ended with {}", process::how_it_ended(end.wait_status))};
  }
  const auto status = static_cast<process::ExitStatus>(WEXITSTATUS(end.wait_status));
  const bool names_the_claim =
      end.output.find(fmt::format(": {}: ", finding.claim)) != std::string::npos;
  if (status == process::ExitStatus::kFinding && names_the_claim) return {Replayed::kShows, {}};
  return {Replayed::kDoesNotShow, first_line(end.output)};
}

}  // namespace

FreshReplay replay_afresh(const std::filesystem::path& trace, const properties::Finding& finding) {
  if (trace.empty()) return not_tried("it is not written");
  const auto systems = reports::systems_of(finding);
  if (std::ranges::any_of(systems, systems::is_guest)) {
    return not_tried("that would boot a virtual machine; the command above does it");
  }
  std::vector<std::string> more;
  if (!finding.sanitize.empty()) more = {"--sanitize", finding.sanitize};
  const auto end =
      run_replay(trace, systems, more,
                 finding.claim == kDeathClaim ? kDeathReplayCpuSeconds : kReplayCpuSeconds);
  return end ? judged(*end, finding) : not_tried(end.error());
}

}  // namespace vmadiff::campaign
