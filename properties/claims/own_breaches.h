// properties: which claims a profile breaks by its own nature. A profile describes a kernel as it
// was, bugs included: such a finding is one on every machine, is reported as what it is, and does
// not end a hunt for others. It follows from behaviours, never from a version.
#pragma once

#include <string_view>

#include "properties/claims/finding.h"
#include "spec/kernel_profile.h"

namespace vmadiff::properties {

/// Why a kernel of this profile breaks the claim in just this way; empty where it does not.
[[nodiscard]] std::string_view own_breach(const Finding& finding,
                                          const spec::KernelProfile& profile);

}  // namespace vmadiff::properties
