// cli: the replay command.
#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/cast.h"
#include "cli/choices.h"
#include "cli/end_update.h"
#include "cli/fleet.h"
#include "cli/trace_file.h"
#include "cli/verdict.h"
#include "compare/recording.h"
#include "reports/json.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "reports/test_results.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// What became of one file.
struct Answer {
  enum class Kind : std::uint8_t { kOk, kFailed, kSkipped, kUnreadable };
  Kind kind = Kind::kOk;
  std::string path;
  std::string profile;  ///< as text; empty where it was not read so far
  std::vector<std::string> systems;
  std::string left_out;
  std::string reason;  ///< of what was skipped or cannot be read
  Verdict verdict;
  std::string_view update_note = {};  ///< "; updated", where it was asked for
};

std::string_view name(Answer::Kind kind) {
  using Kind = Answer::Kind;
  switch (kind) {
    case Kind::kOk:
      break;
    case Kind::kFailed:
      return "failed";
    case Kind::kSkipped:
      return "skipped";
    case Kind::kUnreadable:
      return "unreadable";
  }
  return "ok";
}

reports::TestResult test_result(const Answer& answer) {
  using Kind = Answer::Kind;
  using reports::TestOutcome;
  reports::TestResult out{
      .name = answer.path, .reason = answer.reason, .details = {}, .seconds = {}};
  switch (answer.kind) {
    case Kind::kOk:
      break;
    case Kind::kFailed:
      out.outcome = TestOutcome::kFailed;
      out.reason = "it does not hold under " + answer.profile;
      break;
    case Kind::kSkipped:
      out.outcome = TestOutcome::kSkipped;
      break;
    case Kind::kUnreadable:
      out.outcome = TestOutcome::kBroken;
      break;
  }
  out.details = answer.verdict.notes;
  out.details.insert(out.details.end(), answer.verdict.failures.begin(),
                     answer.verdict.failures.end());
  return out;
}

nlohmann::ordered_json json_of(const Answer& answer) {
  nlohmann::ordered_json out{
      {"type", "replay"}, {"file", answer.path}, {"verdict", name(answer.kind)}};
  if (!answer.profile.empty()) out["profile"] = answer.profile;
  if (!answer.systems.empty()) out["systems"] = answer.systems;
  if (!answer.left_out.empty()) out["left_out"] = answer.left_out;
  if (!answer.reason.empty()) out["reason"] = answer.reason;
  if (!answer.verdict.counts.empty()) out["counts"] = answer.verdict.counts;
  if (!answer.verdict.notes.empty()) out["notes"] = answer.verdict.notes;
  if (!answer.verdict.failures.empty()) out["failures"] = answer.verdict.failures;
  return out;
}

/// Counts answers, and prints each as it comes in the form that was asked for.
class Printer {
 public:
  Printer(const ReplayOptions& options, std::size_t files) : options_(options), files_(files) {
    if (options_.ktap) fmt::print("{}", reports::ktap_head(files));
  }

  /// The line of a file, before what `print_steps` has to say of it.
  void begin(const Answer& answer) {
    ++counts_[static_cast<std::size_t>(answer.kind)];
    const auto result = test_result(answer);
    if (options_.ktap) {
      fmt::print("{}", reports::ktap_line(++number_, result));
    } else if (options_.json) {
      fmt::print("{}\n", reports::dumped(json_of(answer)));
    } else {
      print_text(answer);
    }
    if (!options_.junit.empty()) suite_.results.push_back(result);
  }

  void end(const Answer& answer) const {
    if (options_.ktap || options_.json) return;
    for (const std::string& failure : answer.verdict.failures) fmt::print("  {}\n", failure);
  }

