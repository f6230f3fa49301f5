// cli: the bisect command.
#include "cli/bisect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cli/kernel_row.h"
#include "cli/trace_file.h"
#include "compare/bisection.h"
#include "compare/release_history.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_store.h"
#include "process/interrupt.h"
#include "reports/quoting.h"
#include "spec/behaviours.h"

namespace vmadiff::cli {
namespace {

using compare::Likeness;
using compare::ReleaseAnswer;
using process::ExitStatus;
using process::Refusal;

/// What a command that makes a kernel says where this one cannot be made (git bisect run's word).
constexpr int kCannotMake = 125;
constexpr std::string_view kPlace = "{}";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end != 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string with_word(std::string command, std::string_view word) {
  const auto quoted = reports::shell_word(word);
  for (auto at = command.find(kPlace); at != std::string::npos;
       at = command.find(kPlace, at + quoted.size()))
    command.replace(at, kPlace.size(), quoted);
  return command;
}

/// The kernel that the command makes of the word; nothing where it says that there is none.
std::expected<std::optional<std::string>, Refusal> made_by(const std::string& command,
                                                           std::string_view word) {
  const auto line = with_word(command, word);
  fmt::print(stderr, "running {}\n", reports::printable_line(line));
  const kernel::CommandWatch watch{.on_line =
                                       [](std::string_view said) {
                                         fmt::print(stderr, "  {}\n",
                                                    reports::printable_line(said));
                                       },
                                   .interrupted = process::is_interrupted};
  const auto ran = kernel::run_command({"sh", "-c", line}, {}, watch);
  if (!ran) return process::lacks(ran.error().message);
  if (process::is_interrupted()) return process::lacks("interrupted");
  if (ran->status == kCannotMake) return std::nullopt;
  if (ran->status != 0) {
    return process::lacks(fmt::format("{}: status {} (125 would leave this one out): {}", line,
                                      ran->status, reports::printable_line(ran->errors)));
  }
  auto lines = lines_of(ran->output);
  if (lines.empty())
    return process::lacks(
        fmt::format("{}: expected a kernel's name or file as the last line it prints", line));
  return std::move(lines.back());
}

/// Kernels by the words for them, each made and asked once.
class Bench {
 public:
  Bench(const BisectOptions& options, const TraceFile& file) : options_(options), file_(file) {}

  /// What it did; why not, where it cannot be asked.
  std::expected<ReleaseAnswer, Refusal> answer(const std::string& word) {
    // A kernel that is there by that name needs no command.
    std::string kernel = word;
    if (!options_.command.empty() && !kernel::find_kernel(word)) {
      const auto made = made_by(options_.command, word);
      if (!made) return std::unexpected(made.error());
      if (!*made) return cannot(word, "its command says that there is none (125)");
      kernel = **made;
    }
    return answer_of_kernel(word, kernel);
  }

  std::expected<ReleaseAnswer, Refusal> answer_of_kernel(const std::string& word,
                                                         const std::string& kernel) {
    const auto system = system_of_kernel(kernel);
    if (!system) return std::unexpected(system.error());
    std::optional<ReleaseAnswer> answer;
    const auto asked = ask_kernel(
        *system,
        [&](const compare::AskedKernel& it,
            const compare::Identity&) -> std::expected<void, spec::ToolFault> {
          auto given = compare::answer_of(it, file_.directives.setup, file_.trace.sequence);
          if (!given) return std::unexpected(given.error());
          answer = *std::move(given);
          return {};
        });
    if (!asked) return cannot(word, asked.error().message);
    // A revision is known by its own name, and by that of the kernel that was made of it.
    if (word != kernel) answer->name = fmt::format("{}: {}", word, answer->name);
    return *std::move(answer);
  }

 private:
  static ReleaseAnswer cannot(const std::string& word, std::string reason) {
    return {.name = word, .model = {}, .recording = {}, .not_asked = std::move(reason)};
  }

