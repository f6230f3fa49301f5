// compare: where in a row of kernels does one thing become another? Each look is dear (a build, a
// boot), so as few as can be.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>

#include "compare/recording.h"
#include "process/exit_status.h"
#include "spec/snapshot.h"

namespace vmadiff::compare {

enum class Likeness {
  kGood,
  kBad,
  kNeither  ///< it does not build or boot, or does a third thing
};

/// What is left between the last that is known to be good and the first that is known to be bad.
struct Bisection {
  std::size_t good = 0;
  std::size_t bad = 0;  ///< good + 1, unless those between are neither
};

/// Of `count` in a row, two at least, the first is good and the last bad; `look` is asked about
/// others, each once at most. Its refusal ends the search.
[[nodiscard]] std::expected<Bisection, process::Refusal> bisect(
    std::size_t count,
    const std::function<std::expected<Likeness, process::Refusal>(std::size_t)>& look);

/// Whom one more run of the same sequence takes after, where two differ: in all, or at the first
/// step at which these two differ.
[[nodiscard]] Likeness likeness_of(const Recording& run, const Recording& good,
                                   const Recording& bad);

}  // namespace vmadiff::compare
