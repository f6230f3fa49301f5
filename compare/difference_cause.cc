// compare: finding the behaviours behind a difference.
#include "compare/difference_cause.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compare/identity.h"
#include "spec/behaviours.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

using Behaviours = std::vector<const spec::Behaviour*>;

/// `kernel` with these behaviours of the other.
ModelledKernel with(ModelledKernel kernel, const ModelledKernel& other,
                    const Behaviours& behaviours) {
  for (const spec::Behaviour* b : behaviours) b->set(kernel.profile, b->get(other.profile));
  return kernel;
}

/// The fewest behaviours of `b` that make `a` do as `b` does. One is mostly enough; with all it is
/// b itself, but for the machine.
std::optional<Behaviours> fewest(const ModelledKernel& a, const ModelledKernel& b,
                                 const spec::Sequence& sequence, const spec::Observes& seen) {
  const auto wanted = modelled(b, sequence);
  const auto suffices = [&](const Behaviours& some) {
    return is_alike(modelled(with(a, b, some), sequence), wanted, seen);
  };
  Behaviours differing;
  for (const spec::Behaviour& behaviour : spec::behaviours()) {
    if (behaviour.get(a.profile) != behaviour.get(b.profile)) differing.push_back(&behaviour);
  }
  for (const spec::Behaviour* one : differing) {
    if (suffices({one})) return Behaviours{one};
  }
  if (!suffices(differing)) return std::nullopt;
  // Several: those go that are not needed.
  for (std::size_t i = differing.size(); i-- > 0;) {
    auto fewer = differing;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (suffices(fewer)) differing = std::move(fewer);
  }
  return differing;
}

}  // namespace

std::string Cause::name() const {
  return behaviours.empty() ? std::string{kMachineCause}
                            : fmt::format("{}", fmt::join(behaviours, "+"));
}

Recording modelled(const ModelledKernel& kernel, const spec::Sequence& sequence) {
  const auto model = systems::make_like(systems::kModel, kernel.profile);
  // A model runs in this process and has no faults.
  return record(*model, kernel.setup, sequence, Snapshots::kEveryStep).value();
}

std::optional<Cause> cause_of(const ModelledKernel& a, const ModelledKernel& b,
                              const spec::Sequence& sequence, const spec::Observes& seen) {
  const auto step = first_difference(modelled(a, sequence), modelled(b, sequence), seen);
  if (!step) return std::nullopt;
  const spec::Sequence cut{sequence.begin(),
                           sequence.begin() + static_cast<std::ptrdiff_t>(*step) + 1};
  return Cause{
      .step = *step,
      .behaviours = behaviours_between(a, b, cut, seen).value_or(std::vector<std::string>{})};
}

std::optional<std::vector<std::string>> behaviours_between(const ModelledKernel& a,
                                                           const ModelledKernel& b,
                                                           const spec::Sequence& sequence,
                                                           const spec::Observes& seen) {
  const auto behaviours = fewest(a, b, sequence, seen);
  if (!behaviours) return std::nullopt;
  std::vector<std::string> names;
  for (const spec::Behaviour* behaviour : *behaviours) names.emplace_back(behaviour->name);
  return names;
}

}  // namespace vmadiff::compare
