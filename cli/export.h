// cli: export writes a trace in a form that other tools take.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "cli/trace_file.h"
#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

enum class ExportForm : std::uint8_t { kC, kKselftest, kLtp, kSyz, kGtest, kMail };

struct ExportFormName {
  ExportForm form;
  std::string_view name;
  std::string_view what;  ///< for --help
};
[[nodiscard]] std::span<const ExportFormName> export_forms();

struct ExportOptions {
  ExportForm form = ExportForm::kC;
  std::string path;
  std::string output;  ///< empty: stdout
  std::string system = "model";
  std::string profile;  ///< empty: the trace's own, else the default
  systems::KernelChoice chosen;
};

/// The trace in another form; refuses what the form cannot say, with the call and the reason.
[[nodiscard]] std::expected<std::string, process::Refusal> exported(const TraceFile& file,
                                                                    const ExportOptions& options);

[[nodiscard]] process::ExitStatus export_trace(const ExportOptions& options);

}  // namespace vmadiff::cli
