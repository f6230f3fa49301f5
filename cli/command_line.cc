// cli: the command line, by CLI11. Only names, types and help stand here; what a value means is
// decided by the command.
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "campaign/in_flight.h"
#include "kernel/tree/sanitizer.h"

namespace vmadiff::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  vmadiff check                                   model, implementation and this kernel, 60 s
  vmadiff check --systems model,impl --ops 1000000 --seed 1
  vmadiff check --systems model,host --profile linux-6.12 --out findings
  vmadiff replay findings/0123456789abcdef.trace --verbose
  vmadiff replay corpus
  vmadiff kernels fetch debian-6.12
  vmadiff check --systems model,guest --kernel debian-6.12 --profile linux-6.12
  vmadiff layout corpus/seeds/anon-merge-left.trace --system host
  vmadiff minimize big.trace -o small.trace
  vmadiff export c small.trace -o small.c && cc -Wall small.c -o small && ./small

Exit status: 0 everything held; 1 a finding; 2 bad usage or bad input; 3 this machine lacks what
was asked for.)";

constexpr const char* kSystemsHelp =
    "systems to compare, the expected one first: model,impl,host,guest";
constexpr const char* kProfileHelp =
    "kernel profile: auto (the default) is what the real kernel that takes part is found to be; a "
    "name ('vmadiff profiles' lists them) is held to strictly, with differences where there are: "
    "'linux-6.18 dontunmap_source=cut-out'";
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

