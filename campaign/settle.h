// campaign: from the first sight of a finding to what is reported: confirm it, make it small, and
// write down what each call was expected to give.
#pragma once

#include <expected>
#include <functional>

#include "campaign/crew.h"
#include "properties/claims/finding.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::campaign {

/// Runs the finding again, in its set-up, on systems started afresh and looked at after every call.
/// One that does not show again is returned as it is, marked as not reproducible. `interrupted`
/// ends the search for a smaller sequence with what it has.
[[nodiscard]] std::expected<properties::Finding, spec::ToolFault> settle(
    const Crew& crew, const spec::KernelProfile& profile, properties::Finding finding,
    const std::function<bool()>& interrupted);

}  // namespace vmadiff::campaign
