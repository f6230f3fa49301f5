// campaign: making systems and checkers.
#include "campaign/crew.h"

#include <algorithm>
#include <utility>

#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::campaign {

std::expected<Crew, spec::ToolFault> Crew::make(std::span<const std::string> names,
                                                const spec::KernelProfile& profile) {
  Crew crew;
  for (const std::string& name : names) {
    auto system = systems::make_system(name, profile);
    if (!system) return std::unexpected(system.error());
    crew.systems_.push_back(*std::move(system));
  }
  return crew;
}

std::vector<spec::System*> Crew::systems() const { return systems({}); }

std::vector<spec::System*> Crew::systems(std::span<const std::string> names) const {
  std::vector<spec::System*> some;
  std::vector<spec::System*> all;
  for (const auto& system : systems_) {
    all.push_back(system.get());
    if (std::ranges::find(names, system->name()) != names.end()) some.push_back(system.get());
  }
  return some.empty() ? all : some;
}

properties::Checker make_checker(const std::vector<spec::System*>& systems,
                                 const spec::KernelProfile& profile, const spec::Setup& setup,
                                 properties::PropertySet properties,
                                 properties::Coverage* coverage) {
  std::vector<spec::CallPart> withheld;
  for (const spec::System* system : systems) {
    const auto parts = systems::withheld_from(system->name());
    withheld.insert(withheld.end(), parts.begin(), parts.end());
  }
  return properties::Checker{systems,
                             {.profile = profile,
                              .setup = setup,
                              .properties = std::move(properties),
                              .relation_every = 1,
                              .make_like = systems::make_like,
                              .withheld = std::move(withheld),
                              .coverage = coverage}};
}

}  // namespace vmadiff::campaign
