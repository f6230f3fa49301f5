// reports: a finding as text.
#include "reports/terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "properties/claims/property.h"
#include "reports/quoting.h"
#include "reports/side_by_side.h"
#include "reports/trace.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {
namespace {

using properties::Finding;

std::string known_text(const Finding& finding) {
  std::string out;
  for (const auto& line :
       wrapped(fmt::format("the profile {} breaks this claim by its nature: {}; does not count for "
                           "--max-findings",
                           finding.profile, finding.known),
               90)) {
    out += fmt::format("  {} {}\n", out.empty() ? "known:  " : "        ", line);
  }
  return out;
}

std::string claim_text(const Finding& finding) {
  auto out =
      fmt::format("{}: {}\n", finding.reproducible ? "FINDING" : "NOT REPRODUCIBLE", finding.claim);
  const auto known = properties::all_properties();
  const auto property = std::ranges::find(known, finding.claim, &properties::Property::name);
  if (property != known.end()) out += fmt::format("  claimed: {}\n", property->claim);
  bool first = true;
  for (const auto& line : wrapped(finding.explanation, 90)) {
    out += fmt::format("  {} {}\n", first ? "found:  " : "        ", line);
    first = false;
  }
  if (!finding.reproducible) out += "  A second run of the same sequence did not show it.\n";
  if (!finding.known.empty()) out += known_text(finding);
  return out;
}

std::string sequence_text(const Finding& finding) {
  std::string out = "sequence\n";
  for (std::size_t i = 0; i < finding.sequence.size(); ++i) {
    const bool here = i == finding.step;
    const bool one_view = here && finding.views.size() == 1;
    auto step = finding.sequence[i];
    if (here) step.expected.reset();
    out += fmt::format("{} {:3}  {}{}\n", here ? ">>>" : "   ", i + 1, spec::text(step),
                       one_view ? fmt::format(" = {}", spec::text(finding.views[0].outcome)) : "");
    if (!here || one_view) continue;
    for (std::size_t v = 0; v < finding.views.size(); ++v) {
      out += fmt::format("         {:<8} = {}  ({})\n", v == 0 ? "expected" : "actual",
                         spec::text(finding.views[v].outcome), finding.views[v].system);
    }
  }
  return out;
}

/// What a tree's code shows may be of what stands around it here, and not of the kernel.
std::string confirmation_text(const Finding& finding, const std::string& trace) {
  if (const auto line = confirmation_line(finding); !line.empty())
    return fmt::format("booted\n  {}\n", printable_line(line));
  const auto systems = systems_of(finding);
  const auto is_tree = [](const std::string& name) { return name.starts_with("tree"); };
  if (!std::ranges::any_of(systems, is_tree)) return {};
  std::vector<std::string> others;
  std::ranges::remove_copy_if(systems, std::back_inserter(others), is_tree);
  others.emplace_back("guest");
  return fmt::format(
      "confirm on the booted kernel\n  vmadiff replay {} --verbose --systems {} --kernel "
      "arch/x86/boot/bzImage\n",
      trace, fmt::join(others, ","));
}

/// The end of what a system that died left behind; of a sanitizer's report the beginning.
std::string log_text(const Finding& finding) {
  constexpr std::size_t kLinesMax = 24;
  const bool is_report = !finding.sanitize.empty();
  std::string_view log = finding.log;
  std::vector<std::string_view> lines;
  while (!log.empty()) {
    if (is_report && log.starts_with("Shadow bytes")) break;
    const auto newline = std::min(log.find('\n'), log.size());
    lines.push_back(log.substr(0, newline));
    log.remove_prefix(std::min(newline + 1, log.size()));
  }
  const auto shown = std::min(lines.size(), kLinesMax);
  const auto from = is_report ? 0 : lines.size() - shown;
  std::string out = is_report ? "sanitizer" : "console";
  if (shown < lines.size()) out += is_report ? ", its beginning" : ", its end";
  out += '\n';
  for (std::size_t i = from; i < from + shown; ++i) out += fmt::format("  {}\n", lines[i]);
  return out;
}

/// What the replay of the trace file in a fresh process came to, where that is to be said.
std::string replay_text(const FindingFiles& files) {
  switch (files.replayed) {
    case Replayed::kShows:
      return {};
    case Replayed::kDoesNotShow:
      return fmt::format("  A REPLAY OF THIS FILE IN A FRESH PROCESS DID NOT SHOW IT{}\n",
                         files.replay_note.empty() ? "" : ": " + files.replay_note);
    case Replayed::kNotTried:
      break;
  }
  return files.replay_note.empty()
             ? std::string{}
             : fmt::format("  (not replayed from its file: {})\n", files.replay_note);
}

std::string files_text(const Finding& finding, const FindingFiles& files) {
  std::string out;
  if (files.trace.empty()) {
    out += "trace (not written)\n";
    for (const auto& line : {print_finding_trace(finding)}) out += line;
    return out;
  }
  const auto trace = shell_path(files.trace.string());
  out += fmt::format("replay\n  {}\n",
                     replay_command(files.trace.string(), systems_of(finding), finding.sanitize));
  out += replay_text(files);
  out += confirmation_text(finding, trace);
  out += fmt::format(
      "files\n  {}{}\n", trace,
      files.is_kept ? "  (kept: of an earlier finding of the same kind, and shorter)" : "");
  if (!files.reproducer.empty()) {
    const auto reproducer = shell_path(files.reproducer.string());
    out += fmt::format("  {}  (C: cc -Wall {} -o reproducer && ./reproducer)\n", reproducer,
                       reproducer);
  }
  if (!files.log.empty()) {
    out += fmt::format("  {}  ({})\n", shell_path(files.log.string()),
                       finding.sanitize.empty() ? "console" : "what the sanitizer said");
  }
  if (!files.json.empty()) out += fmt::format("  {}\n", shell_path(files.json.string()));
  if (!files.test.empty()) {
    out += fmt::format("  {}  (draft of a test for vmadiff's own suite)\n",
                       shell_path(files.test.string()));
  }
  return out;
}

}  // namespace

std::string terminal_text(const Finding& finding, const FindingFiles& files) {
  std::string out = claim_text(finding);
  out += fmt::format("seeds: {}; profile {}; {} simplifications\n", seeds_text(finding),
                     finding.profile, finding.shrinks);
  const auto setup = setup_directive(finding);
  if (!setup.empty()) out += fmt::format("set-up: {}\n", setup);
  for (const std::string& machine : finding.machines) out += fmt::format("machine: {}\n", machine);
  out += '\n';
  out += sequence_text(finding);
  out += fmt::format("\nlayouts after call {}\n", finding.step + 1);
  out += side_by_side(finding.views);
  if (finding.step < finding.sequence.size()) {
    const auto drawing = picture(finding.views, finding.sequence[finding.step].call);
    if (!drawing.empty()) out += "\n" + drawing;
  }
  if (!finding.log.empty()) out += "\n" + log_text(finding);
  out += "\n" + files_text(finding, files);
  return out;
}

}  // namespace vmadiff::reports
