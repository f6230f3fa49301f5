// cli: the doctor command.
#include "cli/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "compare/identified.h"
#include "kernel/host/host.h"
#include "spec/profile_text.h"
#include "systems/machine.h"

namespace vmadiff::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

void print(std::string_view title, const Rows& rows) {
  if (rows.empty()) return;
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  fmt::print("  {}\n", title);
  for (const auto& [what, text] : rows) fmt::print("    {:<{}}  {}\n", what, width, text);
}

/// The profile that its answers make, and what they do not fit.
Rows behaviours_of(const std::string& system) {
  const auto identity = compare::identity_of(system);
  if (!identity) return {{"not known", identity.error().message}};
  Rows rows{{spec::profile_text((*identity)->profile),
             (*identity)->is_exact ? "in all that was asked" : "nearest, with its differences"}};
  for (const compare::Unknown& unknown : (*identity)->unknown)
    rows.emplace_back("fits no profile", fmt::format("{}: {}", unknown.about, unknown.seen));
  return rows;
}

/// Whether it can be compared with the models.
bool examine(const std::string& system) {
  if (const auto reason = systems::why_not(system)) {
    fmt::print("{}: cannot run here\n", system);
    print("to change", {{"now", *reason}});
    return false;
  }
  const auto& has = systems::capabilities_of(system);
  const auto unmodelled = systems::why_unmodelled(system);
  fmt::print("{}: Linux {}, {}\n", system, has.release,
             unmodelled ? "runs, but cannot be compared with the models"
                        : "can be compared with the models");
  print("behaves as", behaviours_of(system));
  const std::array<std::string, 1> names{system};
  if (const auto setup = systems::setup_for(names)) print("measured", systems::traits_of(*setup));
  if (systems::is_tree(system)) {
    const auto own = systems::own_tests_of(system);
    print("its own unit tests", {{own ? *own : own.error().message, "tools/testing/vma"}});
  }
  print("left out of sequences, and of traces that are run there", systems::left_out_on(system));
  if (unmodelled) print("to change", {{"now", *unmodelled}});
  return !unmodelled;
}

}  // namespace

process::ExitStatus doctor(const DoctorOptions& options) {
  std::vector<std::string> systems{std::string{systems::kHost}};
  if (!options.chosen.kernel.empty()) {
    const auto guest = systems::parse_systems(systems::kGuest);
    if (!guest) return process::refuse_input(guest.error());
    systems.push_back(guest->front());
  }
  if (!options.chosen.tree.empty()) {
    const auto tree = systems::parse_systems(systems::kTree);
    if (!tree) return process::refuse_input(tree.error());
    systems.push_back(tree->front());
  }
  bool all = true;
  for (const std::string& system : systems) all = examine(system) && all;
  fmt::print("model, impl: run everywhere\n");
  return all ? process::ExitStatus::kHeld : process::ExitStatus::kLacks;
}

}  // namespace vmadiff::cli
