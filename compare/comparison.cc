// compare: comparing two kernels.
#include "compare/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "compare/identity.h"
#include "process/interrupt.h"
#include "properties/claims/difference.h"
#include "properties/shrink/minimize.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

using spec::Sequence;
using std::chrono::steady_clock;

/// Sequences that are sent ahead together.
constexpr std::uint64_t kBlock = 64;
/// On models, and on real kernels, where a candidate takes a millisecond a call.
constexpr std::uint64_t kRunsOnModels = 3000;
constexpr std::uint64_t kRunsOnKernels = 400;

/// What a run shows that is looked at once, at its end.
struct End {
  std::vector<spec::Outcome> outcomes;
  std::vector<spec::Snapshot> processes;
};

std::expected<void, spec::ToolFault> run(spec::System& system, const spec::Setup& setup,
                                         const Sequence& sequence, End& end) {
  if (auto started = system.start(setup); !started) return started;
  system.apply_all(sequence, end.outcomes);
  if (auto setback = system.take_setback()) return std::unexpected(*std::move(setback));
  end.processes.clear();
  if (std::ranges::any_of(end.outcomes, &spec::Outcome::is_death)) return {};
  std::size_t count = 1;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (std::holds_alternative<spec::Fork>(sequence[i].call) && end.outcomes[i].is_ok()) ++count;
  }
  end.processes.resize(count);
  for (std::size_t p = 0; p < count; ++p) {
    if (auto seen = system.snapshot(static_cast<spec::ProcessId>(p), end.processes[p]); !seen)
      return seen;
  }
  return {};
}

bool is_alike(const End& one, const End& other, const spec::Observes& seen) {
  if (one.outcomes != other.outcomes || one.processes.size() != other.processes.size())
    return false;
  for (std::size_t p = 0; p < one.processes.size(); ++p) {
    if (properties::difference(one.processes[p], other.processes[p], seen)) return false;
  }
  return true;
}

Sequence cut_behind(const Sequence& sequence, std::size_t step) {
  return {sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(step) + 1};
}

class Comparison {
 public:
  Comparison(const ComparedKernel& a, const ComparedKernel& b, const ComparisonOptions& options,
             process::Progress& progress, const ComparisonListener& listener)
      : a_(a),
        b_(b),
        options_(options),
        progress_(progress),
        listener_(listener),
        seen_(both(a.system->observes(), b.system->observes())) {}

