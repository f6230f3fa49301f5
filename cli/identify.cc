// cli: the identify command.
#include "cli/identify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/choices.h"
#include "compare/identified.h"
#include "spec/profile_text.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

void print(const std::string& system, const compare::Identity& identity, bool verbose) {
  fmt::print("{}\n", system);
  for (const compare::BehaviourFound& finding : identity.findings) {
    const auto& b = *finding.behaviour;
    fmt::print("  {:<40} {}\n", b.what, compare::values_text(finding));
    if (finding.not_asked.empty()) {
      const auto expected = b.get(*identity.nearest);
      if (std::ranges::find(finding.values, expected) == finding.values.end())
        fmt::print("      {} has {}\n", identity.nearest->name, b.value_name(expected));
    }
    if (!verbose) continue;
    for (const std::string_view trace : finding.traces) {
      for (std::string_view rest = trace.substr(1); !rest.empty();) {
        const auto newline = std::min(rest.find('\n'), rest.size());
        fmt::print("      {}\n", rest.substr(0, newline));
        rest.remove_prefix(std::min(newline + 1, rest.size()));
      }
    }
  }
  for (const compare::Unknown& unknown : identity.unknown) {
    fmt::print("  as no profile: {}: {}\n", unknown.about, unknown.seen);
    if (!verbose) continue;
    for (const spec::Step& step : unknown.sequence) fmt::print("      {}\n", spec::text(step));
  }
  fmt::print("  {} {}\n", identity.is_exact ? "it is as the profile" : "nearest is the profile",
             identity.nearest->name);
  if (identity.alike.size() > 1) {
    std::vector<std::string_view> others;
    for (const auto* profile : identity.alike) {
      if (profile != identity.nearest) others.push_back(profile->name);
    }
    fmt::print("  nothing that was asked tells it from {}\n", fmt::join(others, ", "));
  }
  const auto profile = spec::profile_text(identity.profile);
  if (profile != identity.nearest->name) fmt::print("  --profile '{}'\n", profile);
}

}  // namespace

process::ExitStatus identify(const IdentifyOptions& options) {
  const auto systems = choose_systems(options.systems, {});
  if (!systems) return process::refuse(systems.error());
  for (const std::string& name : systems->systems) {
    if (!systems::is_real(name)) {
      return process::refuse_input(
          fmt::format("{} is not a real kernel: expected host, guest or guest:KERNEL", name));
    }
  }
  for (const std::string& name : systems->systems) {
    const auto identity = compare::identity_of(name);
    if (!identity) return process::refuse({process::ExitStatus::kLacks, identity.error().message});
    print(name, **identity, options.verbose);
  }
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
