// cli: asking a kernel once.
#include "cli/identified.h"

#include <array>
#include <map>
#include <utility>

#include "cli/systems.h"

namespace vmadiff::cli {
namespace {

std::expected<Identity, spec::ToolFault> ask(const std::string& system) {
  const std::array only{system};
  const auto setup = setup_for(only);
  if (!setup) return std::unexpected(setup.error());
  auto kernel = make_system(system, *spec::profile_named(spec::kDefaultProfileName));
  if (!kernel) return std::unexpected(kernel.error());
  auto identity = identify(**kernel, *setup);
  // A machine takes seconds to boot.
  keep_for_later(system, *std::move(kernel));
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

}  // namespace vmadiff::cli