/// Of any virtual machine, whatever its kernel.
void add_machine_options(CLI::App* app, systems::KernelChoice& kernels) {
  app->add_option("--append", kernels.append, "more for the guest's kernel command line");
  app->add_option("--memory", kernels.memory_mib, "of a guest, MiB")
      ->check(CLI::Range(256, 65536))
      ->capture_default_str();
  app->add_option("--cpus", kernels.cpus, "of a guest")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app->add_option("--memory-limit", kernels.memory_limit_mib,
                  "that one sequence may take on the host, MiB (default: half of the machine's, at "
                  "most 1024)")
      ->check(CLI::Range(16, 1 << 20));
  app->add_option("--cpu-limit", kernels.cpu_limit_seconds,
                  "CPU time that one sequence may take on the host, s")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

void add_guest_options(CLI::App* app, systems::KernelChoice& kernels) {
  app->add_option("--kernel", kernels.kernel,
                  "of the system guest: a bzImage, debian-6.12, or what was built");
  add_machine_options(app, kernels);
}

void add_kernel_options(CLI::App* app, systems::KernelChoice& kernels) {
  add_guest_options(app, kernels);
  app->add_option("--tree", kernels.tree,
                  "of the system tree: the directory of a kernel's source, or linux-7.3");
  app->add_option("--tree-coverage", kernels.tree_coverage,
                  "where to write which lines of a tree's code were run, by gcov");
  app->add_option("--sanitize", kernels.sanitize,
                  "of a tree's code: address, undefined, or address,undefined")
      ->check([](const std::string& words) {
        return kernel::is_sanitizer(words)
                   ? std::string{}
                   : fmt::format("'{}': expected address, undefined or address,undefined", words);
      });
}

/// For check and diff.
template <typename Options>
void add_budget_options(CLI::App* app, Options& o) {
  auto* time = app->add_option("--time", o.time, "budget of time: 60s (the default), 10m, 2h");
  auto* ops = app->add_option("--ops", o.operations, "budget in calls")
                  ->check(whole_number)
                  ->check(CLI::PositiveNumber);
  auto* sequences = app->add_option("--sequences", o.sequences, "budget in sequences of calls")
                        ->check(whole_number)
                        ->check(CLI::PositiveNumber);
  time->excludes(ops)->excludes(sequences);
  ops->excludes(sequences);
  app->add_option("--seed", o.seed, "seed of the run (default: random, printed)")
      ->check(whole_number);
}

/// For check and replay: forms for machines.
template <typename Options>
void add_test_options(CLI::App* app, Options& o) {
  auto* json = app->add_flag("--json", o.json, "print JSON, one object a line");
  auto* ktap = app->add_flag("--ktap", o.ktap, "print KTAP, as the kernel's tests do");
  json->excludes(ktap);
  app->add_option("--junit", o.junit, "besides, write JUnit XML to this file");
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
  add_budget_options(app, *o);
  using properties::Swarming;
  const std::map<std::string, Swarming> swarmings{
      {"none", Swarming::kNone}, {"calls", Swarming::kCalls}, {"arena", Swarming::kCallsAndArena}};
  app->add_option("--swarm", o->swarming,
                  "what each sequence draws for itself: nothing, its families of calls, these and "
                  "the size of its arena")
      ->transform(CLI::CheckedTransformer(swarmings).description("none, calls or arena"))
      ->default_str("calls");
  app->add_option("--jobs", o->jobs, "threads, each with systems of its own")
      ->check(CLI::Range(std::size_t{1}, campaign::kJobsMax))
      ->capture_default_str();
  app->add_option("--max-findings", o->max_findings, "end after so many different findings")
      ->check(whole_number)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--out", o->out, "directory for findings, made when there is one")
      ->capture_default_str();
  app->add_option("--html", o->html, "where a page of the campaign goes (default: none is made)");
  app->add_option(
      "--sights", o->sights,
      "directory where what is seen waits to be made small: a run that is killed leaves "
      "it there, and the next one takes it up first");
  add_test_options(app, *o);
  app->add_flag("--bare-time", o->bare_time,
                "say at the end how much of the time the real kernels' calls took by themselves");
  app->add_flag("--coverage", o->coverage,
                "count the behaviours that are met, and steer towards those that are not");
  app->add_flag(
      "--faults", o->faults,
      "make each allocation of each call fail in turn, and check what comes of it (--systems "
      "model,impl)");
  app->add_option("--confirm", o->confirm,
                  "ask this booted kernel about each finding of a tree's code: guest:KERNEL, host");
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_replay(CLI::App& top) {
  auto* app = top.add_subcommand("replay", "run traces and assert the results written in them");
  auto [o, made] = entry<ReplayOptions>(app);
  app->add_option("paths", o->paths, "trace files, or directories with *.trace files")->required();
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  auto* verbose = app->add_flag("--verbose", o->verbose, "show the layout after each step");
  auto* update = app->add_flag(
      "--update", o->update,
      "write what each trace ends with into it, in '#=' lines, where the systems agree");
  add_test_options(app, *o);
  for (CLI::Option* const text : {verbose, update}) {
    app->get_option("--json")->excludes(text);
    app->get_option("--ktap")->excludes(text);
  }
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_show(CLI::App& top) {
  auto* app = top.add_subcommand(
      "show", "make a page of traces or findings, with a picture for each call, and open it");
  auto [o, made] = entry<ShowOptions>(app);
  app->add_option("paths", o->paths, "trace files, findings' JSON, or directories with them")
      ->required();
  app->add_option("--out", o->out, "the page's file (default: a new one among temporary files)");
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_flag("!--no-open", o->open, "only write it and print its path");
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_layout(CLI::App& top) {
  auto* app = top.add_subcommand("layout", "print the VMAs that a trace leaves, one a line");
  auto [o, made] = entry<LayoutOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("--system", o->system, "model, impl, host or guest")->capture_default_str();
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_option("--process", o->process, "whose: 0 is the first, each fork makes the next")
      ->check(CLI::Range(0, static_cast<int>(spec::kProcessCountMax) - 1))
      ->capture_default_str();
  app->add_flag("--all", o->all, "also the VMAs that were there before");
  add_kernel_options(app, o->chosen);
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
  add_kernel_options(app, o->chosen);
  return made;
}

std::vector<Entry> add_export(CLI::App& top) {
  auto* group = top.add_subcommand("export", "write a trace in a form that other tools take");
  group->require_subcommand(1);
  std::vector<Entry> entries;
  for (const auto& [form, name, what] : export_forms()) {
    auto* app = group->add_subcommand(std::string{name}, std::string{what});
    auto [o, made] = entry<ExportOptions>(app);
    o->form = form;
    app->add_option("file", o->path, "trace file")->required();
    app->add_option("-o,--output", o->output, "where it goes (default: here)");
    app->add_option("--system", o->system, "whose results and layout are the expected ones")
        ->capture_default_str();
    app->add_option("--profile", o->profile, kProfileHelp);
    add_kernel_options(app, o->chosen);
    entries.push_back(made);
  }
  return entries;
}

std::array<Entry, 3> add_import(CLI::App& top) {
  auto* group = top.add_subcommand("import", "make a trace of what another tool wrote");
  group->require_subcommand(1);
  auto* strace = group->add_subcommand("strace", "what strace printed of a program");
  auto [s, of_strace] = entry<ImportStraceOptions>(strace);
  strace->add_option("files", s->files, "its output; with -ff all files, NAME.PID")->required();
  strace->add_option("-o,--output", s->output, "where the trace goes (default: here)");
  auto* syz = group->add_subcommand("syz", "the memory calls of a syzkaller program");
  auto [z, of_syz] = entry<ImportSyzOptions>(syz);
  syz->add_option("file", z->file, "the program's text")->required();
  syz->add_option("-o,--output", z->output, "where the trace goes (default: here)");
  auto* crash = group->add_subcommand("crash", "an input that libFuzzer kept: crash-…");
  auto [c, of_crash] = entry<ImportCrashOptions>(crash);
  crash->add_option("file", c->file, "of fuzz_differential")->required();
  crash->add_option("-o,--output", c->output, "where the trace goes (default: here)");
  return {of_strace, of_syz, of_crash};
}

Entry add_record(CLI::App& top) {
  auto* app = top.add_subcommand(
      "record", "run a program, make a trace of it, and say which of its VMAs are as predicted");
  auto [o, made] = entry<RecordOptions>(app);
  app->add_option("program", o->program, "behind --: the program and its arguments")->required();
  app->add_option("-o,--output", o->output, "where the trace goes (default: none is written)");
  app->add_option("--systems", o->systems, kSystemsHelp);
  app->add_option("--profile", o->profile, kProfileHelp);
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_identify(CLI::App& top) {
  auto* app = top.add_subcommand("identify", "say which behaviours real kernels have");
  auto [o, made] = entry<IdentifyOptions>(app);
  app->add_option("--systems", o->systems, "real kernels: host,guest")->capture_default_str();
  app->add_flag("--verbose", o->verbose, "show the traces that decide");
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_diff(CLI::App& top) {
  auto* app = top.add_subcommand("diff", "say what changed between two real kernels");
  auto [o, made] = entry<DiffOptions>(app);
  app->add_option("--a", o->a, "the one: host, guest:debian-6.12, guest:BZIMAGE")->required();
  app->add_option("--b", o->b, "the other")->required();
  add_budget_options(app, *o);
  app->add_option("--expected", o->expected, "file of differences that are no findings");
  app->add_option("--out", o->out, "directory for traces, made when there is one")
      ->capture_default_str();
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_history(CLI::App& top) {
  auto* app = top.add_subcommand(
      "history", "say what each release does with a trace; without one, which behaviours it has");
  auto [o, made] = entry<HistoryOptions>(app);
  app->add_option("file", o->path, "trace file");
  app->add_option("--kernels", o->kernels,
                  "debian-6.12,debian-7.3,path/to/bzImage,host (default: all that were fetched)");
  app->add_flag("--profiles", o->profiles, "the models of all releases, instead of kernels");
  app->add_option("-o,--output", o->output,
                  "without a trace: where the page goes, in Markdown (default: text, here)");
  add_machine_options(app, o->chosen);
  return made;
}

Entry add_explain(CLI::App& top) {
  auto* app = top.add_subcommand(
      "explain", "tell a trace in words: why each call did what it did, and where it is otherwise");
  auto [o, made] = entry<ExplainOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("--profile", o->profile, kProfileHelp);
  app->add_flag("--json", o->json, "print JSON, one object a step");
  return made;
}

Entry add_bisect(CLI::App& top) {
  auto* app = top.add_subcommand(
      "bisect", "find the first kernel that does with a trace as the bad one does");
  app->footer(R"(Between which kernels:
  --good debian-6.12 --bad debian-7.3             those that were fetched
  --good A --bad B --between C,D,E                the named ones, the oldest first
  --good REV --bad REV --kernel-command 'make-kernel {}' [--tree DIR]
                                                  the revisions of a git tree; the command makes a
                                                  kernel of one, and prints its file as its last line
Of one kernel, for git bisect run (0 good, 1 bad, 125 neither, 128 it cannot go on):
  --good K --bad K --kernel path/to/bzImage
  --good K --bad K --kernel-command make-kernel   of the tree as it is checked out)");
  auto [o, made] = entry<BisectOptions>(app);
  app->add_option("file", o->path, "trace file")->required();
  app->add_option("--good", o->good, "a kernel, or what the command makes one of")->required();
  app->add_option("--bad", o->bad, "the other")->required();
  app->add_option("--kernel-command", o->command,
                  "prints a kernel's name or file as its last line; {} is what it makes one of; "
                  "status 125: not of this one");
  app->add_option("--between", o->between, "A,B,C, the oldest first");
  app->add_option("--tree", o->tree, "the git tree of the revisions")->capture_default_str();
  add_guest_options(app, o->chosen);
  return made;
}

Entry add_decide(CLI::App& top) {
  auto* app = top.add_subcommand(
      "decide", "look for traces that tell behaviours' values apart, where none that is kept does");
  auto [o, made] = entry<DecideOptions>(app);
  app->add_option("behaviours", o->behaviours, "by name (default: all)");
  app->add_option("--out", o->out, "directory for the traces")->capture_default_str();
  app->add_option("--seed", o->seed, "of the sequences")->check(whole_number);
  app->add_option("--sequences", o->sequences, "to be tried for each two values")
      ->check(whole_number)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  return made;
}

Entry add_nightly(CLI::App& top) {
  auto* app = top.add_subcommand(
      "nightly", "run the whole campaign in one bounded command, over a corpus that it keeps");
  app->footer(
      R"(A night that was killed goes on where it was: give the same command again. docs/nightly.md.
Exit status: 1 where this night found something new; 0 where it did not; 3 where a stage failed.)");
  auto [o, made] = entry<NightlyOptions>(app);
  auto* budget = app->add_option("--budget", o->budget, "of time: 2h (the default), 10m, 90s");
  app->add_option("--ops", o->operations,
                  "instead: a budget in calls, with which a night can be repeated")
      ->check(whole_number)
      ->check(CLI::PositiveNumber)
      ->excludes(budget);
  app->add_option("--state", o->state,
                  "directory of what is kept from night to night (default: "
                  "~/.local/state/vmadiff/nightly)");
  app->add_option("--seed", o->seed, "seed of the night (default: random, printed)")
      ->check(whole_number);
  app->add_option("--jobs", o->jobs, "processors that it may use")
      ->check(CLI::Range(std::size_t{1}, campaign::kJobsMax))
      ->capture_default_str();
  app->add_option("--corpus", o->corpus, "directory of traces that hold (default: corpus)");
  app->add_option("--fuzzers", o->fuzzers, "directory of the libFuzzer executables");
  app->add_option("--suites", o->suites, "the program of the RapidCheck suites");
  app->add_option("--only", o->only, "these stages alone, separated by commas");
  app->add_option("--size", o->size, "that the state may take on the disk: 500M, 2G")
      ->capture_default_str();
  app->add_option("--nights", o->nights, "whose reports are kept")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}))
      ->capture_default_str();
  add_test_options(app, *o);
  return made;
}

Entry add_distill(CLI::App& top) {
  auto* app = top.add_subcommand(
      "distill", "keep of many sequences the few that meet all the behaviours that they meet");
  auto [o, made] = entry<DistillOptions>(app);
  app->add_option("from", o->from, "traces, inputs of fuzz_differential, or directories of them");
  app->add_option("--out", o->out, "directory for the traces that are kept")->required();
  app->add_option("--profile", o->profile, kProfileHelp);
  auto* time = app->add_option("--time", o->time, "generate sequences besides, for so long: 60s");
  app->add_option("--ops", o->operations, "generate so many calls besides")
      ->check(whole_number)
      ->check(CLI::PositiveNumber)
      ->excludes(time);
  app->add_option("--seed", o->seed, "of what is generated (default: random)")->check(whole_number);
  return made;
}

Entry add_doctor(CLI::App& top) {
  auto* app = top.add_subcommand(
      "doctor",
      "say what this machine, a guest or a tree is to a comparison: traits, what is left out");
  auto [o, made] = entry<DoctorOptions>(app);
  add_kernel_options(app, o->chosen);
  return made;
}

Entry add_profiles(CLI::App& top) {
  auto* app = top.add_subcommand("profiles", "list the profiles and their behaviours");
  auto [o, made] = entry<ListProfiles>(app);
  app->add_flag(
      "--history", o->history,
      "each release as what changed since the one before it, and where that is known from");
  return made;
}

/// "kernels" alone lists; the inner command stands first, since both are then parsed.
std::array<Entry, 5> add_kernels(CLI::App& top) {
  auto* group = top.add_subcommand("kernels", "list the kernels that are at hand by name");
  auto* app = group->add_subcommand(
      "fetch",
      "bring kernels: debian-6.12 is Debian's newest 6.12, linux-7.3 the source of its 7.3");
  auto [o, made] = entry<FetchKernels>(app);
  app->add_option("names", o->names, "debian-X.Y or debian-X.Y.Z")->required();
  auto* available = group->add_subcommand("available", "list the kernels that can be had");
  auto* run = group->add_subcommand(
      "run", "run a program, linked with -static, in a virtual machine with --kernel");
  auto [r, runs] = entry<RunInGuest>(run);
  run->add_option("program", r->program, "its file: a reproducer, say")->required();
  add_guest_options(run, r->chosen);
  auto* build = group->add_subcommand(
      "build", "make a kernel for virtual machines of a source, beside it: built-NAME");
  auto [b, builds] = entry<BuildKernel>(build);
  build->add_option("tree", b->tree, "the directory of a kernel's source, or linux-7.3")
      ->required();
  build->add_flag("--debug", b->debug,
                  "with the kernel's checks of VMAs, maple trees and locks: DEBUG_VM, "
                  "DEBUG_VM_MAPLE_TREE, PROVE_LOCKING");
  build->add_flag("--kasan", b->kasan, "with KASAN");
  build->add_option("--config", b->config, "a file with more for its configuration: CONFIG_NAME=y");
  build->add_option("--as", b->as, "the NAME (default: the tree's, and what is asked for)");
  build->add_option("--jobs", b->jobs, "compilers at a time (default: one a processor)")
      ->check(CLI::Range(1, 1024));
  return {made, runs, builds, entry<ListAvailableKernels>(available).second,
          entry<ListKernels>(group).second};
}

Entry add_completions(CLI::App& top) {
  auto* app = top.add_subcommand("completions", "print what makes a shell complete command lines");
  auto [o, made] = entry<PrintCompletions>(app);
  app->add_option("shell", o->shell, "bash, zsh or fish")->required();
  return made;
}

/// A group without a name is not shown: only the shells' scripts ask this.
Entry add_complete(CLI::App& top) {
  auto* app = top.add_subcommand("complete", "what could stand next")->group("");
  auto [o, made] = entry<CompleteWords>(app);
  app->add_option("words", o->words, "behind --: the words so far");
  return made;
}

bool is_shown(const CLI::App& app) { return !app.get_group().empty(); }

/// The subcommand that was being read when parsing stopped.
const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.back());
}

/// What would be right at this place: the options and subcommands by name.
std::string alternatives(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) {
    if (is_shown(*sub)) names.push_back(sub->get_name());
  }
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

process::ExitStatus say_and_end(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error);
    return process::ExitStatus::kHeld;
  }
  const CLI::App& at = innermost(app);
  const auto name = &at == &app ? std::string{"vmadiff"} : fmt::format("vmadiff {}", at.get_name());
  return process::refuse_input(
      fmt::format("{}\n{} takes: {}", error.what(), name, alternatives(at)));
}

