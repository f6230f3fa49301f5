// cli: which of the systems asked for can run a trace. A real kernel cannot be given limits, files
// or memory that it has not: it is left out and named, and what it would have answered is no
// finding.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/trace_file.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

/// Why the system cannot run the trace, in one line; nothing where it can. Requires that it can run
/// at all.
[[nodiscard]] std::optional<std::string> why_not_run(const std::string& system,
                                                     const TraceFile& file);

/// Those that can, and that the trace is for.
struct Cast {
  std::vector<std::string> systems;
  std::string left_out;  ///< "host: the trace has a set-up of its own; …"; empty where none is
};
[[nodiscard]] Cast cast_of(const TraceFile& file, std::span<const std::string> systems);

/// For commands that cannot go on without a system.
[[nodiscard]] process::Refusal nobody_runs(const TraceFile& file, const std::string& left_out);

}  // namespace vmadiff::cli
