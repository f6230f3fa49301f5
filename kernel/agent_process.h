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
#include "kernel/agent_files.h"
#include "kernel/descriptor.h"
#include "spec/setup.h"
#include "spec/system.h"
#include "spec/units.h"

namespace vmadiff::kernel {

/// How a program ended.
struct RunEnd {
  enum class Kind : std::uint8_t {
    kDone,     ///< every record was run
    kStopped,  ///< record `index` had another result than it must have; those behind it did not run
    kDied,     ///< the process died in record `index`
  };
  Kind kind = Kind::kDone;
  std::uint32_t index = 0;
  std::string how_died;  ///< one line: the signal, the exit status, or that it hung
};

/// Not thread-safe. The process dies with the object, and with the thread that made it.
class AgentProcess {
 public:
  /// A process under the filter, with no capability but CAP_SYS_RESOURCE (which a kernel may want
  /// for PR_SET_MEMORY_MERGE, and which no other call here asks for), with nothing mapped but what
  /// it lives on, ready for programs. `timeout` is how long a program may take before the agent
  /// counts as hung.
  static std::expected<std::unique_ptr<AgentProcess>, spec::ToolFault> spawn(
      const AgentFiles& files, std::chrono::milliseconds timeout);

  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  ~AgentProcess();

  /// Room for the next program. Write records from the front, then run(count).
  [[nodiscard]] std::span<Record, kRecordCountMax> records() { return window_->records; }
  /// results()[i] belongs to records()[i], for those that ran.
  [[nodiscard]] std::span<const std::uint64_t, kRecordCountMax> results() const {
    return window_->results;
  }
  /// Runs the first `count` records in one round trip. Requires is_alive().
  RunEnd run(std::uint32_t count);

  /// The pid of a process that the agent forked, by its number; 0 where there is none.
  [[nodiscard]] int pid_of(std::uint32_t process) const {
    return process < kProcessCountMax ? window_->pids[process] : 0;
  }
  /// The next process that is forked is number 1 again. The others must have ended by then.
  void count_processes_anew() { window_->last_process = 0; }
  /// The resource limits as they are now.
  [[nodiscard]] spec::Limits limits() const;
  /// To be called when process 0 has made an exec: what is open shows the memory that it had
  /// before.
  std::optional<spec::ToolFault> open_proc();

  [[nodiscard]] bool is_alive() const { return is_alive_; }
  /// /proc/PID/smaps and status, opened once. Reading them does not disturb the process.
  [[nodiscard]] int smaps() const { return smaps_.number(); }
  [[nodiscard]] int status() const { return status_.number(); }

 private:
  explicit AgentProcess(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  std::optional<spec::ToolFault> start(const AgentFiles& files);
  std::optional<spec::ToolFault> make_window(Descriptor& file);
  std::optional<spec::ToolFault> start_child(const AgentFiles& files, const Descriptor& window);
  std::optional<spec::ToolFault> arrange();
  std::optional<spec::ToolFault> set_up(std::span<const Record> program, std::string_view what);
  std::optional<std::string> wait_for(std::uint32_t request);
  std::string reap();

  std::chrono::milliseconds timeout_;
  Window* window_ = nullptr;
  int pid_ = -1;
  Descriptor pidfd_;
  Descriptor smaps_;
  Descriptor status_;
  std::uint32_t request_ = 0;
  bool is_alive_ = false;
};

}  // namespace vmadiff::kernel
