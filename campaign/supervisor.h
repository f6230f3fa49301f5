// campaign: a campaign in a process of its own, so that a system that crashes or hangs takes nobody
// with it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "campaign/in_flight.h"
#include "process/exit_status.h"

namespace vmadiff::campaign {

/// How a supervised run ended.
struct Supervised {
  std::optional<process::ExitStatus> status;  ///< its own word; nothing where it was cut short
  std::string death;                          ///< then: "SIGSEGV", "hang"
};

/// Runs `body` in a child of this process. `in_flight` is shared memory, made before. A sequence
/// on which its thread spends more than `patience`, as kernel::Patience counts, is one that hangs.
/// With `waits_for_others` (who have patience of their own) only its CPU time counts. An interrupt
/// is passed on.
[[nodiscard]] Supervised supervise(InFlight& in_flight, std::chrono::seconds patience,
                                   bool waits_for_others,
                                   const std::function<process::ExitStatus()>& body);

}  // namespace vmadiff::campaign
