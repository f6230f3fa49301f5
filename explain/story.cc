// explain: a trace from its beginning to its end.
#include "explain/story.h"

#include <fmt/format.h>

#include <map>

#include "compare/recording.h"
#include "explain/limits_probe.h"
#include "explain/refusal.h"
#include "systems/systems.h"

namespace vmadiff::explain {
namespace {

/// Of later steps nobody is asked what they would do without a limit: each asks the calls before it
/// anew.
constexpr std::size_t kProbedSteps = 1024;

bool can_be_a_limit(spec::Errno e) {
  using spec::Errno;
  return e == Errno::kENOMEM || e == Errno::kEAGAIN || e == Errno::kEPERM || e == Errno::kSIGSEGV ||
         e == Errno::kEACCES || e == Errno::kEINVAL;
}

class Teller {
 public:
  Teller(const spec::Sequence& sequence, const spec::Setup& setup,
         const spec::KernelProfile& profile)
      : sequence_(sequence),
        setup_(setup),
        profile_(profile),
        model_(systems::make_like(systems::kModel, profile)),
        elsewhere_(sequence, setup, profile) {
    // A model runs in this process and has no faults.
    static_cast<void>(model_->start(setup));
  }

  StepStory step(std::size_t index) {
    const spec::Step& step = sequence_[index];
    StepStory out{.index = index, .step = step};
    const bool was_there = processes_.has(step.process);
    const auto before = state_of(step.process);
    out.outcome = model_->apply(step.process, step.call);
    processes_.note(step, out.outcome);
    const auto after = state_of(step.process);
    if (out.outcome.is_ok()) {
      const Moment moment{step.call, out.outcome,        before, after, setup_,
                          profile_,  past_[step.process]};
      tell_success(moment, out);
      if (std::holds_alternative<spec::Fork>(step.call)) fork(out, after);
      out.boundaries = boundaries_of(moment);
      if (std::holds_alternative<spec::Brk>(step.call)) tell_refused_break(before, after, out);
    } else {
      tell_changes(before, after, out);
      tell_failure({step, out.outcome, before, was_there, std::span{sequence_}.first(index), setup_,
                    profile_},
                   out);
    }
    note(past_[step.process], step.call, out.outcome);
    out.otherwise = elsewhere_.step(out.outcome, after);
    return out;
  }

 private:
  spec::Snapshot state_of(spec::ProcessId process) {
    spec::Snapshot state;
    if (processes_.has(process)) static_cast<void>(model_->snapshot(process, state));
    return state;
  }

  void fork(StepStory& out, const spec::Snapshot& parent) {
    const auto child = static_cast<spec::ProcessId>(out.outcome.value());
    tell_child(parent, state_of(child), out);
    past_[child] = past_[out.step.process];
    past_[child].locks_future = false;
  }

  void tell_failure(const Refused& refused, StepStory& out) {
    std::string why;
    const bool is_probed = refused.is_there && out.index < kProbedSteps;
    if (is_probed && can_be_a_limit(out.outcome.error())) {
      why = limit_behind(sequence_, out.index, setup_, profile_);
    }
    if (why.empty()) why = why_refused(refused);
    const auto known = spec::name(out.outcome.error());
    const auto errno_name = known.empty() ? spec::text(out.outcome) : std::string{known};
    out.sentences.push_back(why.empty()
                                ? fmt::format("{}: not explained: no rule that is known here says "
                                              "it.",
                                              errno_name)
                                : fmt::format("{}: {}.", errno_name, why));
    if (!out.gone.empty() || !out.come.empty()) {
      out.sentences.emplace_back("What was done before the failure stays.");
    }
  }

  /// brk has no errno: the break it gives is the old one.
  void tell_refused_break(const spec::Snapshot& before, const spec::Snapshot& after,
                          StepStory& out) {
    const auto& call = std::get<spec::Brk>(out.step.call);
    if (after.brk == call.addr || call.addr < setup_.start_brk) return;
    auto why = out.index < kProbedSteps ? limit_behind(sequence_, out.index, setup_, profile_)
                                        : std::string{};
    const auto next = std::ranges::upper_bound(before.vmas, before.brk, {}, &spec::Vma::start);
    if (why.empty() && call.addr > before.brk && next != before.vmas.end() &&
        next->start < spec::page_up(call.addr) + spec::kPageSize) {
      why = fmt::format("{} is in the way, from which the heap stays a page away (do_brk)",
                        spec::text(*next));
    }
    out.sentences.push_back(
        fmt::format("The break was to be {:#x} and is not: {}.", call.addr,
                    why.empty() ? "not explained: no rule that is known here says it" : why));
  }

  const spec::Sequence& sequence_;
  const spec::Setup& setup_;
  const spec::KernelProfile& profile_;
  std::unique_ptr<spec::System> model_;
  Elsewhere elsewhere_;
  compare::Processes processes_;
  std::map<spec::ProcessId, properties::Past> past_;
};

}  // namespace

void tell(const spec::Sequence& sequence, const spec::Setup& setup,
          const spec::KernelProfile& profile,
          const std::function<void(const StepStory&)>& listener) {
  Teller teller{sequence, setup, profile};
  for (std::size_t i = 0; i < sequence.size(); ++i) listener(teller.step(i));
}

}  // namespace vmadiff::explain
