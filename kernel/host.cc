// kernel: the host system, a thin layer of spec::System over an agent session.
#include "kernel/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "kernel/agent_session.h"
#include "kernel/program.h"

namespace vmadiff::kernel {
namespace {

class Host final : public spec::System {
 public:
  explicit Host(std::unique_ptr<AgentSession> session) : session_(std::move(session)) {}

  [[nodiscard]] std::string_view name() const override { return "host"; }

  [[nodiscard]] spec::Observes observes() const override {
    return {.vm_flags = true,
            .anon_pgoff = false,
            .anon_vma = false,
            .counters = true,
            .counter_sums = true,
            .brk_and_merge = true,
            .policy = false};
  }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    setup_ = &setup;
    if (!std::ranges::equal(setup.initial.vmas, session_->initial().vmas, {}, &spec::Vma::range,
                            &spec::Vma::range)) {
      return std::unexpected(spec::ToolFault{
          "host: the set-up's initial mappings are not the agent's (use that of read_setup)"});
    }
    how_died_.clear();
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
    program_.clear();
    for (const spec::Step& step : sequence) {
      program_.push_back(in_process(step.process, record_of(step.call, setup_->task_size)));
      if (spec::touches_reserved(*setup_, step)) session_->distrust();
    }
    const auto ran = session_->run(program_, results_);
    if (!ran) {
      how_died_ = ran.error().message;
    } else {
      for (std::uint32_t i = 0; i < ran->done; ++i)
        outcomes.push_back(outcome_of(sequence[i].call, results_[i]));
      if (ran->died && how_died_.empty()) how_died_ = ran->how_died;
    }
    outcomes.resize(sequence.size(), spec::Outcome::died());
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return session_->snapshot(process, out);
  }

  [[nodiscard]] bool is_remote() const override { return true; }

  [[nodiscard]] std::string_view death_note() const override { return how_died_; }

 private:
  std::unique_ptr<AgentSession> session_;
  const spec::Setup* setup_ = nullptr;
  std::string how_died_;
  // Kept for their memory.
  std::vector<Record> program_;
  std::vector<std::uint64_t> results_;
  std::vector<spec::Outcome> one_outcome_;
};

}  // namespace

std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_host(
    const HostOptions& options) {
  auto session = AgentSession::open(options);
  if (!session) return std::unexpected(session.error());
  return std::make_unique<Host>(std::move(*session));
}

}  // namespace vmadiff::kernel