/// Everything that can be asked.
class CommandLine {
 public:
  CommandLine();
  CLI::App app{"vmadiff: does every system end up with the same VMAs, and are they the right ones?",
               "vmadiff"};
  std::vector<Entry> entries;  ///< in the order in which --help lists them
};

CommandLine::CommandLine() {
  app.set_version_flag("--version", "vmadiff " VMADIFF_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  const auto [fetch_kernels, run_in_kernel, build, available_kernels, list_kernels] =
      add_kernels(app);
  entries = {fetch_kernels,  run_in_kernel,   build,         available_kernels, list_kernels,
             add_check(app), add_replay(app), add_show(app), add_layout(app),   add_minimize(app)};
  for (const Entry& form : add_export(app)) entries.push_back(form);
  for (const Entry& form : add_import(app)) entries.push_back(form);
  entries.insert(
      entries.end(),
      {add_record(app), add_identify(app), add_diff(app), add_history(app), add_explain(app),
       add_bisect(app), add_decide(app), add_nightly(app), add_distill(app), add_doctor(app),
       add_profiles(app),
       entry<ListSystems>(app.add_subcommand("systems", "list the systems, and which run here"))
           .second,
       add_completions(app), add_complete(app),
       entry<PrintManual>(app.add_subcommand("manual", "print the manual page, for man")).second});
}

/// What an option is, but for how it is parsed.
OptionText text_of(const CLI::Option& option) {
  OptionText text{.names = {},
                  .positional = {},
                  .help = option.get_description(),
                  .default_value = option.get_default_str(),
                  .takes_value = option.get_items_expected_max() > 0,
                  .takes_several = option.get_items_expected_max() > 1,
                  .is_required = option.get_required()};
  for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  if (text.names.empty()) text.positional = option.get_name(true);
  return text;
}

/// CLI11 gives a subcommand its parent's.
bool has_own_footer(const CLI::App& app) {
  return app.get_parent() == nullptr || app.get_footer() != app.get_parent()->get_footer();
}

CommandText text_of(const CLI::App& app) {
  CommandText text{.name = app.get_name(),
                   .help = app.get_description(),
                   .footer = has_own_footer(app) ? app.get_footer() : "",
                   .options = {},
                   .commands = {}};
  for (const CLI::Option* option : app.get_options()) text.options.push_back(text_of(*option));
  for (const CLI::App* inner : app.get_subcommands({})) {
    if (is_shown(*inner)) text.commands.push_back(text_of(*inner));
  }
  return text;
}

}  // namespace

CommandText command_text() { return text_of(CommandLine{}.app); }

std::expected<Command, process::ExitStatus> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(say_and_end(line.app, error));
  }
  for (const Entry& e : line.entries) {
    if (e.app->parsed()) return e.command();
  }
  return std::unexpected(process::refuse_input("no command was given"));
}

}  // namespace vmadiff::cli
