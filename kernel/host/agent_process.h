// kernel: one agent process, from exec to death. Knows how to run records in it; not what they
// mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "kernel/agent/protocol.h"
#include "kernel/descriptor.h"
#include "kernel/host/agent_files.h"
#include "kernel/host/appetite.h"
#include "spec/setup.h"
#include "spec/system.h"
#include "spec/units.h"

namespace vmadiff::kernel {

/// How a process ended, or one of those that it forked.
struct AgentDeath {
  std::string how;  ///< one line: the signal, the exit status, or that it hung
  /// By SIGKILL that nobody here has sent: somebody else did, or the kernel, for want of memory or
  /// in a fault of its own.
  bool was_killed = false;
  std::string over_limit;  ///< which bound it passed, where it was ended for that; else empty
};

/// How a program ended.
struct RunEnd {
  enum class Kind : std::uint8_t {
    kDone,     ///< every record was run
    kStopped,  ///< record `index` had another result than it must have; those behind it did not run
    kDied,     ///< the process died in record `index`, or one that it forked
  };
  Kind kind = Kind::kDone;
  std::uint32_t index = 0;
  AgentDeath death;
};

/// What a sequence may take.
struct AgentLimits {
  std::chrono::milliseconds patience{10000};  ///< without progress (Patience)
  std::uint64_t memory = ~std::uint64_t{0};   ///< bytes
  std::chrono::seconds cpu{60};
};

/// Not thread-safe. The process dies with the object, and with the thread that made it, and so do
/// those that it forks: they are all children of this process, in a process group of their own, and
/// keep their numbers until they are waited for here. So nothing is ever sent to, or read of, a
/// process that is not the agent's. Requires that SIGCHLD is not ignored.
class AgentProcess {
 public:
  struct SpawnFault {
    spec::ToolFault fault;
    bool was_killed = false;  ///< from outside: the next may live
  };
  /// A process under the filter, with no capability but CAP_SYS_RESOURCE (which a kernel may want
  /// for PR_SET_MEMORY_MERGE) and CAP_SYS_PTRACE (which it wants for a userfaultfd's events on
  /// forks), for which no other call here asks, with nothing mapped but what it lives on, ready for
  /// programs.
  static std::expected<std::unique_ptr<AgentProcess>, SpawnFault> spawn(const AgentFiles& files,
                                                                        AgentLimits limits);

  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  ~AgentProcess();

  /// Room for the next program. Write records from the front, then run(count).
  [[nodiscard]] std::span<Record, kRecordCountMax> records() { return window_->records; }
  /// results()[i] belongs to records()[i], for those that ran.
  [[nodiscard]] std::span<const std::uint64_t, kRecordCountMax> results() const {
    return window_->results;
  }
  /// Runs the first `count` records in one round trip. Requires is_alive(). `appetite` is how much
  /// memory the sequence can have taken by their end: only where that is over the limit is it
  /// watched.
  RunEnd run(std::uint32_t count, const Appetite& appetite = {});
  /// Of the records [first, end) of the next run every `every`th is timed, the first among them.
  void time_records(std::uint32_t first, std::uint32_t end, std::uint32_t every = 1) {
    window_->timed_first = first;
    window_->timed_end = end;
    window_->timed_every = every;
    window_->ticks = 0;
  }
  /// How many ticks (ticks_now) those took.
  [[nodiscard]] std::uint64_t ticks() const { return window_->ticks; }
  /// A sequence begins: what was taken until now is not its own.
  void begin_sequence();

  void kill() { end_all(); }
  /// A child that was not waited for. Requires is_alive().
  [[nodiscard]] int pid() const { return pid_; }

  /// Its descriptor `as`, one of a memfd, becomes that file in place of what it was. False where
  /// that did not come about; then it may be dead.
  bool give(const Descriptor& file, int as);
  /// The same of smaps() and status(), for kShow. Again to be called when those were opened anew.
  bool give_proc() { return give(smaps_, kSmapsDescriptor) && give(status_, kStatusDescriptor); }
  /// The next kShow writes at the beginning of the file again.
  void forget_shown() { window_->shown = 0; }

  /// Whether the agent forked a process of that number that has not been told to end.
  [[nodiscard]] bool has(std::uint32_t process) const {
    return process < kProcessCountMax && window_->pids[process] != 0;
  }
  /// That process's pid; 0 where there is none. It is a child of this process that was not waited
  /// for.
  [[nodiscard]] int pid_of(std::uint32_t process) const;
  /// The next process that is forked is number 1 again. The others must have ended by then.
  void count_processes_anew() { window_->last_process = 0; }
  /// Waits until the process that ended by the last such record has given back all it had.
  void wait_for_exit();
  /// The same of a process that was told to end, by its pid (pid_of, before it was told).
  void wait_for_end(int pid);
  /// The resource limits as they are now.
  [[nodiscard]] spec::Limits limits() const;
  /// To be called when process 0 has made an exec: what is open shows the memory that it had
  /// before.
  std::optional<spec::ToolFault> open_proc();

  [[nodiscard]] bool is_alive() const { return is_alive_; }
  /// To be called where something could not be read of it or of a process that it forked: how it
  /// died meanwhile. It is not alive afterwards. Nothing where all of them live.
  [[nodiscard]] std::optional<AgentDeath> find_death();
  /// /proc/PID/smaps and status, opened once. Reading them does not disturb the process.
  [[nodiscard]] int smaps() const { return smaps_.number(); }
  [[nodiscard]] int status() const { return status_.number(); }

 private:
  explicit AgentProcess(AgentLimits limits) : limits_(limits) {}
  std::optional<spec::ToolFault> start(const AgentFiles& files);
  std::optional<spec::ToolFault> make_window(Descriptor& file);
  std::optional<spec::ToolFault> start_child(const AgentFiles& files, const Descriptor& window);
  std::optional<spec::ToolFault> arrange();
  std::optional<spec::ToolFault> set_up(std::span<const Record> program, std::string_view what);
  std::optional<AgentDeath> wait_for(std::uint32_t request, const Appetite& appetite);
  std::optional<AgentDeath> look_for_death();
  [[nodiscard]] std::string passed_limit(const Appetite& appetite) const;
  AgentDeath end(AgentDeath death);
  void end_all();

  AgentLimits limits_;
  Window* window_ = nullptr;
  int pid_ = -1;  ///< of a child that was not waited for; else -1
  Descriptor pidfd_;
  Descriptor giving_;  ///< the socket over which it is handed files
  Descriptor smaps_;
  Descriptor status_;
  std::uint32_t request_ = 0;
  bool is_alive_ = false;
  bool was_killed_ = false;    ///< during set-up
  bool has_answered_ = false;  ///< ever
  int looks_at_exits_ = 0;     ///< so often there may be processes to wait for
  /// Of the present sequence.
  std::chrono::steady_clock::time_point began_;
  std::chrono::nanoseconds cpu_before_{};
  std::chrono::nanoseconds cpu_of_dead_{};
  std::optional<std::uint64_t> shared_before_;  ///< read once it is watched
};

}  // namespace vmadiff::kernel