  [[nodiscard]] process::ExitStatus finish() const {
    using Kind = Answer::Kind;
    const auto count = [&](Kind kind) { return counts_[static_cast<std::size_t>(kind)]; };
    if (options_.json) {
      fmt::print("{}\n", reports::dumped({{"type", "replay-summary"},
                                          {"files", files_},
                                          {"ok", count(Kind::kOk)},
                                          {"failed", count(Kind::kFailed)},
                                          {"skipped", count(Kind::kSkipped)},
                                          {"unreadable", count(Kind::kUnreadable)}}));
    } else if (!options_.ktap) {
      fmt::print("{} ok, {} failed, {} skipped, {} unreadable\n", count(Kind::kOk),
                 count(Kind::kFailed), count(Kind::kSkipped), count(Kind::kUnreadable));
    }
    if (!options_.junit.empty()) {
      const auto written =
          reports::write_atomically(options_.junit, reports::junit_xml({&suite_, 1}));
      if (!written) return process::refuse_input(written.error().message);
    }
    if (count(Kind::kFailed) != 0) return process::ExitStatus::kFinding;
    return count(Kind::kUnreadable) != 0 ? process::ExitStatus::kBadInput
                                         : process::ExitStatus::kHeld;
  }

 private:
  static void print_text(const Answer& answer) {
    using Kind = Answer::Kind;
    if (answer.kind == Kind::kUnreadable) {
      process::refuse_input(answer.reason);
      return;
    }
    if (answer.kind == Kind::kSkipped) {
      fmt::print("skipped {}  ({})\n", answer.path, answer.reason);
      return;
    }
    fmt::print("{} {}  ({}; {}{}{}{}{}{})\n", answer.kind == Kind::kOk ? "ok     " : "FAILED ",
               answer.path, answer.profile, systems::joined(answer.systems),
               answer.left_out.empty() ? "" : "; without ", answer.left_out,
               answer.verdict.counts.empty() ? "" : "; ", answer.verdict.counts,
               answer.update_note);
    for (const std::string& note : answer.verdict.notes) fmt::print("  {}\n", note);
  }

  const ReplayOptions& options_;
  std::size_t files_;
  std::size_t number_ = 0;
  std::array<std::size_t, 4> counts_{};
  reports::TestSuite suite_{.name = "replay", .results = {}};
};

/// What one file is run on, and what had to be left out.
struct ReplayPlan {
  spec::KernelProfile profile;
  Cast cast;
};

std::expected<ReplayPlan, process::Refusal> plan(const TraceFile& file,
                                                 const ReplayOptions& options) {
  const auto& directives = file.directives;
  const auto choice =
      choose(options.systems, options.profile.empty() ? directives.profile : options.profile);
  if (!choice) return std::unexpected(choice.error());
  return ReplayPlan{choice->profile, cast_of(file, choice->systems.systems)};
}

/// The layout after each step: the first system's, and each other's that differs from it. Step by
/// step, so that no more than one layout of each is kept.
std::expected<void, spec::ToolFault> print_steps(const TraceFile& file,
                                                 const std::vector<spec::System*>& systems,
                                                 const spec::Setup& setup) {
  spec::Observes seen;
  for (spec::System* system : systems) {
    seen = both(seen, system->observes());
    if (auto started = system->start(setup); !started) return started;
  }
  const auto& sequence = file.trace.sequence;
  std::vector<bool> is_dead(systems.size());
  spec::Snapshot now;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    fmt::print("{:4} {}\n", i + 1, spec::text(spec::Step{step.process, step.call, {}}));
    std::vector<std::string> first;  // as far as all of them observe it
    for (std::size_t s = 0; s < systems.size(); ++s) {
      const auto outcome = systems[s]->apply(step.process, step.call);
      is_dead[s] = is_dead[s] || outcome.is_death();
      now.vmas.clear();
      if (!is_dead[s]) {
        if (auto looked = systems[s]->snapshot(step.process, now); !looked) return looked;
      }
      auto common = compare::layout_lines(now, seen, false);
      common.push_back(spec::text(outcome));
      if (s != 0 && common == first) continue;
      fmt::print("     {} = {}\n", systems[s]->name(), spec::text(outcome));
      for (const auto& line : compare::layout_lines(now, systems[s]->observes(), false)) {
        fmt::print("       {}\n", line);
      }
      if (s == 0) first = std::move(common);
    }
  }
  return {};
}

