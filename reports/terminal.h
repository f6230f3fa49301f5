// reports: a finding as text for a terminal, in a fixed order: the claim; the seeds; the sequence
// with the first differing call marked `>>>`; the layouts side by side; a picture; the replay
// command; the files; a draft regression test.
#pragma once

#include <string>

#include "properties/claims/finding.h"
#include "reports/store.h"

namespace vmadiff::reports {

/// `files` says where the finding was written; without a trace file the trace itself is printed.
[[nodiscard]] std::string terminal_text(const properties::Finding& finding,
                                        const FindingFiles& files);

/// A GoogleTest that holds the trace as text and fails as long as the claim does not hold.
[[nodiscard]] std::string draft_regression_test(const properties::Finding& finding);

}  // namespace vmadiff::reports
