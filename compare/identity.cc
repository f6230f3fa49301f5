// compare: finding a kernel's behaviours.
#include "compare/identity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "compare/call_pattern.h"
#include "compare/deciding_traces.h"
#include "properties/claims/difference.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"
#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

/// A trace, and what the kernel did with it.
struct Answer {
  const spec::Behaviour* behaviour = nullptr;  ///< null: what all profiles have in common
  std::string about;
  std::string_view text;
  std::string_view needs;  ///< of the machine, as a set-up's text
  spec::Setup setup{};     ///< on which it was asked
  spec::Sequence sequence{};
  Recording recording{};
  std::string not_asked{};
};

std::expected<void, spec::ToolFault> ask(spec::System& kernel, Answer& answer) {
  if (auto reason = systems::why_no_setup(kernel.name(), answer.needs)) {
    answer.not_asked = *std::move(reason);
    return {};
  }
  // The table's own words; a test reads each.
  static_cast<void>(spec::read_setup_text(answer.needs, answer.setup));
  answer.sequence = spec::parse_trace(answer.text).trace.sequence;
  if (auto reason = systems::why_no_answer_to(kernel.name(), answer.sequence)) {
    answer.not_asked = *std::move(reason);
    return {};
  }
  auto recording =
      retried([&] { return record(kernel, answer.setup, answer.sequence, Snapshots::kEveryStep); });
  if (!recording && recording.error().passes) {
    answer.not_asked = recording.error().message;
    return {};
  }
  if (!recording) return std::unexpected(recording.error());
  answer.recording = *std::move(recording);
  return {};
}

std::expected<std::vector<Answer>, spec::ToolFault> ask_all(spec::System& kernel,
                                                            const spec::Setup& setup) {
  std::vector<Answer> answers;
  for (const DecidingTrace& trace : deciding_traces()) {
    const auto behaviour =
        std::ranges::find(spec::behaviours(), trace.behaviour, &spec::Behaviour::name);
    answers.push_back({.behaviour = &*behaviour,
                       .about = fmt::format("{} ({})", behaviour->what, behaviour->name),
                       .text = trace.text,
                       .needs = trace.setup,
                       .setup = setup});
  }
  for (const CommonTrace& trace : common_traces()) {
    answers.push_back({.behaviour = nullptr,
                       .about = std::string{trace.about},
                       .text = trace.text,
                       .needs = {},
                       .setup = setup});
  }
  for (Answer& answer : answers) {
    if (auto asked = ask(kernel, answer); !asked) return std::unexpected(asked.error());
  }
  return answers;
}

/// What the model does under a profile.
Recording model_of(const spec::KernelProfile& profile, const Answer& answer) {
  const auto model = systems::make_like(systems::kModel, profile);
  // A model runs in this process and has no faults.
  return record(*model, answer.setup, answer.sequence, Snapshots::kEveryStep).value();
}

bool does_as(const spec::KernelProfile& profile, const Answer& answer, const spec::Observes& seen) {
  return is_alike(model_of(profile, answer), answer.recording, seen);
}

/// The profiles that do most of what was asked as the kernel does.
std::vector<const spec::KernelProfile*> nearest_to(const std::vector<Answer>& answers,
                                                   const spec::Observes& seen) {
  const auto likeness = [&](const spec::KernelProfile& profile) {
    return std::ranges::count_if(answers, [&](const Answer& answer) {
      return answer.not_asked.empty() && does_as(profile, answer, seen);
    });
  };
  std::vector<const spec::KernelProfile*> best;
  std::ptrdiff_t most = -1;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    const auto alike = likeness(profile);
    if (alike > most) best.clear();
    most = std::max(alike, most);
    if (alike == most) best.push_back(&profile);
  }
  return best;
}

BehaviourFound find(const spec::Behaviour& behaviour, const std::vector<Answer>& answers,
                    const spec::KernelProfile& others, const spec::Observes& seen) {
  BehaviourFound finding;
  finding.behaviour = &behaviour;
  for (std::size_t value = 0; value < behaviour.count; ++value) finding.values.push_back(value);
  bool is_separating = false;
  for (const Answer& answer : answers) {
    if (answer.behaviour != &behaviour) continue;
    finding.traces.push_back(answer.text);
    if (!answer.not_asked.empty()) {
      finding.not_asked = answer.not_asked;
      continue;
    }
    const auto first = model_of(behaviour.changed(others, 0), answer);
    for (std::size_t value = 0; value < behaviour.count; ++value) {
      const auto run = model_of(behaviour.changed(others, value), answer);
      is_separating = is_separating || !is_alike(first, run, seen);
      if (!is_alike(run, answer.recording, seen)) std::erase(finding.values, value);
    }
  }
  finding.is_invisible = !is_separating && finding.values.size() == behaviour.count;
  return finding;
}

