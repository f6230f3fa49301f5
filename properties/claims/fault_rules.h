// properties: what a call may leave where one of its allocations fails: the rules, from the
// kernel's error paths. They know the state before the call and what the call would have done, not
// where any system allocates.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "properties/claims/exemptions.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// One call with a failure: of the process that made it, the state before and after.
struct FailedAllocation {
  const spec::Syscall& call;
  const spec::Snapshot& before;
  const spec::Outcome& outcome;
  const spec::Snapshot& after;
  const spec::Outcome& wanted_outcome;  ///< without the failure, on the system that says so
  const spec::Snapshot& wanted;         ///< the state after that
  const spec::KernelProfile& profile;
};

/// What came of it.
struct Survival {
  bool unchanged = false;  ///< the call failed, and all is as before
  /// The rule that allows it, where there is one.
  std::optional<Exemption> rule;
};

/// How the failure was survived, or what is wrong.
[[nodiscard]] std::expected<Survival, std::string> survival(const FailedAllocation& failed,
                                                            const spec::Observes& seen);

}  // namespace vmadiff::properties
