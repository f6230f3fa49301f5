// cli: the command line, by CLI11. Only names, types and help stand here; what a value means is
// decided by the command.
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/in_flight.h"

namespace vmadiff::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  vmadiff check                                   model, implementation and this kernel, 60 s
  vmadiff check --systems model,impl --ops 1000000 --seed 1
  vmadiff check --systems model,host --profile linux-6.12 --out findings
  vmadiff replay findings/0123456789abcdef.trace --verbose
  vmadiff replay corpus
  vmadiff layout corpus/seeds/two-adjacent.trace --system host
  vmadiff minimize big.trace -o small.trace
  vmadiff export c small.trace -o small.c && cc -Wall small.c -o small && ./small

Exit status: 0 everything held; 1 a finding; 2 bad usage or bad input; 3 this machine lacks what
was asked for.)";

constexpr const char* kSystemsHelp = "systems to compare, the expected one first: model,impl,host";
constexpr const char* kProfileHelp = "kernel profile ('vmadiff profiles' lists them)";
constexpr const char* kPropertiesHelp =
    "all, equivalence, invariants, relations, or names, separated by commas";

/// Refuses what CLI11 would take for a number of its own making: a sign, a fraction, trailing text.
std::string whole_number(const std::string& text) {
  const bool hex = text.starts_with("0x");
  const auto digits = std::string_view{text}.substr(hex ? 2 : 0);
  std::uint64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  if (error == std::errc{} && stop == end) return {};
  return fmt::format("'{}': expected a whole number of at most 64 bits", text);
}

/// A subcommand, and how its options become a Command once it is chosen.
struct Entry {
  CLI::App* app;
  std::function<Command()> command;
};

/// The options live as long as the returned entry: CLI11 writes into them while it parses.
template <typename Options>
std::pair<std::shared_ptr<Options>, Entry> entry(CLI::App* app) {
  auto options = std::make_shared<Options>();
  return {options, {app, [options] { return Command{*options}; }}};
}

Entry add_check(CLI::App& top) {
  auto* app = top.add_subcommand("check", "generate sequences, run them, compare, shrink, report");
  auto [o, made] = entry<CheckOptions>(app);
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_option("--properties", o->properties, kPropertiesHelp);
  auto* time = app->add_option("--time", o->time, "budget of time: 60s (the default), 10m, 2h");
  auto* ops = app->add_option("--ops", o->operations, "budget in calls")
                  ->check(whole_number)
                  ->check(CLI::PositiveNumber);
  auto* sequences = app->add_option("--sequences", o->sequences, "budget in sequences of calls")
                        ->check(whole_number)
                        ->check(CLI::PositiveNumber);
  time->excludes(ops)->excludes(sequences);
  ops->excludes(sequences);
  app->add_option("--seed", o->seed, "seed of the run (default: random, printed)")
      ->check(whole_number);
  app->add_option("--jobs", o->jobs, "threads, each with systems of its own")
      ->check(CLI::Range(std::size_t{1}, kJobsMax))
      ->capture_default_str();
  app->add_option("--max-findings", o->max_findings, "end after so many different findings")
      ->check(whole_number)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--out", o->out, "directory for findings, made when there is one")
      ->capture_default_str();
  app->add_flag("--json", o->json, "print JSON, one object a line");
  app->add_flag("--coverage", o->coverage,
                "count the behaviours that are met, and steer towards those that are not");
  return made;
}

Entry add_replay(CLI::App& top) {
  auto* app = top.add_subcommand("replay", "run traces and assert the results written in them");
  auto [o, made] = entry<ReplayOptions>(app);
  app->add_option("paths", o->paths, "trace files, or directories with *.trace files")->required();
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_flag("--verbose", o->verbose, "show the layout after each step");
  return made;
}

Entry add_layout(CLI::App& top) {
  auto* app = top.add_subcommand("layout", "print the VMAs that a trace leaves, one a line");
  auto [o, made] = entry<LayoutOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("--system", o->system, "model, impl or host")->capture_default_str();
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_flag("--all", o->all, "also the VMAs that were there before");
  return made;
}

Entry add_minimize(CLI::App& top) {
  auto* app = top.add_subcommand("minimize", "make a trace that shows a finding smaller");
  auto [o, made] = entry<MinimizeOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("-o,--output", o->output, "where the smaller trace goes")->required();
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_option("--properties", o->properties, kPropertiesHelp);
  return made;
}

Entry add_export_c(CLI::App& top) {
  auto* group = top.add_subcommand("export", "write a trace in another form");
  group->require_subcommand(1);
  auto* app = group->add_subcommand("c", "a C program that runs the trace and checks the layout");
  auto [o, made] = entry<ExportCOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("-o,--output", o->output, "where the C file goes")->required();
  app->add_option("--system", o->system, "whose results and layout are the expected ones")
      ->capture_default_str();
  app->add_option("--profile", o->profile, kProfileHelp);
  return made;
}

/// The subcommand that was being read when parsing stopped.
const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.back());
}

/// What would be right at this place: the options and subcommands by name.
std::string alternatives(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

ExitStatus say_and_end(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error);
    return ExitStatus::kHeld;
  }
  const CLI::App& at = innermost(app);
  const auto name = &at == &app ? std::string{"vmadiff"} : fmt::format("vmadiff {}", at.get_name());
  return refuse_input(fmt::format("{}\n{} takes: {}", error.what(), name, alternatives(at)));
}

}  // namespace

std::expected<Command, ExitStatus> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"vmadiff: does every system end up with the same VMAs, and are they the right ones?",
               "vmadiff"};
  app.set_version_flag("--version", "vmadiff " VMADIFF_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  const std::vector<Entry> entries{
      add_check(app),
      add_replay(app),
      add_layout(app),
      add_minimize(app),
      add_export_c(app),
      entry<ListProfiles>(app.add_subcommand("profiles", "list the profiles and their behaviours"))
          .second,
      entry<ListSystems>(app.add_subcommand("systems", "list the systems, and which run here"))
          .second,
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(say_and_end(app, error));
  }
  for (const Entry& e : entries) {
    if (e.app->parsed()) return e.command();
  }
  return std::unexpected(refuse_input("no command was given"));
}

}  // namespace vmadiff::cli
