// cli: the supervisor: waits for the run, and watches that its threads move.
#include "cli/supervisor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "cli/child.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace vmadiff::cli {
namespace {

using std::chrono::steady_clock;
constexpr auto kLook = std::chrono::milliseconds{100};

/// Since when each thread has been at the same sequence.
class Watch {
 public:
  Watch(const InFlight& in_flight, std::chrono::seconds patience)
      : in_flight_(in_flight), patience_(patience) {}

  [[nodiscard]] bool sees_a_hang() {
    const auto now = steady_clock::now();
    bool hang = false;
    for (std::size_t i = 0; i < in_flight_.slots.size(); ++i) {
      const InFlightSlot& slot = in_flight_.slots[i];
      const auto seed = slot.seed.load(std::memory_order_acquire);
      const auto turns = slot.turns.load(std::memory_order_relaxed);
      Seen& seen = seen_[i];
      if (seed == 0 || seed != seen.seed || turns != seen.turns) seen = {seed, turns, now};
      hang = hang || now - seen.since > patience_;
    }
    return hang;
  }

 private:
  struct Seen {
    std::uint64_t seed = 0;
    std::uint64_t turns = 0;
    steady_clock::time_point since = steady_clock::now();
  };
  const InFlight& in_flight_;
  std::chrono::seconds patience_;
  std::array<Seen, 1 + kJobsMax> seen_;
};

}  // namespace

Supervised supervise(InFlight& in_flight, std::chrono::seconds patience,
                     const std::function<ExitStatus()>& body) {
  const pid_t child = start_child([&] {
    // Ctrl-C comes to the supervisor alone, which passes it on: once.
    ::setpgid(0, 0);
    const auto status = finish_output(body());
    in_flight.ended.store(true);
    return static_cast<int>(status);
  });
  // Without a child there is no supervision, but there is a run.
  if (child < 0) return {body(), {}};
  Watch watch{in_flight, patience};
  bool passed_on = false;
  while (true) {
    const auto wait_status = wait_for(child, kLook);
    if (wait_status) {
      if (in_flight.ended.load()) {
        return {static_cast<ExitStatus>(WEXITSTATUS(*wait_status)), {}};
      }
      return {std::nullopt, how_it_ended(*wait_status)};
    }
    if (is_interrupted() && !std::exchange(passed_on, true)) ::kill(child, SIGINT);
    if (watch.sees_a_hang()) {
      kill_child(child);
      return {std::nullopt, "hang"};
    }
  }
}

}  // namespace vmadiff::cli
