// cli: the diff command.
#include "cli/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "cli/choices.h"
#include "cli/status_line.h"
#include "compare/comparison.h"
#include "compare/expected_differences.h"
#include "compare/identity.h"
#include "process/budget.h"
#include "process/interrupt.h"
#include "process/output.h"
#include "reports/quoting.h"
#include "reports/side_by_side.h"
#include "reports/store.h"
#include "spec/trace_text.h"
#include "systems/offer.h"

namespace vmadiff::cli {
namespace {

/// One of the two, ready to run.
struct Side {
  std::string name;
  std::unique_ptr<spec::System> system;
  compare::Identity identity;
  compare::ComparedKernel compared;
};

std::expected<Side, process::Refusal> open_side(const std::string& option,
                                                const std::string& words) {
  const auto choice = choose_systems(words, {});
  if (!choice) return std::unexpected(choice.error());
  Side side{.name = choice->systems.front(), .system = {}, .identity = {}, .compared = {}};
  if (choice->systems.size() != 1 || !systems::is_real(side.name)) {
    return process::bad_input(
        fmt::format("{} {}: expected one real kernel: host, guest or guest:KERNEL", option, words));
  }
  const auto setup = systems::setup_for(choice->systems);
  if (!setup) return process::lacks(setup.error().message);
  auto system = systems::make_system(side.name, *choose_profile({}));
  if (!system) return process::lacks(system.error().message);
  side.system = *std::move(system);
  auto identity = compare::identify(*side.system, *setup);
  if (!identity) return process::lacks(identity.error().message);
  side.identity = *std::move(identity);
  side.compared = {.system = side.system.get(),
                   .model = {.profile = side.identity.profile, .setup = *setup}};
  return side;
}

properties::View view_of(const Side& side, const compare::Recording& recording, std::size_t step) {
  properties::View view{.system = side.name,
                        .outcome = recording.outcomes[step],
                        .snapshot = {},
                        .observes = side.system->observes()};
  if (step < recording.snapshots.size()) view.snapshot = recording.snapshots[step];
  return view;
}

/// Prints groups, and writes their traces.
class DiffReporter {
 public:
  DiffReporter(const Side& a, const Side& b, const compare::ExpectedDifferences& expected,
               std::string out)
      : a_(a), b_(b), expected_(expected), out_(std::move(out)) {}

  void report(const compare::DifferenceGroup& group) {
    const auto because = expectation(group);
    if (because.empty()) ++new_groups_;
    fmt::print("\n{}: {}\n", because.empty() ? "DIFFERENCE" : "EXPECTED", group.name);
    if (!because.empty()) fmt::print("  because {}\n", because);
    const auto why = reasons(group);
    for (const std::string& line : why) fmt::print("  {}\n", line);
    const auto path = write(group, why);
    fmt::print("\n{}", steps_text(group));
    const std::vector views{view_of(a_, group.a, group.step), view_of(b_, group.b, group.step)};
    fmt::print("\nlayouts after call {}\n{}", group.step + 1, reports::side_by_side(views));
    if (!path.empty()) fmt::print("\ntrace\n  {}\n", reports::shell_path(path));
    std::fflush(stdout);
  }

  [[nodiscard]] std::size_t new_groups() const { return new_groups_; }

 private:
  /// The reason why it is expected: the list's for its name, or for each of its behaviours; empty
  /// where it is not.
  [[nodiscard]] std::string expectation(const compare::DifferenceGroup& group) const {
    if (const auto whole = expected_.find(group.name); whole != expected_.end())
      return whole->second;
    if (!group.cause) return {};
    std::vector<std::string> reasons;
    for (const std::string& behaviour : group.cause->behaviours) {
      const auto part = expected_.find(behaviour);
      if (part == expected_.end()) return {};
      reasons.push_back(part->second);
    }
    return fmt::format("{}", fmt::join(reasons, "; "));
  }

  /// Which behaviours it is, and whether they are known.
  [[nodiscard]] std::vector<std::string> reasons(const compare::DifferenceGroup& group) const {
    if (!group.cause) return {"the model does not explain it: not known"};
    std::vector<std::string> lines;
    for (const std::string& name : group.cause->behaviours) {
      const auto b = std::ranges::find(spec::behaviours(), name, &spec::Behaviour::name);
      const auto of = [&](const Side& side) { return b->get(side.identity.profile); };
      lines.push_back(fmt::format("{}: {} on {}, {} on {}", b->what, b->value_name(of(a_)), a_.name,
                                  b->value_name(of(b_)), b_.name));
      lines.push_back(fmt::format("known: so do {}, and {}", profiles_with(*b, of(a_)),
                                  profiles_with(*b, of(b_))));
    }
    return lines;
  }

  static std::string profiles_with(const spec::Behaviour& behaviour, std::size_t value) {
    std::vector<std::string_view> names;
    for (const spec::KernelProfile& profile : spec::profiles()) {
      if (behaviour.get(profile) == value) names.push_back(profile.name);
    }
    return fmt::format("{}", fmt::join(names, " and "));
  }

  [[nodiscard]] std::string steps_text(const compare::DifferenceGroup& group) const {
    std::string out = "sequence\n";
    for (std::size_t i = 0; i < group.sequence.size(); ++i) {
      const auto call = spec::Step{group.sequence[i].process, group.sequence[i].call, {}};
      const auto& a = group.a.outcomes[i];
      const auto& b = group.b.outcomes[i];
      out += fmt::format("{} {:3}  {}", i == group.step ? ">>>" : "   ", i + 1, spec::text(call));
      out += a == b ? fmt::format(" = {}\n", spec::text(a))
                    : fmt::format("\n         = {}  ({})\n         = {}  ({})\n", spec::text(a),
                                  a_.name, spec::text(b), b_.name);
    }
    return out;
  }

