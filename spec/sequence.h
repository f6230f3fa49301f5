// spec: an ordered list of calls, with the results that were asserted for them, if any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::spec {

/// The process that makes a call: 0 is the first; others come from fork, numbered in order.
using ProcessId = std::uint16_t;

/// Processes that one sequence can have. Ours: a fork beyond gives EAGAIN.
inline constexpr std::size_t kProcessCountMax = 64;

struct Step {
  ProcessId process = 0;
  Syscall call;
  std::optional<Outcome> expected;  ///< asserted by `replay`
  friend bool operator==(const Step&, const Step&) = default;
};

using Sequence = std::vector<Step>;

}  // namespace vmadiff::spec
