// kernel: a session with the server in a virtual machine. Programs that were announced go there in
// one message, and are answered while we look at the answers before them. A machine that dies is
// replaced; which program and which call it died of is found by running them again.
#pragma once

#include <chrono>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/host/session.h"
#include "kernel/machine/guest.h"
#include "kernel/machine/messages.h"
#include "kernel/machine/virtual_machine.h"

namespace vmadiff::kernel {

class GuestSession final : public Session {
 public:
  static std::expected<std::unique_ptr<GuestSession>, spec::ToolFault> open(
      const GuestOptions& options);

  [[nodiscard]] const Introduction& introduction() const { return introduction_; }

  /// Runs a program that was brought along. A death of the machine is a fault here.
  std::expected<ProgramEnd, spec::ToolFault> run_program(std::string_view elf);

  [[nodiscard]] const spec::Snapshot& initial() const override {
    return introduction_.setup.initial;
  }
  std::expected<void, spec::ToolFault> begin() override;
  std::expected<Run, spec::ToolFault> run(const Program& program,
                                          std::vector<std::uint64_t>& results) override;
  std::expected<std::optional<Run>, spec::ToolFault> run_and_look(
      const Program& program, std::vector<std::uint64_t>& results,
      std::vector<spec::Snapshot>& states) override;
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override;
  void ask_what_is_left(bool asked) override { asks_ = asked; }
  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_committed() override;
  std::expected<std::optional<spec::HugePages>, spec::ToolFault> left_in_pool() override;
  [[nodiscard]] std::chrono::nanoseconds bare_time() const override {
    return bare_of_dead_ + bare_;
  }
  [[nodiscard]] bool is_alone() const override { return true; }
  void will_run(std::vector<Program> programs) override;
  [[nodiscard]] std::string_view death_log() const override { return death_log_; }
  [[nodiscard]] bool is_death_dear() const override { return true; }

 private:
  /// An answer, or the end of the machine, or a fault of the tool.
  struct Failure {
    bool is_death = false;
    MachineDeath death;
    spec::ToolFault fault;
  };
  template <typename T>
  using Result = std::expected<T, Failure>;

  explicit GuestSession(const GuestOptions& options) : options_(options) {}
  std::expected<void, spec::ToolFault> boot();
  void note_files();
  Result<void> send(MessageKind kind, std::string_view body);
  Result<Message> receive(MessageKind kind);
  Result<void> receive_announced();
  Result<Answer> ask(Request request);
  void note_bare_time(const Answer& answer);
  /// The answer to a program that was announced; nothing where it was not.
  Result<std::optional<Answer>> announced(const Program& program);
  std::expected<Answer, spec::ToolFault> return_to(const Program& program);
  std::expected<Answer, spec::ToolFault> run_alone(const Program& program);
  std::expected<Answer, spec::ToolFault> run_after_death(const Program& program,
                                                         const MachineDeath& death, bool was_alone,
                                                         bool looks);
  std::expected<Answer, spec::ToolFault> run_call_by_call(const Program& program,
                                                          bool looks = false);
  Answer after_all(const Program& program, Answer answer);
  std::expected<Left, spec::ToolFault> settled();
  void suspect_announced(const MachineDeath& death);
  void bury(const MachineDeath& death);

  GuestOptions options_;
  Introduction introduction_;
  std::string why_no_files_;  ///< where there are none
  std::unique_ptr<VirtualMachine> machine_;
  bool begins_ = true;
  bool asks_ = true;  ///< what is left of what is sent may be asked for
  Answer last_;
  bool is_settled_ = false;     ///< last_.left is of what was run last
  bool was_announced_ = false;  ///< last_ is of a program that was sent ahead
  Program last_announced_;      ///< that program
  std::string death_log_;
  std::chrono::nanoseconds bare_{};          ///< bare time in the present machine
  std::chrono::nanoseconds bare_of_dead_{};  ///< in those before

  /// Programs that were sent ahead, in order; the first answers_.size() of them are answered.
  std::deque<Program> announced_;
  std::deque<Answer> answers_;
  std::size_t messages_ = 0;  ///< that were sent ahead and not answered

  /// The machine died of one of these, or of all together.
  std::deque<Program> suspects_;
  MachineDeath their_death_;
  std::size_t suspects_before_ = 0;  ///< how many there were when programs were last announced
  bool is_overdue_ = false;          ///< none of them was run since
};

}  // namespace vmadiff::kernel
