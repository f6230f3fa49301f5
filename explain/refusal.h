// explain: why did a call fail? The kernel's checks as far as they can be seen from the arguments
// and the state before the call. What none of them says is told as not explained, never guessed.
#pragma once

#include <span>
#include <string>

#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::explain {

/// A call that failed.
struct Refused {
  const spec::Step& step;
  const spec::Outcome& outcome;
  const spec::Snapshot& before;  ///< of its process
  bool is_there = true;          ///< the process is
  /// The calls before it, of all processes: what they left that no VMA shows (guards).
  std::span<const spec::Step> earlier{};
  const spec::Setup& setup;
  const spec::KernelProfile& profile;
};

/// A sentence without its first words, which say that it failed: "at 0x… nothing is mapped
/// (mprotect_fixup …)". Empty where no rule that is known here says it.
[[nodiscard]] std::string why_refused(const Refused& refused);

}  // namespace vmadiff::explain