/// What each behaviour is, and in `profile` the profile that they make. A behaviour can hide
/// another's value (without KSM for processes nothing shows when its flag is set), so each is asked
/// about again until nothing changes.
std::vector<BehaviourFound> find_all(const std::vector<Answer>& answers,
                                     spec::KernelProfile& profile, const spec::Observes& seen) {
  constexpr int kRoundsMax = 4;
  std::vector<BehaviourFound> findings;
  bool has_changed = true;
  for (int round = 0; has_changed && round < kRoundsMax; ++round) {
    has_changed = false;
    findings.clear();
    for (const spec::Behaviour& behaviour : spec::behaviours()) {
      auto found = find(behaviour, answers, profile, seen);
      if (!found.values.empty() &&
          std::ranges::find(found.values, behaviour.get(profile)) == found.values.end()) {
        behaviour.set(profile, found.values.front());
        has_changed = true;
      }
      findings.push_back(std::move(found));
    }
  }
  return findings;
}

std::ptrdiff_t special_calls(const Unknown& unknown) {
  return std::ranges::count_if(unknown.sequence,
                               [](const spec::Step& step) { return !is_plain(step.call); });
}

/// Whether `other` may be no more than another sight of `one`: it has the calls that depend on it.
bool covers(const Unknown& one, const Unknown& other) {
  auto rest = other.sequence;
  leave_out(pattern_of(one.sequence), rest);
  return rest.size() < other.sequence.size() ||
         (special_calls(one) == 0 && special_calls(other) == 0 && one.seen == other.seen);
}

/// Where the kernel does otherwise than the model under the profile that was found.
std::vector<Unknown> unknown_in(const std::vector<Answer>& answers,
                                const spec::KernelProfile& profile, const spec::Observes& seen) {
  // The trace with the least beside it tells what depends on it.
  std::multimap<std::ptrdiff_t, Unknown> met;
  for (const Answer& answer : answers) {
    if (!answer.not_asked.empty()) continue;
    const auto run = model_of(profile, answer);
    const auto step = first_difference(answer.recording, run, seen);
    if (!step) continue;
    Unknown one{.about = answer.about,
                .seen = what_differs(answer.sequence, answer.recording, run, *step, seen),
                .sequence = {answer.sequence.begin(),
                             answer.sequence.begin() + static_cast<std::ptrdiff_t>(*step) + 1}};
    const auto calls = special_calls(one);
    met.emplace(calls, std::move(one));
  }
  std::vector<Unknown> unknown;
  for (auto& [calls, one] : met) {
    const auto same = std::ranges::find_if(
        unknown, [&other = one](const Unknown& earlier) { return covers(earlier, other); });
    if (same == unknown.end()) {
      unknown.push_back(std::move(one));
    } else {
      same->about += fmt::format("; {}", one.about);
    }
  }
  return unknown;
}

}  // namespace

std::string values_text(const BehaviourFound& found) {
  if (!found.not_asked.empty()) return fmt::format("not asked: {}", found.not_asked);
  if (found.values.empty()) return "none that is known";
  if (found.is_invisible) return "cannot be seen, as its other behaviours are";
  std::vector<std::string_view> names;
  for (const std::size_t value : found.values) names.push_back(found.behaviour->value_name(value));
  return fmt::format("{}", fmt::join(names, " or "));
}

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

std::string what_differs(const spec::Sequence& sequence, const Recording& kernel,
                         const Recording& other, std::size_t step, const spec::Observes& seen) {
  const auto call = spec::name(sequence[step].call);
  const auto& a = kernel.outcomes[step];
  const auto& b = other.outcomes[step];
  if (kind_of(a) != kind_of(b))
    return fmt::format("{} gives {}, not {}", call, kind_of(a), kind_of(b));
  if (a != b) return fmt::format("{} gives {}, not {}", call, spec::text(a), spec::text(b));
  const auto d = properties::difference(kernel.snapshots[step], other.snapshots[step], seen);
  return fmt::format("{} leaves another layout{}", call,
                     d ? fmt::format(" ({})", properties::name(d->field)) : "");
}

std::expected<Identity, spec::ToolFault> identify(spec::System& kernel, const spec::Setup& setup) {
  const auto answers = ask_all(kernel, setup);
  if (!answers) return std::unexpected(answers.error());
  const auto seen = kernel.observes();
  Identity identity;
  identity.alike = nearest_to(*answers, seen);
  // Of several the last, which is the newest.
  identity.nearest = identity.alike.back();
  // As many traces may fit without being the same ones.
  std::erase_if(identity.alike, [&](const spec::KernelProfile* other) {
    return std::ranges::any_of(*answers, [&](const Answer& answer) {
      return answer.not_asked.empty() &&
             !is_alike(model_of(*other, answer), model_of(*identity.nearest, answer), seen);
    });
  });
  identity.profile = *identity.nearest;
  identity.findings = find_all(*answers, identity.profile, seen);
  identity.unknown = unknown_in(*answers, identity.profile, seen);
  identity.is_exact =
      identity.unknown.empty() && spec::profile_text(identity.profile) == identity.nearest->name;
  return identity;
}

}  // namespace vmadiff::compare