  ComparisonResult run_all() {
    progress_.start = steady_clock::now();
    std::vector<Sequence> present;
    std::vector<Sequence> next;
    std::uint64_t drawn = draw(next, 0);
    while (!next.empty() && !must_end()) {
      std::swap(present, next);
      drawn += draw(next, drawn);
      for (const Sequence& sequence : present) {
        if (must_end()) break;
        look_at(sequence);
        ++result_.sequence_count;
        result_.operations += sequence.size();
        progress_.operations.fetch_add(sequence.size(), std::memory_order_relaxed);
        listener_.on_tick();
      }
    }
    settle_combined();
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool must_end() const {
    const auto& budget = options_.budget;
    return result_.fault || process::is_interrupted() ||
           (budget.time && steady_clock::now() - progress_.start >= *budget.time) ||
           (budget.operations && result_.operations >= *budget.operations);
  }

  /// Makes the sequences from `first` on, and sends them ahead. Gives how many.
  std::uint64_t draw(std::vector<Sequence>& sequences, std::uint64_t first) {
    const auto& most = options_.budget.sequences;
    const auto count = most ? std::min(kBlock, *most - std::min(first, *most)) : kBlock;
    sequences.resize(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      properties::generate(properties::sequence_seed(options_.seed, first + i), options_.generator,
                           sequences[i]);
    }
    std::erase_if(sequences, [this](const Sequence& sequence) {
      return std::ranges::any_of(sequence, [this](const spec::Step& step) {
        return spec::touches_reserved(a_.model.setup, step);
      });
    });
    for (const auto* kernel : {&a_, &b_}) {
      std::vector<spec::Announced> announced;
      for (const Sequence& sequence : sequences)
        announced.push_back({&kernel->model.setup, &sequence});
      kernel->system->will_run(announced);
    }
    return count;
  }

  void look_at(const Sequence& sequence) {
    auto done = run(*a_.system, a_.model.setup, sequence, end_a_);
    if (done) done = run(*b_.system, b_.model.setup, sequence, end_b_);
    if (!done) return fail(done.error());
    if (is_alike(end_a_, end_b_, seen_)) return;
    if (are_as_modelled(sequence)) {
      if (const auto cause = cause_of(a_.model, b_.model, sequence, seen_)) {
        note_caused(sequence, *cause);
        return;
      }
    }
    note_unexplained(sequence);
  }

  bool are_as_modelled(const Sequence& sequence) {
    End end;
    for (const auto& [kernel, seen] : {std::pair{&a_, &end_a_}, std::pair{&b_, &end_b_}}) {
      const auto model = systems::make_like(systems::kModel, kernel->model.profile);
      if (!run(*model, kernel->model.setup, sequence, end) || !is_alike(end, *seen, seen_))
        return false;
    }
    return true;
  }

  void note_caused(const Sequence& sequence, const Cause& cause) {
    const auto name = cause.name();
    if (result_.sequences[name]++ != 0) return;
    // What takes several behaviours is mostly another sight of what each shows alone: that is known
    // at the end. What the machines do is not what the kernels do.
    if (cause.behaviours.size() > 1)
      combined_.emplace_back(cut_behind(sequence, cause.step), cause);
    if (cause.behaviours.size() == 1) settle(sequence, cause);
  }

  /// Those that show a behaviour which no other group shows; the fewer behaviours the sooner.
  void settle_combined() {
    std::ranges::sort(combined_, {}, [](const auto& c) {
      return std::pair{c.second.behaviours.size(), c.second.name()};
    });
    for (const auto& [sequence, cause] : combined_) {
      const bool is_new = std::ranges::any_of(
          cause.behaviours, [this](const std::string& name) { return !shown_.contains(name); });
      if (is_new && !result_.fault) settle(sequence, cause);
    }
  }

  void settle(const Sequence& sequence, const Cause& cause) {
    const auto name = cause.name();
    shown_.insert(cause.behaviours.begin(), cause.behaviours.end());
    // The models are the faster way down; what they end with is shown by the kernels.
    auto small = properties::smallest(cut_behind(sequence, cause.step), a_.model.setup,
                                      [&](const Sequence& candidate) {
                                        const auto now =
                                            cause_of(a_.model, b_.model, candidate, seen_);
                                        return now && now->name() == name && runs_here(candidate);
                                      },
                                      {.runs_max = kRunsOnModels, .interrupted = interrupted()});
    if (!report(name, small, cause)) report(name, cut_behind(sequence, cause.step), cause);
  }

  /// What the models do not say: named by what is seen.
  void note_unexplained(const Sequence& sequence) {
    const auto step = real_difference(sequence);
    if (!step) {
      ++result_.sequences["not reproducible"];
      return;
    }
    const auto cut = cut_behind(sequence, *step);
    // With what comes behind it gone, the models may know it.
    const auto cause = modelled_cause(cut);
    if (cause) return note_caused(cut, *cause);
    const auto name = name_of(cut, *step);
    if (result_.sequences[name]++ != 0) return;
    const auto small = properties::smallest(
        cut, a_.model.setup,
        [&](const Sequence& candidate) {
          if (!runs_here(candidate)) return false;
          const auto at = real_difference(candidate);
          return at && name_of(candidate, *at) == name && !modelled_cause(candidate);
        },
        {.runs_max = kRunsOnKernels, .interrupted = interrupted()});
    report(name, small, std::nullopt);
  }

  /// The cause where both kernels do as their models do, at every step.
  std::optional<Cause> modelled_cause(const Sequence& sequence) {
    if (!is_alike(run_a_, modelled(a_.model, sequence), seen_) ||
        !is_alike(run_b_, modelled(b_.model, sequence), seen_))
      return std::nullopt;
    return cause_of(a_.model, b_.model, sequence, seen_);
  }

  /// Runs it on both kernels, looking after every step. Gives the first that differs.
  std::optional<std::size_t> real_difference(const Sequence& sequence) {
    auto a = record(*a_.system, a_.model.setup, sequence, Snapshots::kEveryStep);
    if (!a) fail(a.error());
    if (!a || result_.fault) return std::nullopt;
    auto b = record(*b_.system, b_.model.setup, sequence, Snapshots::kEveryStep);
    if (!b) fail(b.error());
    if (!b) return std::nullopt;
    run_a_ = *std::move(a);
    run_b_ = *std::move(b);
    return first_difference(run_a_, run_b_, seen_);
  }

  /// Of the last two recordings.
  [[nodiscard]] std::string name_of(const Sequence& sequence, std::size_t step) const {
    const auto call = spec::name(sequence[step].call);
    const auto& a = run_a_.outcomes[step];
    const auto& b = run_b_.outcomes[step];
    if (a != b) {
      return fmt::format("unexplained: {} gives {} against {}", call, kind_of(a), kind_of(b));
    }
    const auto d = properties::difference(run_a_.snapshots[step], run_b_.snapshots[step], seen_);
    return fmt::format("unexplained: {} leaves another {}", call,
                       d ? properties::name(d->field) : std::string_view{"layout"});
  }

  [[nodiscard]] bool runs_here(const Sequence& sequence) const {
    return std::ranges::none_of(sequence, [this](const spec::Step& step) {
      return spec::touches_reserved(a_.model.setup, step);
    });
  }

  bool report(const std::string& name, const Sequence& sequence, std::optional<Cause> cause) {
    const auto step = real_difference(sequence);
    if (!step) return false;
    DifferenceGroup group{.name = name,
                          .cause = std::move(cause),
                          .sequence = cut_behind(sequence, *step),
                          .a = run_a_,
                          .b = run_b_,
                          .step = *step};
    progress_.findings.fetch_add(1, std::memory_order_relaxed);
    listener_.on_group(group);
    return true;
  }

  [[nodiscard]] std::function<bool()> interrupted() const {
    return [this] {
      listener_.on_tick();
      return process::is_interrupted() || result_.fault.has_value();
    };
  }

  void fail(const spec::ToolFault& fault) { result_.fault = fault; }

  const ComparedKernel& a_;
  const ComparedKernel& b_;
  const ComparisonOptions& options_;
  process::Progress& progress_;
  const ComparisonListener& listener_;
  spec::Observes seen_;
  ComparisonResult result_;
  std::vector<std::pair<Sequence, Cause>> combined_;  ///< to be settled at the end
  std::set<std::string> shown_;                       ///< behaviours that a group shows
  // Kept for their memory.
  End end_a_;
  End end_b_;
  Recording run_a_;
  Recording run_b_;
};

}  // namespace

ComparisonResult compare(const ComparedKernel& a, const ComparedKernel& b,
                         const ComparisonOptions& options, process::Progress& progress,
                         const ComparisonListener& listener) {
  return Comparison{a, b, options, progress, listener}.run_all();
}

}  // namespace vmadiff::compare