  /// The results that both gave are asserted.
  [[nodiscard]] std::string write(const compare::DifferenceGroup& group,
                                  const std::vector<std::string>& why) const {
    spec::Trace trace;
    trace.sequence = group.sequence;
    trace.comments.assign(group.sequence.size() + 1, {});
    auto& head = trace.comments.front();
    head.push_back(reports::printable_line(
        fmt::format("# difference of {} and {}: {}", a_.name, b_.name, group.name)));
    for (const std::string& line : why) head.push_back("# " + reports::printable_line(line));
    for (std::size_t i = 0; i < trace.sequence.size(); ++i) {
      auto& step = trace.sequence[i];
      step.expected.reset();
      if (group.a.outcomes[i] == group.b.outcomes[i]) {
        if (!group.a.outcomes[i].is_death()) step.expected = group.a.outcomes[i];
      } else {
        trace.comments[i].push_back(reports::printable_line(
            fmt::format("# {} gives {}, {} gives {}:", a_.name, spec::text(group.a.outcomes[i]),
                        b_.name, spec::text(group.b.outcomes[i]))));
      }
    }
    std::string stem = group.name;
    std::ranges::replace_if(
        stem, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_' && c != '+'; }, '-');
    const auto path = std::filesystem::path{out_} / fmt::format("diff-{}.trace", stem);
    std::error_code error;
    std::filesystem::create_directories(out_, error);
    if (auto written = reports::write_atomically(path, spec::print_trace(trace)); !written) {
      fmt::print(stderr, "vmadiff: the difference is printed, but not written: {}\n",
                 written.error().message);
      return {};
    }
    return path.string();
  }

  const Side& a_;
  const Side& b_;
  const compare::ExpectedDifferences& expected_;
  std::string out_;
  std::size_t new_groups_ = 0;
};

struct DiffPlan {
  Side a;
  Side b;
  compare::ExpectedDifferences expected;
  compare::ComparisonOptions comparison;
  std::string note;
};

std::expected<DiffPlan, process::Refusal> plan(const DiffOptions& options) {
  const auto budget = process::choose_budget(options.time, options.operations, options.sequences);
  if (!budget) return std::unexpected(budget.error());
  if (auto out = process::probe_out(options.out); !out) return std::unexpected(out.error());
  compare::ExpectedDifferences expected;
  if (!options.expected.empty()) {
    auto read = compare::read_expected_differences(options.expected);
    if (!read) return process::bad_input(read.error());
    expected = *std::move(read);
  }
  auto a = open_side("--a", options.a);
  if (!a) return std::unexpected(a.error());
  auto b = open_side("--b", options.b);
  if (!b) return std::unexpected(b.error());
  if (a->name == b->name) {
    return process::bad_input(fmt::format("--a and --b are both {}: expected two", a->name));
  }
  const auto& setup = a->compared.model.setup;
  if (!std::ranges::equal(setup.initial.vmas, b->compared.model.setup.initial.vmas, {},
                          &spec::Vma::range, &spec::Vma::range))
    return process::lacks("the two kernels do not let a program begin with the same mappings");
  const std::array names{a->name, b->name};
  const systems::Offer offer = systems::offer_of(names);
  DiffPlan out{.a = *std::move(a),
               .b = *std::move(b),
               .expected = std::move(expected),
               .comparison = {},
               .note = offer.note};
  auto& generator = out.comparison.generator;
  generator.setup = out.a.compared.model.setup;
  systems::keep_within(offer, generator);
  out.comparison.seed = options.seed ? *options.seed : process::random_seed();
  out.comparison.budget = *budget;
  return out;
}

std::string profile_text(const Side& side) {
  return fmt::format("{}{}", side.identity.is_exact ? "" : "near ", side.identity.nearest->name);
}

}  // namespace

process::ExitStatus diff(const DiffOptions& options) {
  const auto planned = plan(options);
  if (!planned) return process::refuse(planned.error());
  const auto& [a, b, expected, comparison, note] = *planned;
  fmt::print("vmadiff {}  a {} ({})  b {} ({})  seed {:#x}\n", VMADIFF_VERSION, a.name,
             profile_text(a), b.name, profile_text(b), comparison.seed);
  if (!note.empty()) fmt::print("{}\n", note);
  std::fflush(stdout);

  process::watch_for_interrupts();
  process::Progress progress;
  progress.start = std::chrono::steady_clock::now();
  StatusLine status{progress, comparison.budget};
  DiffReporter reporter{a, b, expected, options.out};
  const auto result = compare::compare(a.compared, b.compared, comparison, progress,
                                       {.on_group =
                                            [&](const compare::DifferenceGroup& group) {
                                              status.clear();
                                              reporter.report(group);
                                            },
                                        .on_tick =
                                            [&] {
                                              process::watch_output();
                                              status.tick();
                                            }});
  status.finish(result.operations, result.operations);
  fmt::print("\nsequences            {}\noperations           {}\ndifferences          {}\n",
             result.sequence_count, result.operations, result.sequences.empty() ? "none" : "");
  for (const auto& [name, count] : result.sequences) {
    fmt::print("  {:<50} in {} sequences{}\n", name, count,
               name == compare::kMachineCause
                   ? "  (how the two are set up: memory, limits; no finding)"
                   : "");
  }
  if (result.fault) {
    process::refuse({process::ExitStatus::kLacks,
                     fmt::format("the run ended early: {}", result.fault->message)});
    if (reporter.new_groups() == 0) return process::ExitStatus::kLacks;
  }
  return reporter.new_groups() == 0 ? process::ExitStatus::kHeld : process::ExitStatus::kFinding;
}

}  // namespace vmadiff::cli
