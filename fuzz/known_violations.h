// fuzz: can bytes find a counterexample? This file: the claims that a profile is known to violate.
//
// A profile describes a kernel as it was, bugs included. A fuzzer that stopped at each of these
// would never get to anything new, so under that profile the claim is not checked; `check` does,
// and finds each in seconds. Data, not slack: a test demands a sequence that violates each row.
#pragma once

#include <span>
#include <string_view>

#include "properties/claims/property.h"
#include "spec/kernel_profile.h"

namespace vmadiff::fuzz {

struct KnownViolation {
  std::string_view profile;
  std::string_view claim;
  std::string_view reason;
};

[[nodiscard]] std::span<const KnownViolation> known_violations();

/// Equivalence and every invariant, less the profile's known violations. Relations are not for a
/// fuzzer: each costs a run of its own, and `check` has them.
[[nodiscard]] properties::PropertySet properties_for(const spec::KernelProfile& profile);

}  // namespace vmadiff::fuzz
