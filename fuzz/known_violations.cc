// fuzz: the claims that a profile is known to violate. A new one is a row here, with its reason.
#include "fuzz/known_violations.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace vmadiff::fuzz {
namespace {

constexpr std::array kKnownViolations{
    KnownViolation{"linux-6.12", "NoCompatibleNeighboursLeftUnmerged",
                   "VM_MERGEABLE is set after the merge attempt: what the patch repairs"},
    KnownViolation{"linux-6.12.118", "NoCompatibleNeighboursLeftUnmerged",
                   "VM_MERGEABLE is set after the merge attempt: what the patch repairs"},
    KnownViolation{"linux-6.16", "NoCompatibleNeighboursLeftUnmerged",
                   "VM_MERGEABLE is set after the merge attempt: what the patch repairs"},
    KnownViolation{"patch-v2", "OnlyEligibleVmasAreMergeable",
                   "the late flag is computed before the .mmap hook makes the VMA ineligible"},
    KnownViolation{"patch-v2-review", "OnlyEligibleVmasAreMergeable",
                   "the late flag is computed before the .mmap hook makes the VMA ineligible"},
};

}  // namespace

std::span<const KnownViolation> known_violations() { return kKnownViolations; }

properties::PropertySet properties_for(const spec::KernelProfile& profile) {
  std::string names;
  for (const properties::Property& property : properties::all_properties()) {
    if (properties::has_runs_of_its_own(property.kind)) continue;
    const bool known = std::ranges::any_of(kKnownViolations, [&](const KnownViolation& row) {
      return row.profile == profile.name && row.claim == property.name;
    });
    if (known) continue;
    if (!names.empty()) names += ',';
    names += property.name;
  }
  auto set = properties::PropertySet::parse(names);
  if (!set) std::abort();  // names taken from the table itself
  return *set;
}

}  // namespace vmadiff::fuzz
