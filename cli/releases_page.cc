// cli: behaviours by release.
#include "cli/releases_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "compare/deciding_traces.h"
#include "compare/difference_cause.h"
#include "spec/profile_history.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

/// Neighbours that have the same value.
struct ValueSpan {
  std::string value;
  std::vector<std::string> kernels;
  std::optional<std::size_t> number;  ///< the value, where it is a single one
  bool is_invisible = false;
};

std::vector<ValueSpan> spans_of(std::span<const ReleaseIdentity> releases, std::size_t behaviour) {
  std::vector<ValueSpan> spans;
  for (const ReleaseIdentity& release : releases) {
    const auto& found = release.identity.findings[behaviour];
    const auto text = compare::values_text(found);
    if (spans.empty() || spans.back().value != text) {
      spans.push_back({.value = text,
                       .kernels = {},
                       .number = {},
                       .is_invisible = found.not_asked.empty() && found.is_invisible});
      if (found.not_asked.empty() && found.values.size() == 1)
        spans.back().number = found.values.front();
    }
    spans.back().kernels.push_back(release.name);
  }
  return spans;
}

std::string kernels_text(const ValueSpan& span) {
  const auto& kernels = span.kernels;
  return kernels.size() < 3 ? fmt::format("{}", fmt::join(kernels, ", "))
                            : fmt::format("{} to {}", kernels.front(), kernels.back());
}

std::string profile_line(const ReleaseIdentity& release) {
  const auto& identity = release.identity;
  std::string line = spec::profile_text(identity.profile);
  for (const auto* other : identity.alike) {
    if (other != identity.nearest) line += fmt::format(" (or {})", other->name);
  }
  return line;
}

/// What the values of a behaviour give in a trace that decides it, on a kernel as `like`: the call
/// at which they part, and each value's answer there. Empty where nothing parts them.
std::string values_in(const compare::DecidingTrace& trace, const spec::Behaviour& behaviour,
                      const ReleaseIdentity& like) {
  const auto sequence = spec::parse_trace(trace.text).trace.sequence;
  compare::ModelledKernel kernel{.profile = like.identity.profile, .setup = like.setup};
  static_cast<void>(spec::read_setup_text(trace.setup, kernel.setup));
  std::vector<compare::Recording> runs;
  for (std::size_t value = 0; value < behaviour.count; ++value) {
    runs.push_back(compare::modelled(
        {.profile = behaviour.changed(kernel.profile, value), .setup = kernel.setup}, sequence));
  }
  const auto& seen = spec::kFromOutside;
  std::optional<std::size_t> step;
  for (const auto& run : runs) {
    if (const auto at = compare::first_difference(runs.front(), run, seen))
      step = std::min(step.value_or(*at), *at);
  }
  if (!step) return {};
  std::string out;
  for (std::size_t value = 0; value < behaviour.count; ++value) {
    const auto& run = runs[value];
    out += fmt::format("- `{}`: call {} gives `{}` and leaves\n\n", behaviour.value_name(value),
                       *step + 1, spec::text(run.outcomes[*step]));
    auto lines = compare::layout_lines(run.snapshots[*step], seen, false);
    if (lines.empty()) lines.emplace_back("nothing mapped");
    constexpr std::size_t kLinesMax = 8;
    if (lines.size() > kLinesMax) {
      const auto count = lines.size();
      lines.resize(kLinesMax);
      lines.push_back(fmt::format("… {} VMAs", count));
    }
    for (const auto& line : lines) out += fmt::format("      {}\n", line);
    const auto& counters = run.snapshots[*step].counters;
    out += fmt::format("      (VmLck {} pages, VmSize {} pages)\n\n", counters.locked_vm,
                       counters.total_vm);
  }
  return out;
}

