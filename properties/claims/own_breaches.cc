// properties: breaches that belong to a profile. A new one is a row here, with its reason.
#include "properties/claims/own_breaches.h"

#include <array>

namespace vmadiff::properties {
namespace {

struct OwnBreach {
  std::string_view claim;
  std::string_view reason_of_finding;  ///< the end of its fingerprint; empty: any
  bool (*is_of)(const spec::KernelProfile&);
  std::string_view why;
};

bool merges_before_the_flag(const spec::KernelProfile& profile) {
  return profile.ksm_early == spec::KsmEarly::kNever &&
         profile.process_ksm != spec::ProcessKsm::kAbsent;
}

bool asks_before_the_hook(const spec::KernelProfile& profile) {
  return profile.ksm_late == spec::KsmLate::kBeforeHook;
}

constexpr std::string_view kLateFlag =
    "VM_MERGEABLE is set after the merge attempt, which is what the patch repairs";
constexpr std::string_view kEarlyQuestion =
    "the late flag is computed before the .mmap hook makes the VMA ineligible";

constexpr std::array kOwnBreaches{
    // Only of memory that has the flag: others have to merge on every kernel.
    OwnBreach{"NoCompatibleNeighboursLeftUnmerged", "/mg", merges_before_the_flag, kLateFlag},
    OwnBreach{"EnablingKsmChangesNoLayout", "", merges_before_the_flag, kLateFlag},
    OwnBreach{"OnlyEligibleVmasAreMergeable", "", asks_before_the_hook, kEarlyQuestion},
};

}  // namespace

std::string_view own_breach(const Finding& finding, const spec::KernelProfile& profile) {
  for (const auto& [claim, reason, is_of, why] : kOwnBreaches) {
    if (finding.claim == claim && finding.fingerprint.ends_with(reason) && is_of(profile)) {
      return why;
    }
  }
  return {};
}

}  // namespace vmadiff::properties
