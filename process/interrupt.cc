// process: signal handlers that only set a flag, and take themselves away.
#include "process/interrupt.h"

#include <atomic>
#include <csignal>

#include "process/output.h"

namespace vmadiff::process {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "it is set in a signal handler");

void on_signal(int /*number*/) { interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

void watch_for_interrupts() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  // After the first signal the default stands again: the second one ends the process.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() { return interrupted.load(std::memory_order_relaxed) || is_output_gone(); }

}  // namespace vmadiff::process