/// The calls of a trace; what its head says stands on the page already.
std::string calls_of(std::string_view text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (const auto line = rest.substr(0, end); !line.empty() && !line.starts_with('#'))
      out += fmt::format("    {}\n", line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string behaviour_section(std::span<const ReleaseIdentity> releases, std::size_t index) {
  const spec::Behaviour& behaviour = spec::behaviours()[index];
  std::string out = fmt::format("## {}\n\n{}\n\n| value | kernels | known from |\n|---|---|---|\n",
                                behaviour.name, behaviour.what);
  for (const ValueSpan& span : spans_of(releases, index)) {
    auto origin = span.number ? origin_text(behaviour, *span.number) : std::string{};
    out += fmt::format("| {} | {} | {} |\n", span.value, kernels_text(span),
                       origin.empty() ? origin : origin.substr(2));
  }
  out += '\n';
  for (const compare::DecidingTrace& trace : compare::deciding_traces()) {
    if (trace.behaviour != behaviour.name) continue;
    if (!trace.setup.empty()) out += fmt::format("On a machine with `{}`:\n\n", trace.setup);
    out += calls_of(trace.text) + '\n';
    std::string values;
    // On the newest kernel that parts them; an older one may lack what the newer has.
    for (std::size_t i = releases.size(); i-- > 0 && values.empty();)
      values = values_in(trace, behaviour, releases[i]);
    out += values;
  }
  return out;
}

}  // namespace

std::string origin_text(const spec::Behaviour& behaviour, std::size_t value) {
  std::string out;
  for (const spec::ProfileChange* change : spec::origins_of(behaviour, value)) {
    out += fmt::format("{} {}: {}", out.empty() ? "," : ";", change->since, change->source);
  }
  return out;
}

std::string releases_text(std::span<const ReleaseIdentity> releases) {
  std::string out;
  for (const ReleaseIdentity& release : releases) {
    out += fmt::format("{:<28}{}\n", release.name, profile_line(release));
    for (const compare::Unknown& unknown : release.identity.unknown)
      out += fmt::format("    as no profile: {}: {}\n", unknown.about, unknown.seen);
  }
  for (std::size_t i = 0; i < spec::behaviours().size(); ++i) {
    const auto& behaviour = spec::behaviours()[i];
    out += fmt::format("\n{} ({})\n", behaviour.what, behaviour.name);
    for (const ValueSpan& span : spans_of(releases, i)) {
      out += fmt::format("  {:<32}{}{}\n", span.value, kernels_text(span),
                         span.number ? origin_text(behaviour, *span.number) : "");
    }
  }
  return out;
}

std::string releases_page(std::span<const ReleaseIdentity> releases, std::string_view today) {
  std::string out = fmt::format(
      "# Releases\n\nWhat each kernel was found to do, asked on {} by `vmadiff history -o "
      "docs/releases.md`: the page is made by that command, and not to be changed by hand.\n"
      "`vmadiff history FILE` says the same of any trace, `vmadiff bisect FILE` finds the first "
      "kernel that does otherwise ([profiles.md](profiles.md)).\n\n"
      "| kernel | is as the profile |\n|---|---|\n",
      today);
  for (const ReleaseIdentity& release : releases)
    out += fmt::format("| {} | {} |\n", release.name, profile_line(release));
  out +=
      "\nFrom release to release (–: nothing shows it there).\n\n| behaviour | values "
      "|\n|---|---|\n";
  for (std::size_t i = 0; i < spec::behaviours().size(); ++i) {
    std::vector<std::string> parts;
    for (const ValueSpan& span : spans_of(releases, i)) {
      // "debian-6.12 (6.12.118)" is said above.
      const auto name = span.kernels.front().substr(0, span.kernels.front().find(' '));
      const std::string_view value = span.is_invisible ? "–" : std::string_view{span.value};
      parts.push_back(parts.empty() ? std::string{value} : fmt::format("**{}** {}", name, value));
    }
    out += fmt::format("| [{0}](#{0}): {1} | {2} |\n", spec::behaviours()[i].name,
                       spec::behaviours()[i].what, fmt::join(parts, "; "));
  }
  std::string unknown;
  for (const ReleaseIdentity& release : releases) {
    for (const compare::Unknown& one : release.identity.unknown)
      unknown += fmt::format("- {}: {}: {}\n", release.name, one.about, one.seen);
  }
  if (!unknown.empty()) out += fmt::format("\nAs no profile:\n\n{}", unknown);
  for (std::size_t i = 0; i < spec::behaviours().size(); ++i)
    out += '\n' + behaviour_section(releases, i);
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace vmadiff::cli
