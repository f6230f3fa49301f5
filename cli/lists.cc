// cli: the commands profiles and systems.
#include "cli/lists.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "spec/behaviours.h"
#include "spec/kernel_profile.h"
#include "systems/machine.h"
#include "systems/systems.h"

namespace vmadiff::cli {

process::ExitStatus list_profiles() {
  for (const spec::KernelProfile& p : spec::profiles()) {
    fmt::print("{}{}\n  {}\n", p.name, p.name == spec::kDefaultProfileName ? "  (default)" : "",
               p.summary);
    for (const spec::Behaviour& b : spec::behaviours())
      fmt::print("  {:<40}{}\n", b.what, b.value_name(b.get(p)));
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
