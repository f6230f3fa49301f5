// campaign: the supervisor: waits for the run, and watches that its threads move.
#include "campaign/supervisor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "kernel/patience.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "process/output.h"

namespace vmadiff::campaign {
namespace {

constexpr auto kLook = std::chrono::milliseconds{100};

/// How long each thread has been at the same sequence.
class Watch {
 public:
  Watch(const InFlight& in_flight, pid_t child, std::chrono::seconds patience,
        bool waits_for_others)
      : in_flight_(in_flight),
        child_(child),
        patience_(patience),
        waits_for_others_(waits_for_others) {}

  /// To be called every kLook.
  [[nodiscard]] bool sees_a_hang() {
    bool hang = false;
    for (std::size_t i = 0; i < in_flight_.slots.size(); ++i) {
      const InFlightSlot& slot = in_flight_.slots[i];
      const auto seed = slot.seed.load(std::memory_order_acquire);
      const auto turns = slot.turns.load(std::memory_order_relaxed);
      Seen& seen = seen_[i];
      if (seed == 0 || seed != seen.seed || turns != seen.turns) {
        seen = {seed, turns, std::nullopt};
        continue;
      }
      if (!seen.at_it) seen.at_it.emplace(child_, slot.thread.load());
      seen.at_it->look(kLook, !waits_for_others_);
      hang = hang || seen.at_it->spent() > patience_;
    }
    return hang;
  }

 private:
  struct Seen {
    std::uint64_t seed = 0;
    std::uint64_t turns = 0;
    std::optional<kernel::Patience> at_it;
  };
  const InFlight& in_flight_;
  pid_t child_;
  std::chrono::seconds patience_;
  bool waits_for_others_;
  std::array<Seen, 1 + kJobsMax> seen_;
};

}  // namespace

Supervised supervise(InFlight& in_flight, std::chrono::seconds patience, bool waits_for_others,
                     const std::function<process::ExitStatus()>& body) {
  const pid_t child = process::start_child([&] {
    // Ctrl-C comes to the supervisor alone, which passes it on: once.
    ::setpgid(0, 0);
    const auto status = process::finish_output(body());
    in_flight.ended.store(true);
    return static_cast<int>(status);
  });
  // Without a child there is no supervision, but there is a run.
  if (child < 0) return {body(), {}};
  Watch watch{in_flight, child, patience, waits_for_others};
  bool passed_on = false;
  while (true) {
    const auto wait_status = process::look_for(child, kLook);
    if (wait_status) {
      if (in_flight.ended.load()) {
        process::forget_lost_output();  // the run has said so
        return {static_cast<process::ExitStatus>(WEXITSTATUS(*wait_status)), {}};
      }
      return {std::nullopt, process::how_it_ended(*wait_status)};
    }
    if (process::is_interrupted() && !std::exchange(passed_on, true)) ::kill(child, SIGINT);
    if (watch.sees_a_hang()) {
      process::kill_child(child);
      return {std::nullopt, "hang"};
    }
  }
}

}  // namespace vmadiff::campaign
