// cli: finding a kernel's behaviours.
#include "cli/identity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/deciding_traces.h"
#include "cli/systems.h"
#include "properties/difference.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

/// A deciding trace, and what the kernel did with it.
struct Answer {
  const DecidingTrace* trace = nullptr;
  spec::Sequence sequence;
  Recording recording;
  std::string not_asked;
};

std::expected<std::vector<Answer>, spec::ToolFault> ask(spec::System& kernel,
                                                        const spec::Setup& setup) {
  std::vector<Answer> answers;
  for (const DecidingTrace& trace : deciding_traces()) {
    Answer answer{.trace = &trace,
                  .sequence = spec::parse_trace(trace.text).trace.sequence,
                  .recording = {},
                  .not_asked = {}};
    if (auto reason = why_no_files_for(kernel.name(), answer.sequence)) {
      answer.not_asked = *std::move(reason);
    } else {
      auto recording = record(kernel, setup, answer.sequence, Snapshots::kEveryStep);
      if (!recording) return std::unexpected(recording.error());
      answer.recording = *std::move(recording);
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

/// What the model does under a profile.
Recording model_of(const spec::KernelProfile& profile, const spec::Setup& setup,
                   const spec::Sequence& sequence) {
  const auto model = make_like(kModel, profile);
  // A model runs in this process and has no faults.
  return record(*model, setup, sequence, Snapshots::kEveryStep).value();
}

bool does_as(const spec::KernelProfile& profile, const spec::Setup& setup, const Answer& answer,
             const spec::Observes& seen) {
  return is_alike(model_of(profile, setup, answer.sequence), answer.recording, seen);
}

const spec::KernelProfile& nearest_to(const std::vector<Answer>& answers, const spec::Setup& setup,
                                      const spec::Observes& seen) {
  const auto likeness = [&](const spec::KernelProfile& profile) {
    return std::ranges::count_if(answers, [&](const Answer& answer) {
      return answer.not_asked.empty() && does_as(profile, setup, answer, seen);
    });
  };
  // Of several the last, which is the newest.
  const spec::KernelProfile* best = nullptr;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    if (best == nullptr || likeness(profile) >= likeness(*best)) best = &profile;
  }
  return *best;
}

Finding find(const spec::Behaviour& behaviour, const std::vector<Answer>& answers,
             const spec::KernelProfile& nearest, const spec::Setup& setup,
             const spec::Observes& seen) {
  Finding finding;
  finding.behaviour = &behaviour;
  for (std::size_t value = 0; value < behaviour.count; ++value) finding.values.push_back(value);
  bool is_separating = false;
  for (const Answer& answer : answers) {
    if (answer.trace->behaviour != behaviour.name) continue;
    finding.traces.push_back(answer.trace->text);
    if (!answer.not_asked.empty()) {
      finding.not_asked = answer.not_asked;
      continue;
    }
    const auto first = model_of(behaviour.changed(nearest, 0), setup, answer.sequence);
    for (std::size_t value = 0; value < behaviour.count; ++value) {
      const auto run = model_of(behaviour.changed(nearest, value), setup, answer.sequence);
      is_separating = is_separating || !is_alike(first, run, seen);
      if (!is_alike(run, answer.recording, seen)) std::erase(finding.values, value);
    }
  }
  finding.is_invisible = !is_separating && finding.values.size() == behaviour.count;
  return finding;
}

}  // namespace

std::optional<std::size_t> first_difference(const Recording& one, const Recording& other,
                                            const spec::Observes& seen) {
  for (std::size_t i = 0; i < std::min(one.outcomes.size(), other.outcomes.size()); ++i) {
    if (one.outcomes[i] != other.outcomes[i]) return i;
    const bool both_looked = i < one.snapshots.size() && i < other.snapshots.size();
    if (both_looked && properties::difference(one.snapshots[i], other.snapshots[i], seen)) return i;
  }
  return std::nullopt;
}

bool is_alike(const Recording& one, const Recording& other, const spec::Observes& seen) {
  return !first_difference(one, other, seen);
}

std::expected<Identity, spec::ToolFault> identify(spec::System& kernel, const spec::Setup& setup) {
  const auto answers = ask(kernel, setup);
  if (!answers) return std::unexpected(answers.error());
  const auto seen = kernel.observes();
  Identity identity;
  identity.nearest = &nearest_to(*answers, setup, seen);
  identity.profile = *identity.nearest;
  identity.is_exact = true;
  for (const spec::Behaviour& behaviour : spec::behaviours()) {
    auto found = find(behaviour, *answers, *identity.nearest, setup, seen);
    const auto expected = behaviour.get(*identity.nearest);
    const bool is_as_expected =
        !found.not_asked.empty() || std::ranges::find(found.values, expected) != found.values.end();
    identity.is_exact = identity.is_exact && is_as_expected;
    if (!is_as_expected && !found.values.empty())
      behaviour.set(identity.profile, found.values.front());
    identity.findings.push_back(std::move(found));
  }
  return identity;
}

}  // namespace vmadiff::cli
