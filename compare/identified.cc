// compare: asking a kernel once.
#include "compare/identified.h"

#include <array>
#include <map>
#include <utility>

#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

std::expected<Identity, spec::ToolFault> ask(const std::string& system) {
  const std::array only{system};
  const auto setup = systems::setup_for(only);
  if (!setup) return std::unexpected(setup.error());
  auto kernel = systems::make_system(system, *spec::profile_named(spec::kDefaultProfileName));
  if (!kernel) return std::unexpected(kernel.error());
  auto identity = identify(**kernel, *setup);
  // A machine takes seconds to boot.
  systems::keep_for_later(system, *std::move(kernel));
  return identity;
}

}  // namespace

std::expected<const Identity*, spec::ToolFault> identity_of(const std::string& system) {
  static std::map<std::string, std::expected<Identity, spec::ToolFault>> known;
  auto at = known.find(system);
  if (at == known.end()) at = known.emplace(system, ask(system)).first;
  if (!at->second) return std::unexpected(at->second.error());
  return &*at->second;
}

}  // namespace vmadiff::compare
