// cli: the history command.
#include "cli/history.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <vector>

#include "cli/kernel_row.h"
#include "cli/releases_page.h"
#include "cli/trace_file.h"
#include "compare/release_history.h"
#include "process/interrupt.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "spec/profile_history.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

using compare::ReleaseAnswer;
using Answers = std::vector<ReleaseAnswer>;

/// The models of the releases, in their order; not those of patches.
std::expected<Answers, process::Refusal> ask_profiles(const TraceFile& file) {
  Answers answers;
  const auto setup = spec::Setup::standard();
  for (const spec::KernelProfile& profile : spec::profiles()) {
    if (!spec::is_release(profile)) continue;
    const auto model = systems::make_like(systems::kModel, profile);
    auto answer = compare::answer_of({.name = std::string{profile.name},
                                      .system = model.get(),
                                      .model = {.profile = profile, .setup = setup}},
                                     file.directives.setup, file.trace.sequence);
    if (!answer) {
      return process::lacks(answer.error().message);
    }
    // What no kernel shows is no change of a release.
    answer->recording.observes = spec::kFromOutside;
    answers.push_back(*std::move(answer));
  }
  return answers;
}

std::expected<Answers, process::Refusal> ask_kernels(const std::vector<std::string>& row,
                                                     const TraceFile& file) {
  Answers answers;
  for (const std::string& system : row) {
    if (process::is_interrupted()) break;
    auto asked = ask_kernel(system,
                            [&](const compare::AskedKernel& kernel,
                                const compare::Identity&) -> std::expected<void, spec::ToolFault> {
                              auto answer = compare::answer_of(kernel, file.directives.setup,
                                                               file.trace.sequence);
                              if (!answer) return std::unexpected(answer.error());
                              answers.push_back(*std::move(answer));
                              return {};
                            });
    if (asked) continue;
    // One that does not boot here says so among the others.
    answers.push_back({.name = system.substr(system.find(':') + 1),
                       .model = {},
                       .recording = {},
                       .not_asked = asked.error().message});
  }
  return answers;
}

std::string names_of(const Answers& answers, const compare::Era& era) {
  std::vector<std::string> names;
  for (std::size_t i = era.first; i <= era.last; ++i) {
    if (answers[i].not_asked.empty()) names.push_back(answers[i].name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The call, what it gave, and what it left.
void print_step(const spec::Sequence& sequence, const compare::Recording& recording,
                std::size_t step) {
  fmt::print("  {:4}  {} = {}\n", step + 1,
             spec::text(spec::Step{sequence[step].process, sequence[step].call, {}}),
             spec::text(recording.outcomes[step]));
  if (step >= recording.snapshots.size()) return;
  for (const auto& line :
       compare::layout_lines(recording.snapshots[step], recording.observes, false))
    fmt::print("          {}\n", line);
}

/// The behaviours behind a change, each with where it is known from.
void print_cause(const compare::ReleaseChange& change, const ReleaseAnswer& after) {
  if (!change.cause) {
    fmt::print("        the models do not explain it: not known\n");
    return;
  }
  if (change.cause->behaviours.empty())
    fmt::print("        not the kernels differ, but their machines\n");
  for (const std::string& name : change.cause->behaviours) {
    const auto behaviour = std::ranges::find(spec::behaviours(), name, &spec::Behaviour::name);
    const auto value = behaviour->get(after.model.profile);
    fmt::print("        {} ({}={}{})\n", behaviour->what, name, behaviour->value_name(value),
               origin_text(*behaviour, value));
  }
}

void print_answers(const TraceFile& file, const Answers& answers) {
  const auto& sequence = file.trace.sequence;
  const auto eras = compare::eras_of(answers);
  const auto recording = [&](const compare::Era& era) -> const compare::Recording& {
    return answers[era.first].recording;
  };
  if (eras.size() == 1) {
    fmt::print("all the same: {}\n", names_of(answers, eras.front()));
    if (!sequence.empty()) print_step(sequence, recording(eras.front()), sequence.size() - 1);
  }
  for (std::size_t i = 0; i + 1 < eras.size(); ++i) {
    const auto& before = answers[eras[i].last];
    const auto& after = answers[eras[i + 1].first];
    // Neighbours that are not alike have a change between them.
    const auto change = compare::change_between(before, after, sequence);
    if (!change) continue;
    if (i == 0) {
      fmt::print("{}\n", names_of(answers, eras[i]));
      print_step(sequence, recording(eras[i]), change->step);
    }
    fmt::print("since {}\n", names_of(answers, eras[i + 1]));
    fmt::print("        {}\n", change->what);
    print_step(sequence, recording(eras[i + 1]), change->step);
    print_cause(*change, after);
  }
  for (const ReleaseAnswer& answer : answers) {
    if (!answer.not_asked.empty())
      fmt::print("not asked: {}: {}\n", answer.name, reports::printable_line(answer.not_asked));
  }
}

process::ExitStatus history_of_trace(const HistoryOptions& options,
                                     const std::vector<std::string>& row) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  const auto answers = options.profiles ? ask_profiles(*file) : ask_kernels(row, *file);
  if (!answers) return process::refuse(answers.error());
  fmt::print("{}\n", file->path);
  print_answers(*file, *answers);
  const bool any = std::ranges::any_of(
      *answers, [](const ReleaseAnswer& answer) { return answer.not_asked.empty(); });
  return any ? process::ExitStatus::kHeld : process::ExitStatus::kLacks;
}

process::ExitStatus history_of_behaviours(const HistoryOptions& options,
                                          const std::vector<std::string>& row) {
  std::vector<ReleaseIdentity> releases;
  for (const std::string& system : row) {
    if (process::is_interrupted()) return process::ExitStatus::kLacks;
    auto asked =
        ask_kernel(system,
                   [&](const compare::AskedKernel& kernel,
                       const compare::Identity& identity) -> std::expected<void, spec::ToolFault> {
                     releases.push_back(
                         {.name = kernel.name, .identity = identity, .setup = kernel.model.setup});
                     return {};
                   });
    if (!asked) return process::refuse(asked.error());
  }
  if (options.output.empty()) {
    fmt::print("{}", releases_text(releases));
    return process::ExitStatus::kHeld;
  }
  const auto today = fmt::format("{:%Y-%m-%d}", fmt::localtime(std::time(nullptr)));
  if (auto written = reports::write_atomically(options.output, releases_page(releases, today));
      !written)
    return process::refuse_input(written.error().message);
  fmt::print("{}: {} kernels, {} behaviours\n", reports::printable_line(options.output),
             releases.size(), spec::behaviours().size());
  return process::ExitStatus::kHeld;
}

}  // namespace

process::ExitStatus history(const HistoryOptions& options) {
  if (options.path.empty() && options.profiles) {
    return process::refuse_input(
        "history --profiles: expected a trace; what each profile is, vmadiff profiles --history "
        "says");
  }
  if (!options.path.empty() && !options.output.empty())
    return process::refuse_input("history -o: expected no trace; the page is of all behaviours");
  std::vector<std::string> row;
  if (!options.profiles) {
    auto named = kernel_row(options.kernels);
    if (!named) return process::refuse(named.error());
    row = *std::move(named);
  }
  process::watch_for_interrupts();
  return options.path.empty() ? history_of_behaviours(options, row)
                              : history_of_trace(options, row);
}

}  // namespace vmadiff::cli
