// compare: one sequence on several kernels.
#include "compare/release_history.h"

#include <algorithm>
#include <utility>

#include "spec/setup_text.h"
#include "systems/offer.h"

namespace vmadiff::compare {

std::expected<ReleaseAnswer, spec::ToolFault> answer_of(const AskedKernel& kernel,
                                                        const std::string& setup_words,
                                                        const spec::Sequence& sequence) {
  ReleaseAnswer answer{
      .name = kernel.name, .model = kernel.model, .recording = {}, .not_asked = {}};
  const auto system = kernel.system->name();
  auto reason = systems::why_no_setup(system, setup_words);
  // A kernel without names is asked for none, unless the trace wants such a one.
  auto wanted = kernel.model.setup;
  wanted.vma_names = true;
  static_cast<void>(spec::read_setup_text(setup_words, wanted));
  if (!reason) reason = systems::why_not_on(system, wanted, sequence);
  if (reason) {
    answer.not_asked = *std::move(reason);
    return answer;
  }
  // Who read the trace has said what is wrong with them.
  static_cast<void>(spec::read_setup_text(setup_words, answer.model.setup));
  auto recording = retried(
      [&] { return record(*kernel.system, answer.model.setup, sequence, Snapshots::kEveryStep); });
  if (!recording && recording.error().passes) {
    answer.not_asked = recording.error().message;
    return answer;
  }
  if (!recording) return std::unexpected(recording.error());
  answer.recording = *std::move(recording);
  return answer;
}

std::vector<Era> eras_of(std::span<const ReleaseAnswer> answers) {
  std::vector<Era> eras;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].not_asked.empty()) continue;
    if (!eras.empty()) {
      const auto& before = answers[eras.back().last].recording;
      const auto& now = answers[i].recording;
      if (is_alike(before, now, both(before.observes, now.observes))) {
        eras.back().last = i;
        continue;
      }
    }
    eras.push_back({i, i});
  }
  return eras;
}

std::optional<ReleaseChange> change_between(const ReleaseAnswer& before, const ReleaseAnswer& after,
                                            const spec::Sequence& sequence) {
  const auto seen = both(before.recording.observes, after.recording.observes);
  const auto step = first_difference(after.recording, before.recording, seen);
  if (!step) return std::nullopt;
  ReleaseChange change{
      .step = *step,
      .what = what_differs(sequence, after.recording, before.recording, *step, seen),
      .cause = {}};
  auto cause = cause_of(before.model, after.model, sequence, seen);
  if (cause && cause->step == change.step) change.cause = std::move(cause);
  return change;
}

}  // namespace vmadiff::compare
