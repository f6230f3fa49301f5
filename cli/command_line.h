// cli: the command line. What can be asked is a variant of option structs, one per subcommand.
#pragma once

#include <expected>
#include <string>
#include <variant>

#include "cli/bisect.h"
#include "cli/build_kernel.h"
#include "cli/check.h"
#include "cli/completion.h"
#include "cli/decide.h"
#include "cli/diff.h"
#include "cli/distill.h"
#include "cli/doctor.h"
#include "cli/explain.h"
#include "cli/export.h"
#include "cli/history.h"
#include "cli/identify.h"
#include "cli/import.h"
#include "cli/kernels.h"
#include "cli/layout.h"
#include "cli/manual.h"
#include "cli/minimize.h"
#include "cli/nightly.h"
#include "cli/record.h"
#include "cli/replay.h"
#include "cli/show.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

struct ListProfiles {
  bool history = false;
};
struct ListSystems {};

using Command =
    std::variant<CheckOptions, ReplayOptions, LayoutOptions, MinimizeOptions, ExportOptions,
                 ListProfiles, ListSystems, ListKernels, ListAvailableKernels, FetchKernels,
                 RunInGuest, BuildKernel, IdentifyOptions, DiffOptions, DoctorOptions,
                 HistoryOptions, BisectOptions, DecideOptions, ExplainOptions, ImportStraceOptions,
                 ImportSyzOptions, ImportCrashOptions, RecordOptions, NightlyOptions,
                 DistillOptions, ShowOptions, PrintCompletions, CompleteWords, PrintManual>;

/// Reads argv. --help and --version are answered here (kHeld), bad usage is said on stderr
/// (kBadInput): both end the program, and are the unexpected value.
[[nodiscard]] std::expected<Command, process::ExitStatus> parse_command_line(
    int argc, const char* const* argv);

}  // namespace vmadiff::cli
