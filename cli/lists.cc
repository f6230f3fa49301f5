// cli: the commands profiles and systems.
#include "cli/lists.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "spec/behaviours.h"
#include "spec/kernel_profile.h"
#include "spec/profile_history.h"
#include "systems/machine.h"
#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::cli {

namespace {

void print_behaviours(const spec::KernelProfile& profile) {
  for (const spec::Behaviour& b : spec::behaviours())
    fmt::print("  {:<40}{}\n", b.what, b.value_name(b.get(profile)));
}

void print_change(const spec::KernelProfile& before, const spec::KernelProfile& after,
                  const spec::ProfileChange& change) {
  for (const spec::Behaviour& b : spec::behaviours()) {
    if (b.get(before) == b.get(after)) continue;
    fmt::print("  {:<6}{:<40}{} (was {})\n        {}={}: {}\n", change.since, b.what,
               b.value_name(b.get(after)), b.value_name(b.get(before)), b.name,
               b.value_name(b.get(after)), change.source);
  }
}

process::ExitStatus list_history() {
  for (const spec::ProfileStep& step : spec::profile_history()) {
    fmt::print("{}{}{}\n  {}\n", step.name,
               step.base.empty() ? "" : fmt::format(" = {}, and", step.base),
               step.is_profile ? "" : "  (cannot be chosen)", step.summary);
    auto profile = spec::profile_of_step(step.base.empty() ? step.name : step.base);
    if (step.base.empty()) print_behaviours(profile);
    for (const spec::ProfileChange& change : step.changes) {
      const auto before = profile;
      change.apply(profile);
      print_change(before, profile, change);
    }
  }
  return process::ExitStatus::kHeld;
}

}  // namespace

process::ExitStatus list_profiles(bool history) {
  if (history) return list_history();
  for (const spec::KernelProfile& p : spec::profiles()) {
    fmt::print("{}{}\n  {}\n", p.name, p.name == spec::kDefaultProfileName ? "  (default)" : "",
               p.summary);
    print_behaviours(p);
  }
  return process::ExitStatus::kHeld;
}

process::ExitStatus list_systems() {
  for (const systems::SystemKind& kind : systems::system_kinds()) {
    const auto reason = systems::why_not(kind.name);
    fmt::print("{:<6}{}\n      {}\n", kind.name, kind.summary,
               reason ? fmt::format("cannot run here: {}", *reason) : "runs here");
    if (reason || !systems::is_real(kind.name)) continue;
    const std::array<std::string, 1> system{std::string{kind.name}};
    if (const auto unmodelled = systems::why_unmodelled(kind.name))
      fmt::print("      not comparable with the models: {}\n", *unmodelled);
    const auto note = systems::offer_of(system).note;
    if (!note.empty()) fmt::print("      {}\n", note);
    const auto setup = systems::setup_for(system);
    if (!setup) continue;
    const auto read_faults = systems::traits_of(*setup).front();
    fmt::print("      {} {} (vmadiff doctor says more)\n", read_faults.first, read_faults.second);
  }
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
