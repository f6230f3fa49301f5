// cli: the vmadiff command. It reads the command line, runs the command, and makes sure that what
// was printed has arrived.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include "cli/command_line.h"
#include "cli/lists.h"
#include "process/exit_status.h"
#include "process/first_process.h"
#include "process/output.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// What takes time is said on stderr.
process::ExitStatus with(systems::KernelChoice chosen, auto command, const auto& options) {
  chosen.on_step = [](std::string_view what) { fmt::print(stderr, "{}\n", what); };
  systems::choose_kernels(chosen);
  const auto status = command(options);
  const auto coverage = systems::tree_coverage();
  if (!coverage) return process::refuse({process::ExitStatus::kLacks, coverage.error().message});
  fmt::print(stderr, "{}", *coverage);
  return status;
}

struct Run {
  process::ExitStatus operator()(const CheckOptions& options) const {
    return with(options.chosen, check, options);
  }
  process::ExitStatus operator()(const ReplayOptions& options) const {
    return with(options.chosen, replay, options);
  }
  process::ExitStatus operator()(const ShowOptions& options) const {
    return with(options.chosen, show, options);
  }
  process::ExitStatus operator()(const LayoutOptions& options) const {
    return with(options.chosen, layout, options);
  }
  process::ExitStatus operator()(const MinimizeOptions& options) const {
    return with(options.chosen, minimize, options);
  }
  process::ExitStatus operator()(const ExportOptions& options) const {
    return with(options.chosen, export_trace, options);
  }
  process::ExitStatus operator()(const IdentifyOptions& options) const {
    return with(options.chosen, identify, options);
  }
  process::ExitStatus operator()(const DiffOptions& options) const {
    return with(options.chosen, diff, options);
  }
  process::ExitStatus operator()(const DoctorOptions& options) const {
    return with(options.chosen, doctor, options);
  }
  process::ExitStatus operator()(const HistoryOptions& options) const {
    return with(options.chosen, history, options);
  }
  process::ExitStatus operator()(const ExplainOptions& options) const {
    return explain_trace(options);
  }
  process::ExitStatus operator()(const DecideOptions& options) const { return decide(options); }
  process::ExitStatus operator()(const BisectOptions& options) const {
    return with(options.chosen, bisect, options);
  }
  process::ExitStatus operator()(const ListProfiles& options) const {
    return list_profiles(options.history);
  }
  process::ExitStatus operator()(const ListSystems&) const { return list_systems(); }
  process::ExitStatus operator()(const ListKernels&) const { return list_kernels(); }
  process::ExitStatus operator()(const ListAvailableKernels&) const {
    return list_available_kernels();
  }
  process::ExitStatus operator()(const FetchKernels& options) const {
    return fetch_kernels(options);
  }
  process::ExitStatus operator()(const BuildKernel& options) const { return build_kernel(options); }
  process::ExitStatus operator()(const ImportStraceOptions& options) const {
    return import_strace(options);
  }
  process::ExitStatus operator()(const ImportSyzOptions& options) const {
    return import_syz(options);
  }
  process::ExitStatus operator()(const ImportCrashOptions& options) const {
    return import_crash(options);
  }
  process::ExitStatus operator()(const RecordOptions& options) const {
    return with(options.chosen, record_program, options);
  }
  process::ExitStatus operator()(const NightlyOptions& options) const { return nightly(options); }
  process::ExitStatus operator()(const DistillOptions& options) const { return distill(options); }
  process::ExitStatus operator()(const RunInGuest& options) const { return run_in_guest(options); }
  process::ExitStatus operator()(const PrintCompletions& options) const {
    return print_completions(options);
  }
  process::ExitStatus operator()(const CompleteWords& options) const {
    return complete_words(options);
  }
  process::ExitStatus operator()(const PrintManual&) const { return print_manual(); }
};

process::ExitStatus run(int argc, const char* const* argv) {
  const auto command = parse_command_line(argc, argv);
  const auto status = command ? std::visit(Run{}, *command) : command.error();
  return process::finish_output(status);
}

}  // namespace
}  // namespace vmadiff::cli

int main(int argc, char** argv) {
  namespace process = vmadiff::process;
  process::prepare_output();
  // What a caller may have chosen to ignore: children that end must be waited for, or their numbers
  // are others' at once. A file that must not grow is an error to be told, not a death.
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGXFSZ, SIG_IGN);
  process::stand_in_for_init();
  try {
    return static_cast<int>(vmadiff::cli::run(argc, argv));
  } catch (const std::exception& fault) {
    // No command lets an exception out: one that comes here is a fault of the tool.
    return static_cast<int>(process::refuse(
        {process::ExitStatus::kLacks, std::string{"fault of the tool: "} + fault.what()}));
  }
}
