// properties: what a run leaves in the machine's pool of huge pages, and how much kernels are known
// to leave.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "properties/claims/exemptions.h"
#include "spec/outcome.h"
#include "spec/sequence.h"
#include "spec/snapshot.h"

namespace vmadiff::properties {

/// Huge pages that are not free any more, or are promised to nobody, unless that is excused: 0.
/// `left` is the pool less what it was (spec::System::left_in_pool); outcomes[i] belongs to
/// calls[i], and there may be fewer.
[[nodiscard]] std::int64_t lost_huge_pages(const spec::HugePages& left,
                                           std::span<const spec::Step> calls,
                                           std::span<const spec::Outcome> outcomes,
                                           ExemptionCounts& exemptions);

/// "2 huge pages fewer can be had …", for a finding.
[[nodiscard]] std::string explain_lost(std::int64_t lost);

}  // namespace vmadiff::properties
