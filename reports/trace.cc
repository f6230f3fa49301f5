// reports: a finding as trace text.
#include "reports/trace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/quoting.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines{1};
  while (!text.empty()) {
    const auto space = text.find_first_of(" \n");
    const auto word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string seeds_text(const properties::Finding& finding) {
  if (finding.run_seed == 0 && finding.sequence_seed == 0) return "not from a campaign";
  return fmt::format("run {:#x}, sequence {:#x}", finding.run_seed, finding.sequence_seed);
}

std::vector<std::string> systems_of(const properties::Finding& finding) {
  std::vector<std::string> names;
  for (const auto& view : finding.views) {
    auto name = view.system.substr(0, view.system.find_first_of(", "));
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

std::string setup_directive(const properties::Finding& finding) {
  const bool settable = std::ranges::all_of(
      finding.views, [](const properties::View& view) { return view.observes.counters; });
  return settable ? spec::setup_text(finding.setup) : std::string{};
}

std::string replay_command(std::string_view trace, const std::vector<std::string>& systems,
                           std::string_view sanitize) {
  // By default no guest takes part, and the host only where the profile is its own.
  const bool has_real = std::ranges::any_of(systems, [](const std::string& name) {
    return name == "host" || name.starts_with("guest") || name.starts_with("tree");
  });
  auto out = fmt::format("vmadiff replay {} --verbose", shell_path(trace));
  if (has_real)
    out += fmt::format(" --systems {}", shell_word(fmt::format("{}", fmt::join(systems, ","))));
  if (!sanitize.empty()) out += fmt::format(" --sanitize {}", sanitize);
  return out;
}

std::string confirmation_line(const properties::Finding& finding) {
  using Answer = properties::Confirmation::Answer;
  const auto& [system, answer, note] = finding.confirmation;
  const auto because = note.empty() ? std::string{} : fmt::format(" ({})", note);
  switch (answer) {
    case Answer::kNotAsked:
      break;
    case Answer::kShows:
      return fmt::format("confirmed on {}{}", system, because);
    case Answer::kDoesNotShow:
      return fmt::format("not shown by {}{}", system, because);
    case Answer::kCannotSay:
      return fmt::format("{} cannot say: {}", system, note);
  }
  return {};
}

std::string print_finding_trace(const properties::Finding& finding) {
  spec::Trace trace;
  trace.sequence = finding.sequence;
  trace.comments.assign(finding.sequence.size() + 1, {});
  auto& head = trace.comments.front();
  head.push_back(fmt::format("# finding: {}", finding.claim));
  for (const auto& line : wrapped(finding.explanation, 96)) {
    head.push_back("# " + printable_line(line));
  }
  if (!finding.reproducible) head.emplace_back("# not reproducible: a second run did not show it");
  for (const auto& line : wrapped(confirmation_line(finding), 96)) {
    if (!line.empty()) head.push_back("# " + printable_line(line));
  }
  head.push_back(fmt::format("# seeds: {}", seeds_text(finding)));
  head.push_back(fmt::format("# profile: {}", finding.profile));
  for (const std::string& machine : finding.machines) {
    for (const auto& line : wrapped(fmt::format("machine: {}", machine), 96))
      head.push_back("# " + line);
  }
  const auto systems = systems_of(finding);
  if (!systems.empty()) head.push_back(fmt::format("# systems: {}", fmt::join(systems, ",")));
  const auto setup = setup_directive(finding);
  if (!setup.empty()) head.push_back(fmt::format("# setup: {}", setup));
  for (spec::Step& step : trace.sequence) {
    // A death is written down as what it is, not asserted: nobody wants it.
    if (step.expected && step.expected->is_death()) step.expected.reset();
  }
  if (finding.step > 0 && finding.step < finding.sequence.size()) {
    trace.comments[finding.step].emplace_back("# here it shows:");
  }
  return spec::print_trace(trace);
}

}  // namespace vmadiff::reports
