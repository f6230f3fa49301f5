// campaign: after a death of the process that ran a campaign: which sequence killed it, and a small
// one that does.
#pragma once

#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/in_flight.h"
#include "properties/claims/finding.h"

namespace vmadiff::campaign {

/// Runs each sequence that was in flight again, in a process of its own. The findings: that a
/// system does not survive it, and what was about to be made smaller. Where no sequence shows
/// anything by itself: what suspects() gives. Sequences that corrupt memory can end this process.
[[nodiscard]] std::vector<properties::Finding> post_mortem(const CampaignOptions& options,
                                                           const InFlight& in_flight,
                                                           const std::string& death);

/// The last sequence in flight, as a finding that is not reproducible. Runs nothing.
[[nodiscard]] std::vector<properties::Finding> suspects(const CampaignOptions& options,
                                                        const InFlight& in_flight,
                                                        const std::string& death);

}  // namespace vmadiff::campaign
