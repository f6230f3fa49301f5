// properties: what a run leaves committed, and which kernels are known to leave how much; and what
// it leaves allocated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "properties/claims/exemptions.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/sequence.h"

namespace vmadiff::properties {

/// At most so many pages stay committed by the calls of a run that a kernel of the profile is known
/// to lose a charge in. Bounds, since what was charged before the call is not looked at.
struct KnownLeaks {
  std::uint64_t shrinking_moves = 0;
  std::uint64_t failed_hooks = 0;
  std::uint64_t emptied_sources = 0;
  std::uint64_t grown_stacks = 0;  ///< on every kernel
};
/// outcomes[i] belongs to sequence[i]; there may be fewer.
[[nodiscard]] KnownLeaks known_leaks(const spec::KernelProfile& profile,
                                     std::span<const spec::Step> sequence,
                                     std::span<const spec::Outcome> outcomes);

/// Whether the profile explains that so many pages, not 0, are left. What explains it is counted.
[[nodiscard]] bool is_excused(std::int64_t left, const KnownLeaks& known,
                              ExemptionCounts& exemptions);

/// "2 pages (8 kB) more are committed …", for a finding.
[[nodiscard]] std::string explain_left(std::int64_t left);
/// "2 allocations more are there …", for a finding.
[[nodiscard]] std::string explain_allocated(std::int64_t left);

}  // namespace vmadiff::properties
