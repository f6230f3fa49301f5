// nightly: one night, from its first stage to its report. A night that was killed or interrupted
// goes on where it was. It prints nothing.
#pragma once

#include <expected>

#include "nightly/context.h"
#include "nightly/report.h"
#include "process/exit_status.h"

namespace vmadiff::nightly {

struct NightResult {
  Report report;
  Places places;
};

/// Refused where somebody else is at work on the same state, and where it cannot be read or
/// written.
[[nodiscard]] std::expected<NightResult, process::Refusal> run_night(const Options& options,
                                                                     const Listener& listener);

}  // namespace vmadiff::nightly
