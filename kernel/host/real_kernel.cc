// kernel: a real kernel as a System: sequences become programs, results become outcomes.
#include "kernel/host/real_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "kernel/host/program.h"

namespace vmadiff::kernel {
namespace {

class RealKernel final : public spec::System {
 public:
  RealKernel(std::string name, std::unique_ptr<Session> session)
      : name_(std::move(name)), session_(std::move(session)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }

  [[nodiscard]] spec::Observes observes() const override {
    auto seen = spec::kFromOutside;
    seen.committed = session_->is_alone();
    // The pool of huge pages is asked of what a run leaves alone: which of its pages are surplus is
    // a matter of when the kernel gives pages back (docs/open.md).
    seen.huge_pages = false;
    return seen;
  }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    setup_ = &setup;
    if (!std::ranges::equal(setup.initial.vmas, session_->initial().vmas, {}, &spec::Vma::range,
                            &spec::Vma::range)) {
      return std::unexpected(spec::ToolFault{
          fmt::format("{}: the set-up's initial mappings are not the agent's (use the set-up that "
                      "was read from it)",
                      name_)});
    }
    how_died_.clear();
    has_run_ = false;
    return session_->begin();
  }

  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    const spec::Step step{process, call, std::nullopt};
    apply_all({&step, 1}, one_outcome_);
    return one_outcome_.front();
  }

  void apply_all(std::span<const spec::Step> sequence,
                 std::vector<spec::Outcome>& outcomes) override {
    outcomes.clear();
    write(*setup_, sequence, program_);
    has_run_ = true;
    take(session_->run(program_, results_), sequence, outcomes);
    outcomes.resize(sequence.size(), spec::Outcome::died());
  }

  std::expected<void, spec::ToolFault> apply_and_look(
      std::span<const spec::Step> sequence, std::vector<spec::Outcome>& outcomes,
      std::vector<spec::Snapshot>& states) override {
    write(*setup_, sequence, program_);
    auto ran = session_->run_and_look(program_, results_, states);
    if (ran && !*ran) return System::apply_and_look(sequence, outcomes, states);
    has_run_ = true;
    outcomes.clear();
    take(ran ? std::expected<Session::Run, spec::ToolFault>{**std::move(ran)}
             : std::unexpected(std::move(ran.error())),
         sequence, outcomes);
    if (outcomes.size() < sequence.size()) outcomes.push_back(spec::Outcome::died());
    return {};
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    auto seen = session_->snapshot(process, out);
    // The machine is made as it is asked for when the first call comes.
    if (seen && !has_run_) out.huge_pages = {.free = setup_->nr_hugepages};
    return seen;
  }

  void ask_what_is_left(bool asked) override { session_->ask_what_is_left(asked); }

  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_committed() override {
    return session_->left_committed();
  }

  std::expected<std::optional<spec::HugePages>, spec::ToolFault> left_in_pool() override {
    return session_->left_in_pool();
  }

  void will_run(std::span<const spec::Announced> sequences) override {
    std::vector<Program> programs;
    for (const auto& [setup, sequence] : sequences) {
      // Nobody runs one that the agent would not survive.
      Program program;
      write(*setup, *sequence, program);
      if (!program.distrusted) programs.push_back(std::move(program));
    }
    session_->will_run(std::move(programs));
  }

  [[nodiscard]] std::chrono::nanoseconds bare_time() const override {
    return session_->bare_time();
  }

  [[nodiscard]] bool is_remote() const override { return true; }

  [[nodiscard]] std::string_view death_note() const override { return how_died_; }
  [[nodiscard]] std::optional<spec::ToolFault> take_setback() override {
    return std::exchange(setback_, std::nullopt);
  }
  [[nodiscard]] std::string_view death_log() const override { return session_->death_log(); }
  [[nodiscard]] bool is_death_dear() const override { return session_->is_death_dear(); }

 private:
  /// Appends what the calls gave; a death is the caller's to append.
  void take(const std::expected<Session::Run, spec::ToolFault>& ran,
            std::span<const spec::Step> sequence, std::vector<spec::Outcome>& outcomes) {
    if (!ran) {
      how_died_ = ran.error().message;
      setback_ = ran.error();
      return;
    }
    if (!ran->setback.empty())
      setback_ = spec::ToolFault{fmt::format("{}: {}", name_, ran->setback), true};
    for (std::uint32_t i = 0; i < ran->done; ++i)
      outcomes.push_back(outcome_of(sequence[i].call, results_[i]));
    if (ran->died && how_died_.empty()) how_died_ = ran->how_died;
  }

  static void write(const spec::Setup& setup, std::span<const spec::Step> sequence,
                    Program& program) {
    program.records.clear();
    program.distrusted = false;
    program.max_map_count = setup.max_map_count;
    program.nr_hugepages = setup.nr_hugepages;
    program.nr_overcommit_hugepages = setup.nr_overcommit_hugepages;
    for (const spec::Step& step : sequence) {
      program.records.push_back(in_process(step.process, record_of(step.call, setup.task_size)));
      program.distrusted = program.distrusted || spec::touches_reserved(setup, step);
    }
  }

  std::string name_;
  std::unique_ptr<Session> session_;
  const spec::Setup* setup_ = nullptr;
  bool has_run_ = false;  ///< a call, since start()
  std::string how_died_;
  std::optional<spec::ToolFault> setback_;
  // Kept for their memory.
  Program program_;
  std::vector<std::uint64_t> results_;
  std::vector<spec::Outcome> one_outcome_;
};

}  // namespace

std::unique_ptr<spec::System> make_real_kernel(std::string name, std::unique_ptr<Session> session) {
  return std::make_unique<RealKernel>(std::move(name), std::move(session));
}

}  // namespace vmadiff::kernel
