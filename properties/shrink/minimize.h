// properties: makes a finding's sequence smaller: operations are dropped first, then arguments are
// simplified, then addresses; candidates that were seen are skipped. The steps are RapidCheck
// shrinks, the same that the RapidCheck suites use (shrink.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "properties/checker.h"
#include "properties/claims/finding.h"

namespace vmadiff::properties {

struct MinimizeBudget {
  std::uint64_t runs_max = 20000;  ///< candidates tried
  /// Calls in all of them together: a sequence of very many is made smaller as far as that goes.
  std::uint64_t calls_max = 5'000'000;
  /// Asked between candidates; true ends the search with what was reached.
  std::function<bool()> interrupted;
  /// Where a real kernel takes part, which begins in few: the set-up of its machine as it is.
  std::optional<spec::Setup> plainest{};
};

/// The smallest sequence found that `shows` still holds of, beginning with one that it holds of.
/// Each candidate is asked about once.
[[nodiscard]] spec::Sequence smallest(spec::Sequence sequence, const spec::Setup& setup,
                                      const std::function<bool(const spec::Sequence&)>& shows,
                                      const MinimizeBudget& budget);

/// The smallest sequence found on which `checker` reports a finding of the same claim, in the
/// plainest set-up: a value that is not needed is set back to the canonical one, so that what is
/// left is what matters. Returns the finding of that sequence, with its set-up, in which `checker`
/// begins from then on. Every candidate is observed at every step.
[[nodiscard]] Finding minimize(Checker& checker, Finding finding, const MinimizeBudget& budget);

}  // namespace vmadiff::properties
