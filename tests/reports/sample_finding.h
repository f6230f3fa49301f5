// tests of reports: findings made by hand, no system behind them.
#pragma once

#include "properties/claims/finding.h"

namespace vmadiff::tests {

/// Two adjacent mappings under KSM: the model has them merged, the host apart.
[[nodiscard]] properties::Finding left_unmerged();
/// A claim about one state: one view.
[[nodiscard]] properties::Finding ineligible_mergeable();

}  // namespace vmadiff::tests