/// Writes what the trace ends with into its file: "; updated"; "; unchanged" where that stands
/// there.
std::expected<std::string_view, std::string> update(const std::string& path, std::string_view text,
                                                    const TraceFile& file,
                                                    const EndWitnesses& witnesses) {
  const auto updated = with_ends(text, file, witnesses);
  if (!updated) return std::unexpected(updated.error());
  if (*updated == text) return "; unchanged";
  const auto written = reports::write_atomically(path, *updated);
  if (!written) return std::unexpected(written.error().message);
  return "; updated";
}

/// A file as it was found.
struct FoundInTrace {
  const std::string& path;
  std::string_view text;
  TraceFile file;
};

std::expected<void, process::Refusal> replay_one(const FoundInTrace& found,
                                                 const ReplayOptions& options, Fleet& fleet,
                                                 Printer& printer) {
  const TraceFile& file = found.file;
  auto planned = plan(file, options);
  if (!planned) return std::unexpected(planned.error());
  Answer answer{.path = file.path,
                .profile = spec::profile_text(planned->profile),
                .systems = {},
                .left_out = planned->cast.left_out,
                .reason = {},
                .verdict = {}};
  const auto skip = [&](const std::string& why) -> std::expected<void, process::Refusal> {
    answer.kind = Answer::Kind::kSkipped;
    answer.reason = why;
    printer.begin(answer);
    return {};
  };
  if (!is_as_written(file, planned->profile)) {
    return skip(fmt::format("it holds under {}: not under {}",
                            fmt::join(file.directives.holds, ", "), answer.profile));
  }
  if (planned->cast.systems.empty()) return skip(planned->cast.left_out);
  std::vector<spec::System*> systems;
  for (const std::string& name : planned->cast.systems) {
    const auto system = fleet.get(name, planned->profile);
    if (!system) return std::unexpected(system.error());
    systems.push_back(*system);
  }
  const auto setup = systems::setup_for(planned->cast.systems);
  if (!setup) return process::lacks(setup.error().message);
  const auto begin = setup_of(file, *setup);
  // What is written anew need not hold as it was.
  auto judged = file;
  if (options.update) judged.directives.ends.clear();
  auto verdict = judge(judged, systems, planned->profile, begin);
  if (!verdict) return process::lacks(verdict.error().message);
  if (options.update && verdict->failures.empty()) {
    const auto updated = update(found.path, found.text, file, {systems, planned->profile, begin});
    if (updated) {
      answer.update_note = *updated;
    } else {
      verdict->failures.push_back(updated.error());
    }
  }
  answer.kind = verdict->failures.empty() ? Answer::Kind::kOk : Answer::Kind::kFailed;
  answer.systems = planned->cast.systems;
  answer.verdict = *std::move(verdict);
  printer.begin(answer);
  if (options.verbose) {
    if (auto printed = print_steps(file, systems, begin); !printed) {
      return process::lacks(printed.error().message);
    }
  }
  printer.end(answer);
  return {};
}

}  // namespace

process::ExitStatus replay(const ReplayOptions& options) {
  const auto files = find_traces(options.paths);
  if (!files) return process::refuse_input(files.error());
  if (files->empty()) return process::refuse_input("there is no *.trace file in what was given");
  // A wrong --profile or --systems is said once, not once a file.
  const auto systems = choose_systems(options.systems, options.profile);
  if (!systems) return process::refuse(systems.error());

  Fleet fleet;
  Printer printer{options, files->size()};
  for (const std::string& path : *files) {
    const auto text = read_trace_text(path);
    auto file = text ? trace_of_text(path, *text) : std::unexpected(text.error());
    if (!file) {
      printer.begin({.kind = Answer::Kind::kUnreadable,
                     .path = reports::printable_line(path),
                     .profile = {},
                     .systems = {},
                     .left_out = {},
                     .reason = file.error(),
                     .verdict = {}});
      continue;
    }
    if (auto done = replay_one({path, *text, *std::move(file)}, options, fleet, printer); !done)
      return process::refuse(done.error());
  }
  return printer.finish();
}

}  // namespace vmadiff::cli
