// reports: a finding as text for a terminal, in a fixed order: the claim; the seeds; the sequence
// with the first differing call marked `>>>`; the layouts side by side; a picture; the replay
// command; the files. It fits on one screen where the layouts do.
#pragma once

#include <string>

#include "properties/claims/finding.h"
#include "reports/store.h"

namespace vmadiff::reports {

/// `files` says where the finding was written; without a trace file the trace itself is printed.
[[nodiscard]] std::string terminal_text(const properties::Finding& finding,
                                        const FindingFiles& files);

}  // namespace vmadiff::reports
