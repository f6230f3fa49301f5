// kernel: what a System of a real kernel stands on: a process that runs programs from a known
// beginning, and can be looked at. It may be a process of this machine or of a virtual one.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/agent/protocol.h"
#include "spec/sequence.h"
#include "spec/snapshot.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// What one sequence is to the agent.
struct Program {
  std::vector<Record> records;
  /// A record may change the agent's own memory: a fresh process takes over afterwards.
  bool distrusted = false;
  /// vm.max_map_count of the machine that it begins on. Only a virtual machine is made so; who has
  /// another is given none that differs. 0: whatever it is.
  std::uint64_t max_map_count = 0;
  /// Its pool of huge pages, likewise: spec::Setup's, where max_map_count says that one is asked
  /// for.
  std::uint64_t nr_hugepages = 0;
  std::uint64_t nr_overcommit_hugepages = 0;
  [[nodiscard]] bool has_huge_pages() const { return nr_hugepages + nr_overcommit_hugepages != 0; }
  friend bool operator==(const Program&, const Program&) = default;
};

/// Not thread-safe.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// The mappings that every program begins with.
  [[nodiscard]] virtual const spec::Snapshot& initial() const = 0;

  /// The next run begins from the initial state.
  virtual std::expected<void, spec::ToolFault> begin() = 0;

  struct Run {
    std::uint32_t done = 0;  ///< records with a result
    bool died = false;       ///< in record `done`
    std::string how_died;    ///< one line
    /// Where the death was no doing of the kernel's: why, with the remedy; else empty.
    std::string setback;
    friend bool operator==(const Run&, const Run&) = default;
  };
  /// Runs the records in order. results[i] belongs to records[i]; the end is after a death or the
  /// last. After a death nothing runs until begin().
  virtual std::expected<Run, spec::ToolFault> run(const Program& program,
                                                  std::vector<std::uint64_t>& results) = 0;

  /// The same behind begin(), with a look behind each record: spec::System::apply_and_look's
  /// states. Nothing where it is no cheaper than one record after the other; then none has run.
  virtual std::expected<std::optional<Run>, spec::ToolFault> run_and_look(
      const Program& /*program*/, std::vector<std::uint64_t>& /*results*/,
      std::vector<spec::Snapshot>& /*states*/) {
    return std::nullopt;
  }

  /// The state of a process after the last run: all of spec::Snapshot but anonymous offsets and
  /// anon_vmas. Empty for a process that is not there.
  virtual std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                        spec::Snapshot& out) = 0;

  /// spec::System::ask_what_is_left.
  virtual void ask_what_is_left(bool /*asked*/) {}
  /// spec::System::left_committed.
  virtual std::expected<std::optional<std::int64_t>, spec::ToolFault> left_committed() {
    return std::nullopt;
  }
  /// spec::System::left_in_pool.
  virtual std::expected<std::optional<spec::HugePages>, spec::ToolFault> left_in_pool() {
    return std::nullopt;
  }
  /// Whether nothing else runs on the machine, so that this says something.
  [[nodiscard]] virtual bool is_alone() const { return false; }

  /// Says that these programs will be run next, in this order, each from the beginning; some may
  /// be left out. A session far away runs them ahead.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps them
  virtual void will_run(std::vector<Program> /*programs*/) {}

  /// How long the calls of all programs have taken by themselves, without what stands around them:
  /// a sum of what the agent's time stamp counter shows. An exit counts until it is told, an exec
  /// until the new image is there.
  [[nodiscard]] virtual std::chrono::nanoseconds bare_time() const { return {}; }

  /// What is known of the last death besides its one line; empty where that is all.
  [[nodiscard]] virtual std::string_view death_log() const { return {}; }
  /// Whether a death costs seconds, not microseconds: a machine must boot.
  [[nodiscard]] virtual bool is_death_dear() const { return false; }
};

}  // namespace vmadiff::kernel
