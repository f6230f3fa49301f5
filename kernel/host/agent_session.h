// kernel: an agent that can be used again and again: it is reset between sequences, replaced when
// it dies, and its mappings' files are known by name. What the host system and the probes stand on.
// Where the agent is killed from outside, a fresh one makes the calls of the sequence again, and
// nobody notices.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/host/agent_files.h"
#include "kernel/host/agent_process.h"
#include "kernel/host/host.h"
#include "kernel/host/proc_text.h"
#include "kernel/host/session.h"
#include "kernel/one_processor.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/system.h"

namespace vmadiff::kernel {

class AgentSession final : public Session {
 public:
  static std::expected<std::unique_ptr<AgentSession>, spec::ToolFault> open(
      const HostOptions& options);

  /// The mappings that the agent begins with, and cannot do without.
  [[nodiscard]] const spec::Snapshot& initial() const override { return initial_; }
  [[nodiscard]] const AgentFiles& files() const { return files_; }
  /// The resource limits that every sequence begins with.
  [[nodiscard]] const spec::Limits& limits() const { return limits_; }
  /// Files of one class that can be told apart in a snapshot.
  [[nodiscard]] std::uint32_t file_count(spec::FileClass cls) const;

  /// The next run begins from the initial state. A fresh process takes over where the present one
  /// is dead, distrusted, or old; now and then the layout is compared with the first.
  std::expected<void, spec::ToolFault> begin() override;

  /// begin(), at once: what the sequence before has made is taken away now, not with the next run.
  /// Processes that were told to end have ended. False where the agent died; then begin() is due
  /// again.
  std::expected<bool, spec::ToolFault> settle();

  std::expected<Run, spec::ToolFault> run(const Program& program,
                                          std::vector<std::uint64_t>& results) override;
  /// The same, of records that do not touch the agent's own memory.
  std::expected<Run, spec::ToolFault> run(std::span<const Record> records,
                                          std::vector<std::uint64_t>& results);

  /// Of records without forks and execs, in one go: process 0 looks at itself.
  std::expected<std::optional<Run>, spec::ToolFault> run_and_look(
      const Program& program, std::vector<std::uint64_t>& results,
      std::vector<spec::Snapshot>& states) override;

  /// How many processes there have been.
  [[nodiscard]] std::uint64_t process_count() const { return process_count_; }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override;
  [[nodiscard]] std::chrono::nanoseconds bare_time() const override;

  /// What snapshots have shown so far.
  [[nodiscard]] const UnknownCodes& unknown_codes() const { return unknown_codes_; }

  /// How many bytes of pages of its own the VMA has that begins at `start` in process 0, after the
  /// last run.
  [[nodiscard]] std::expected<std::uint64_t, spec::ToolFault> anonymous_bytes(spec::Address start);

