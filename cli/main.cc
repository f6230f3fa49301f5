// cli: the vmadiff command. It reads the command line, runs the command, and makes sure that what
// was printed has arrived.
#include <csignal>
#include <exception>

#include "cli/command_line.h"
#include "cli/first_process.h"
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/systems.h"

namespace vmadiff::cli {
namespace {

struct Run {
  ExitStatus operator()(const CheckOptions& options) const {
    choose_guests(options.guest);
    return check(options);
  }
  ExitStatus operator()(const ReplayOptions& options) const {
    choose_guests(options.guest);
    return replay(options);
  }
  ExitStatus operator()(const LayoutOptions& options) const {
    choose_guests(options.guest);
    return layout(options);
  }
  ExitStatus operator()(const MinimizeOptions& options) const {
    choose_guests(options.guest);
    return minimize(options);
  }
  ExitStatus operator()(const ExportCOptions& options) const {
    choose_guests(options.guest);
    return export_c(options);
  }
  ExitStatus operator()(const IdentifyOptions& options) const {
    choose_guests(options.guest);
    return identify(options);
  }
  ExitStatus operator()(const DiffOptions& options) const {
    choose_guests(options.guest);
    return diff(options);
  }
  ExitStatus operator()(const DoctorOptions& options) const {
    choose_guests(options.guest);
    return doctor(options);
  }
  ExitStatus operator()(const ListProfiles&) const { return list_profiles(); }
  ExitStatus operator()(const ListSystems&) const { return list_systems(); }
  ExitStatus operator()(const ListKernels&) const { return list_kernels(); }
  ExitStatus operator()(const FetchKernel& options) const { return fetch_kernel(options); }
  ExitStatus operator()(const RunInGuest& options) const { return run_in_guest(options); }
};

ExitStatus run(int argc, const char* const* argv) {
  const auto command = parse_command_line(argc, argv);
  const auto status = command ? std::visit(Run{}, *command) : command.error();
  return finish_output(status);
}

}  // namespace
}  // namespace vmadiff::cli

int main(int argc, char** argv) {
  using vmadiff::cli::ExitStatus;
  vmadiff::cli::prepare_output();
  // What a caller may have chosen to ignore: children that end must be waited for, or their numbers
  // are others' at once. A file that must not grow is an error to be told, not a death.
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGXFSZ, SIG_IGN);
  vmadiff::cli::stand_in_for_init();
  try {
    return static_cast<int>(vmadiff::cli::run(argc, argv));
  } catch (const std::exception& fault) {
    // No command lets an exception out: one that comes here is a fault of the tool.
    return static_cast<int>(vmadiff::cli::refuse(
        {ExitStatus::kLacks, std::string{"fault of the tool: "} + fault.what()}));
  }
}
