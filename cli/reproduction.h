// cli: a trace with what a system does with it, for those who write it in another form.
#pragma once

#include <expected>
#include <string_view>

#include "cli/trace_file.h"
#include "process/exit_status.h"
#include "reports/reproduction.h"

namespace vmadiff::cli {

/// Runs the trace on the system and keeps what each step gave. `profile` empty: the trace's own;
/// else the default one, or the newest under which the trace says that it holds. Where a result is
/// another than the one that is written in the trace, that is said on stderr.
[[nodiscard]] std::expected<reports::Reproduction, process::Refusal> reproduction_of(
    const TraceFile& file, std::string_view system, std::string_view profile);

}  // namespace vmadiff::cli
