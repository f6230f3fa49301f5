// campaign: naming the causes of findings.
#include "campaign/attribution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "compare/difference_cause.h"
#include "compare/identity.h"
#include "properties/claims/property.h"
#include "reports/trace.h"
#include "spec/behaviours.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using properties::Finding;

/// One behaviour with another value than the profile's.
struct Change {
  const spec::Behaviour* behaviour;
  std::size_t value;
};

std::vector<Change> changes_of(const spec::KernelProfile& profile) {
  std::vector<Change> changes;
  for (const spec::Behaviour& behaviour : spec::behaviours()) {
    for (std::size_t value = 0; value < behaviour.count; ++value) {
      if (value != behaviour.get(profile)) changes.push_back({&behaviour, value});
    }
  }
  return changes;
}

std::string name_of(const std::vector<Change>& changes) {
  std::vector<std::string> names;
  for (const auto& [behaviour, value] : changes)
    names.push_back(fmt::format("{}={}", behaviour->name, behaviour->value_name(value)));
  return fmt::format("{}", fmt::join(names, " "));
}

std::string profiles_with(const Change& change) {
  std::vector<std::string_view> names;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    if (change.behaviour->get(profile) == change.value) names.push_back(profile.name);
  }
  return names.empty() ? "no profile" : fmt::format("{}", fmt::join(names, ", "));
}

KnownCause described(const spec::KernelProfile& profile, const std::vector<Change>& changes) {
  std::string text = "A known behaviour: the kernel does as with";
  for (const Change& change : changes) {
    const auto& b = *change.behaviour;
    text += fmt::format(
        "{} {}={} (so do {}; the profile has {})", &change == &changes.front() ? "" : " and",
        b.name, b.value_name(change.value), profiles_with(change), b.value_name(b.get(profile)));
  }
  return {.name = name_of(changes), .text = text + "."};
}

spec::System* find_real(const Crew& crew, const Finding& finding) {
  for (const std::string& name : reports::systems_of(finding)) {
    if (systems::is_real(name)) return crew.systems(std::span{&name, 1}).front();
  }
  return nullptr;
}

}  // namespace

bool is_of_a_real_kernel(const Finding& finding) {
  const auto known = properties::all_properties();
  const auto property = std::ranges::find(known, finding.claim, &properties::Property::name);
  if (property == known.end() || property->kind != properties::Kind::kEquivalence) return false;
  return std::ranges::any_of(reports::systems_of(finding),
                             [](const std::string& name) { return systems::is_real(name); });
}

std::optional<KnownCause> known_cause(const spec::KernelProfile& profile, const spec::Setup& setup,
                                      const spec::Sequence& sequence,
                                      const compare::Recording& kernel,
                                      const spec::Observes& seen) {
  const auto fits = [&](const std::vector<Change>& changes) {
    auto changed = profile;
    for (const auto& [behaviour, value] : changes) behaviour->set(changed, value);
    return compare::is_alike(compare::modelled({changed, setup}, sequence), kernel, seen);
  };
  const auto changes = changes_of(profile);
  for (const Change& one : changes) {
    if (fits({one})) return described(profile, {one});
  }
  for (const Change& one : changes) {
    for (const Change& other : changes) {
      if (one.behaviour < other.behaviour && fits({one, other}))
        return described(profile, {one, other});
    }
  }
  return std::nullopt;
}

std::expected<std::optional<Finding>, spec::ToolFault> Attribution::without_known(const Crew& crew,
                                                                                  Finding finding) {
  if (!by_pattern_ || !is_of_a_real_kernel(finding)) return finding;
  for (const compare::CallPattern& pattern : patterns_) {
    if (!compare::is_in(pattern, finding.sequence)) continue;
    auto rest = finding.sequence;
    compare::leave_out(pattern, rest);
    if (rest.size() == finding.sequence.size()) continue;
    std::optional<Finding> left;
    if (!rest.empty()) {
      auto set = properties::PropertySet::parse(finding.claim);
      auto checker = make_checker(crew.systems(reports::systems_of(finding)), profile_,
                                  finding.setup, *std::move(set));
      auto checked = checker.check(rest, properties::Observation::kEveryStep);
      if (!checked) return std::unexpected(checked.error());
      left = *std::move(checked);
    }
    if (!left) {
      ++more_[compare::left_out_text(pattern)];
      return std::nullopt;
    }
    left->run_seed = finding.run_seed;
    left->sequence_seed = finding.sequence_seed;
    finding = *std::move(left);
  }
  return finding;
}

std::expected<bool, spec::ToolFault> Attribution::is_new(const Crew& crew, Finding& finding) {
  if (!finding.reproducible || !is_of_a_real_kernel(finding)) return true;
  spec::System* const real = find_real(crew, finding);
  auto kernel =
      compare::record(*real, finding.setup, finding.sequence, compare::Snapshots::kEveryStep);
  if (!kernel) return std::unexpected(kernel.error());
  if (const auto cause =
          known_cause(profile_, finding.setup, finding.sequence, *kernel, real->observes())) {
    if (!causes_.insert(cause->name).second) {
      ++more_[cause->name];
      return false;
    }
    finding.explanation +=
        fmt::format("{} {}", finding.explanation.ends_with('.') ? "" : ".", cause->text);
    return true;
  }
  if (!by_pattern_) return true;
  for (const compare::CallPattern& pattern : patterns_) {
    if (compare::left_out_text(pattern).empty() || !compare::is_in(pattern, finding.sequence))
      continue;
    ++more_[compare::left_out_text(pattern)];
    return false;
  }
  add(finding.sequence);
  return true;
}

}  // namespace vmadiff::campaign