  const BisectOptions& options_;
  const TraceFile& file_;
};

struct Ends {
  ReleaseAnswer good;
  ReleaseAnswer bad;
};

std::expected<Ends, Refusal> ask_ends(Bench& bench, const BisectOptions& options,
                                      const TraceFile& file) {
  Ends ends;
  for (auto [word, end, option] : {std::tuple{&options.good, &ends.good, "--good"},
                                   std::tuple{&options.bad, &ends.bad, "--bad"}}) {
    auto answer = bench.answer(*word);
    if (!answer) return std::unexpected(answer.error());
    if (!answer->not_asked.empty())
      return process::lacks(fmt::format("{} {}: {}", option, *word, answer->not_asked));
    *end = *std::move(answer);
  }
  if (!compare::change_between(ends.good, ends.bad, file.trace.sequence)) {
    return process::bad_input(
        fmt::format("{}: {} and {} do the same with it: there is nothing to look for", file.path,
                    ends.good.name, ends.bad.name));
  }
  return ends;
}

std::expected<std::vector<std::string>, Refusal> revisions_between(const BisectOptions& options) {
  const auto range = fmt::format("{}..{}", options.good, options.bad);
  const auto listed = kernel::run_command({"git", "-C", options.tree, "rev-list", "--reverse",
                                           "--first-parent", "--end-of-options", range, "--"});
  if (!listed || listed->status != 0) {
    return process::bad_input(fmt::format(
        "{} are no revisions of a git tree in {}: name what stands between them, --between A,B,C{}",
        range, reports::printable_line(options.tree),
        listed ? fmt::format(" ({})", reports::printable_line(listed->errors)) : ""));
  }
  auto revisions = lines_of(listed->output);
  if (revisions.empty()) {
    return process::bad_input(
        fmt::format("{}: nothing stands between them: the good one must come first", range));
  }
  revisions.pop_back();  // the bad one itself
  return revisions;
}

std::expected<std::vector<std::string>, Refusal> fetched_between(const BisectOptions& options) {
  std::vector<std::string> names;
  for (const auto& kernel : kernel::stored_kernels()) names.push_back(kernel.name);
  const auto good = std::ranges::find(names, options.good);
  const auto bad = std::ranges::find(names, options.bad);
  if (good == names.end() || bad == names.end()) {
    return process::bad_input(
        fmt::format("--good {}, --bad {}: not both are kernels that were fetched: name what stands "
                    "between them, --between A,B,C, or give a --kernel-command",
                    options.good, options.bad));
  }
  // The newer may be the good one: then it is looked for where something was mended.
  if (bad < good) {
    std::vector<std::string> back{std::next(bad), good};
    std::ranges::reverse(back);
    return back;
  }
  return std::vector<std::string>{std::next(good), bad};
}

std::expected<std::vector<std::string>, Refusal> row_of(const BisectOptions& options) {
  if (!options.between.empty()) {
    std::vector<std::string> words;
    std::string_view rest = options.between;
    for (;;) {
      const auto comma = rest.find(',');
      words.emplace_back(rest.substr(0, comma));
      if (words.back().empty())
        return process::bad_input("--between: expected words between commas");
      if (comma == std::string_view::npos) return words;
      rest.remove_prefix(comma + 1);
    }
  }
  return options.command.empty() ? fetched_between(options) : revisions_between(options);
}

/// "MEMORY merges (name=value)" of each behaviour behind it.
void print_change(const compare::ReleaseChange& change, const ReleaseAnswer& after,
                  const spec::Sequence& sequence) {
  fmt::print("  call {}: {}\n", change.step + 1, change.what);
  fmt::print("  {}\n",
             spec::text(spec::Step{sequence[change.step].process, sequence[change.step].call, {}}));
  if (!change.cause) return;
  for (const std::string& name : change.cause->behaviours) {
    const auto behaviour = std::ranges::find(spec::behaviours(), name, &spec::Behaviour::name);
    fmt::print("  {} ({}={})\n", behaviour->what, name,
               behaviour->value_name(behaviour->get(after.model.profile)));
  }
}

std::string_view word_for(Likeness likeness) {
  switch (likeness) {
    case Likeness::kGood:
      return "good";
    case Likeness::kBad:
      return "bad";
    case Likeness::kNeither:
      break;
  }
  return "neither";
}

std::expected<Likeness, Refusal> judge(const ReleaseAnswer& answer, const Ends& ends) {
  if (process::is_interrupted()) return process::lacks("interrupted");
  const auto likeness =
      answer.not_asked.empty()
          ? compare::likeness_of(answer.recording, ends.good.recording, ends.bad.recording)
          : Likeness::kNeither;
  fmt::print("{:<8}{}{}\n", word_for(likeness), answer.name,
             answer.not_asked.empty() ? "" : ": " + reports::printable_line(answer.not_asked));
  std::fflush(stdout);
  return likeness;
}

std::expected<ExitStatus, Refusal> search(const BisectOptions& options, const TraceFile& file) {
  const auto between = row_of(options);
  if (!between) return std::unexpected(between.error());
  Bench bench{options, file};
  const auto ends = ask_ends(bench, options, file);
  if (!ends) return std::unexpected(ends.error());
  fmt::print("good    {}\nbad     {}\n{} between them\n", ends->good.name, ends->bad.name,
             between->size());
  std::fflush(stdout);
  std::map<std::size_t, ReleaseAnswer> answers{{0, ends->good}, {between->size() + 1, ends->bad}};
  const auto found =
      compare::bisect(between->size() + 2, [&](std::size_t at) -> std::expected<Likeness, Refusal> {
        auto answer = bench.answer((*between)[at - 1]);
        if (!answer) return std::unexpected(answer.error());
        return judge(answers.insert_or_assign(at, *std::move(answer)).first->second, *ends);
      });
  if (!found) return std::unexpected(found.error());
  const auto& good = answers.at(found->good);
  const auto& bad = answers.at(found->bad);
  fmt::print("first bad: {}\n  last good: {}\n", bad.name, good.name);
  if (found->bad - found->good > 1) {
    fmt::print("  not to be judged, between them: {}\n",
               fmt::join(between->begin() + static_cast<std::ptrdiff_t>(found->good),
                         between->begin() + static_cast<std::ptrdiff_t>(found->bad - 1), ", "));
  }
  if (const auto change = compare::change_between(good, bad, file.trace.sequence))
    print_change(*change, bad, file.trace.sequence);
  return ExitStatus::kHeld;
}

/// Of the kernel that --kernel names, or that the command makes of nothing.
std::expected<ExitStatus, Refusal> judge_one(const BisectOptions& options, const TraceFile& file) {
  std::string kernel = options.chosen.kernel;
  if (kernel.empty()) {
    const auto made = made_by(options.command, {});
    if (!made) return std::unexpected(made.error());
    if (!*made) {
      fmt::print("neither: its command says that there is none (125)\n");
      return ExitStatus::kNeither;
    }
    kernel = **made;
  }
  BisectOptions plain = options;
  plain.command.clear();
  Bench bench{plain, file};
  const auto ends = ask_ends(bench, plain, file);
  if (!ends) return std::unexpected(ends.error());
  const auto answer = bench.answer_of_kernel(kernel, kernel);
  if (!answer) return std::unexpected(answer.error());
  const auto likeness = judge(*answer, *ends);
  if (!likeness) return std::unexpected(likeness.error());
  switch (*likeness) {
    case Likeness::kGood:
      return ExitStatus::kHeld;
    case Likeness::kBad:
      return ExitStatus::kFinding;
    case Likeness::kNeither:
      break;
  }
  return ExitStatus::kNeither;
}

}  // namespace

ExitStatus bisect(const BisectOptions& options) {
  const bool is_of_one = !options.chosen.kernel.empty() ||
                         (!options.command.empty() && !options.command.contains(kPlace));
  // For git bisect run a status of 2 or 3 would be a bad kernel.
  const auto refused = [is_of_one](Refusal refusal) {
    if (is_of_one) refusal.status = ExitStatus::kEndsBisection;
    return process::refuse(refusal);
  };
  const auto file = read_trace(options.path);
  if (!file) return refused({ExitStatus::kBadInput, file.error()});
  process::watch_for_interrupts();
  const auto status = is_of_one ? judge_one(options, *file) : search(options, *file);
  return status ? *status : refused(status.error());
}

}  // namespace vmadiff::cli
