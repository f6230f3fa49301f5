// campaign: confirming on a booted kernel.
#include "campaign/confirmation.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "campaign/replay_process.h"
#include "process/child.h"
#include "process/exit_status.h"
#include "reports/trace.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using properties::Confirmation;
using Answer = Confirmation::Answer;

/// Of each of its processes: an emulated machine boots in some ten.
constexpr std::uint64_t kCpuSeconds = 600;

/// Behind "; without guest:debian-7.3: " in what replay says of the file; empty where it took part.
std::string why_left_out(std::string_view output, const std::string& system) {
  for (const auto* before : {"without ", "skipped "}) {
    auto at = output.find(before);
    if (at == std::string_view::npos || at > output.find('\n')) continue;
    const auto line = output.substr(at, output.find('\n', at) - at);
    at = line.find(system + ": ");
    if (at == std::string_view::npos) continue;
    const auto why = line.substr(at + system.size() + 2);
    return std::string{why.substr(0, why.rfind(')'))};
  }
  return {};
}

/// "FILE:3: CLAIM: what was seen", without the file.
std::string failure_in(std::string_view output) {
  const auto line_end = output.find('\n');
  if (line_end == std::string_view::npos) return {};
  const auto line = first_line(std::string{output.substr(line_end + 1)});
  const auto at = line.find(": ");
  return at == std::string::npos ? line : line.substr(at + 2);
}

}  // namespace

Confirmation confirmation_of(const properties::Finding& finding, const std::string& system,
                             int wait_status, const std::string& output,
                             const std::string& errors) {
  if (!WIFEXITED(wait_status))
    return {system, Answer::kCannotSay,
            fmt::format("its replay ended with {}", process::how_it_ended(wait_status))};
  const auto status = static_cast<process::ExitStatus>(WEXITSTATUS(wait_status));
  if (status != process::ExitStatus::kFinding && status != process::ExitStatus::kHeld)
    return {system, Answer::kCannotSay, first_line(errors)};
  if (auto why = why_left_out(output, system); !why.empty())
    return {system, Answer::kCannotSay, std::move(why)};
  if (status == process::ExitStatus::kHeld) {
    // What it is about has to be seen there.
    const bool is_hidden =
        finding.explanation.contains("anon_vma") || finding.explanation.contains("own pgoff");
    return {
        system, Answer::kDoesNotShow,
        is_hidden ? "a booted kernel shows no anon_vmas, and no offsets of anonymous pages" : ""};
  }
  const bool is_same = output.contains(fmt::format(": {}: ", finding.claim));
  return {system, Answer::kShows, is_same ? "" : fmt::format("as {}", failure_in(output))};
}

Confirmation confirm(const std::filesystem::path& trace, const properties::Finding& finding,
                     const std::string& system) {
  if (trace.empty()) return {system, Answer::kCannotSay, "the trace is not written"};
  std::vector<std::string> systems;
  std::ranges::remove_copy_if(reports::systems_of(finding), std::back_inserter(systems),
                              systems::is_real);
  systems.push_back(system);
  const auto end = run_replay(trace, systems, {}, kCpuSeconds);
  if (!end) return {system, Answer::kCannotSay, end.error()};
  return confirmation_of(finding, system, end->wait_status, end->output, end->errors);
}

}  // namespace vmadiff::campaign
