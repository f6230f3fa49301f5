// cli: choosing who runs a trace.
#include "cli/cast.h"

#include <fmt/format.h>

#include <algorithm>

#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// A trace that one guest showed is for every guest, and what a tree's code showed is to be
/// confirmed on a kernel that was booted.
bool is_for(const std::vector<std::string>& allowed, const std::string& system) {
  return allowed.empty() || std::ranges::any_of(allowed, [&system](const std::string& name) {
           return name == system || (systems::is_guest(name) && systems::is_guest(system)) ||
                  (systems::is_tree(name) && systems::is_real(system));
         });
}

}  // namespace

std::optional<std::string> why_not_run(const std::string& system, const TraceFile& file) {
  if (auto reason = systems::why_no_setup(system, file.directives.setup)) return reason;
  return systems::why_not_on(system, setup_of(file, spec::Setup::standard()), file.trace.sequence);
}

Cast cast_of(const TraceFile& file, std::span<const std::string> systems) {
  Cast cast;
  for (const std::string& system : systems) {
    const auto reason = is_for(file.directives.systems, system)
                            ? why_not_run(system, file)
                            : std::optional<std::string>{"the trace is not for it"};
    if (reason) {
      cast.left_out += fmt::format("{}{}: {}", cast.left_out.empty() ? "" : "; ", system, *reason);
    } else {
      cast.systems.push_back(system);
    }
  }
  return cast;
}

process::Refusal nobody_runs(const TraceFile& file, const std::string& left_out) {
  return {process::ExitStatus::kLacks,
          fmt::format("{} cannot run on {}: name a system that can, model or impl", file.path,
                      left_out)};
}

}  // namespace vmadiff::cli
