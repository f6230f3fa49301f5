// reports: a finding as a test of vmadiff's own suite.
#pragma once

#include <optional>
#include <string>

#include "properties/claims/finding.h"

namespace vmadiff::reports {

/// A source with a GoogleTest that holds the trace as text and fails as long as the claim does not
/// hold. Nothing where a guest takes part: its kernel is no part of the tests, and its regression
/// is the trace.
[[nodiscard]] std::optional<std::string> draft_regression_test(const properties::Finding& finding);

}  // namespace vmadiff::reports
