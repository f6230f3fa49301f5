// cli: one trace on one system, as layout and export c need it.
#pragma once

#include <expected>
#include <string_view>

#include "cli/trace_file.h"
#include "compare/recording.h"
#include "process/exit_status.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"

namespace vmadiff::cli {

struct FinalState {
  spec::KernelProfile profile;
  spec::Setup setup;
  compare::Recording recording;  ///< with the last snapshot
};

/// `profile` empty: the trace's own, else the default. Refuses a system that cannot run the trace,
/// or that died of it.
[[nodiscard]] std::expected<FinalState, process::Refusal> final_state(const TraceFile& file,
                                                                      std::string_view system,
                                                                      std::string_view profile);

}  // namespace vmadiff::cli