 private:
  static constexpr spec::Address kTaskSize = spec::Setup{}.task_size;
  /// Records of a reset, at most: the limits, an exec, munlockall, the gaps between four kept
  /// mappings, the filler, the break, the flag.
  static constexpr std::uint32_t kResetCountMax = 16;
  /// A look of process 0 at itself, behind a call: its smaps and status, and what these do not
  /// show.
  static constexpr std::size_t kLookCount = 4;
  /// Behind every program, for each process: the break and the merge-any flag, which /proc does not
  /// show. Neither call changes anything (a break below the start of the heap is refused).
  static constexpr std::uint32_t kObservationCount = 2;
  static constexpr std::size_t kCallCountMax =
      kRecordCountMax - (kObservationCount + 1) * kProcessCountMax - kResetCountMax;
  [[nodiscard]] bool is_alive() const { return agent_ && agent_->is_alive(); }
  explicit AgentSession(const HostOptions& options) : options_(options) {}
  std::expected<void, spec::ToolFault> replace_agent();
  std::expected<void, spec::ToolFault> learn_files();
  [[nodiscard]] bool shows_whole_process() const;
  std::expected<void, spec::ToolFault> learn_own_files();
  std::expected<void, spec::ToolFault> read_layout(int smaps, int status, spec::Snapshot& out);
  std::expected<void, spec::ToolFault> parse_mappings(std::string_view smaps, spec::Snapshot& out);
  [[nodiscard]] static bool adds_seals(std::span<const Record> program);
  std::expected<bool, spec::ToolFault> prepare_looks(std::span<const Record> program);
  std::expected<void, spec::ToolFault> read_shown(std::span<const std::uint64_t> looks,
                                                  std::span<spec::Snapshot> states);
  std::expected<void, spec::ToolFault> forget_shown();
  std::expected<void, spec::ToolFault> reopen_proc();
  std::expected<void, spec::ToolFault> read_forked(int pid, spec::Snapshot& out);
  std::expected<void, spec::ToolFault> try_replace_agent();
  std::expected<void, spec::ToolFault> learn_beginning();
  std::expected<Run, spec::ToolFault> reset_alone();
  void note_the_ending();
  void wait_for_the_ending();
  std::expected<Run, spec::ToolFault> run_exit_by_exit(std::span<const Record> records,
                                                       std::vector<std::uint64_t>& results);
  std::expected<Run, spec::ToolFault> run_part(std::span<const Record> part,
                                               std::vector<std::uint64_t>& results);
  struct Trip {
    Run run;
    bool again = false;  ///< it died of what may not be there the next time
  };
  /// One round trip.
  std::expected<Trip, spec::ToolFault> run_once(std::span<const Record> program,
                                                std::vector<std::uint64_t>& results);
  std::expected<bool, spec::ToolFault> run_again(int tries);
  std::expected<Run, spec::ToolFault> give_up(const Run& last, bool at_one_place);
  std::expected<void, spec::ToolFault> look(spec::ProcessId process, spec::Snapshot& out);
  void note_what_lasts(std::span<const Record> program);
  void note_what_came(std::span<const Record> program, std::span<const std::uint64_t> results);
  std::expected<void, spec::ToolFault> renew_sealed_files();
  std::expected<bool, spec::ToolFault> is_at_its_beginning();
  void write_reset(std::vector<Record>& program) const;

  HostOptions options_;
  AgentFiles files_;
  AgentLimits limits_of_use_;
  std::unique_ptr<AgentProcess> agent_;
  OneProcessor processor_;  ///< of it and this thread
  std::vector<KnownFile> known_;
  AnonymousFiles anonymous_files_;  ///< of the present sequence
  UnknownCodes unknown_codes_;
  spec::Snapshot initial_;
  std::vector<Record> reset_;   ///< unmaps all that is not initial
  std::vector<Record> prefix_;  ///< the reset as it is needed now; kept for its memory
  std::vector<std::uint64_t> no_results_;
  std::string buffer_;
  spec::Address start_brk_ = 0;
  spec::Limits limits_;
  /// What /proc does not show, by process: 0, and those that forks can have made.
  struct Unseen {
    spec::Address brk = 0;
    bool merge_any = false;
  };
  std::vector<Unseen> unseen_{1};
  std::vector<Record> past_;  ///< of the present sequence, as far as it has run
  std::vector<std::uint64_t> past_results_;
  Appetite appetite_;
  std::uint64_t bare_ticks_ = 0;  ///< that the calls took
  // By these ticks become time.
  std::uint64_t opened_ticks_ = ticks_now();
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
  std::uint64_t kills_before_ = 0;  ///< out_of_memory_kills() when the agent began
  bool names_ = false;              ///< a record of the present sequence named memory
  bool limits_changed_ = false;     ///< a record set a resource limit
  bool watches_ = false;            ///< a record may have made a userfaultfd
  bool locked_all_ = false;         ///< a record made later mappings locked
  bool locks_ = false;              ///< a record may have locked something
  bool exec_made_ = false;          ///< process 0 may have run its executable anew
  bool sees_itself_ = false;        ///< it was given its smaps and status
  bool looks_ = false;              ///< in between the calls, itself
  std::vector<int> ending_;         ///< processes that a reset told to end; the latest ones
  std::uint32_t forks_ = 0;         ///< records that may have made a process, since the last reset
  bool must_reset_ = true;
  bool is_suspect_ = false;
  bool needs_new_memory_ = false;  ///< what it has cannot be emptied: the reset begins with an exec
  bool is_doubtful_ = false;       ///< it may not be as it was, which can be seen
  bool seals_ = false;             ///< a record may have sealed a memfd, since that was looked at
  std::uint32_t sequences_ = 0;
  std::uint64_t process_count_ = 0;
};

}  // namespace vmadiff::kernel
