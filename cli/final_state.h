// cli: one trace on one system, as layout and export need it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "cli/trace_file.h"
#include "compare/recording.h"
#include "process/exit_status.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::cli {

/// A system that can run the trace, and the set-up to begin in.
struct Readied {
  std::string name;
  spec::KernelProfile profile;
  spec::Setup setup;
  std::unique_ptr<spec::System> system;
};

/// `profile` empty: the trace's own, else the default. Refuses a system that cannot run the trace.
[[nodiscard]] std::expected<Readied, process::Refusal> ready(const TraceFile& file,
                                                             std::string_view system,
                                                             std::string_view profile);

struct FinalState {
  spec::KernelProfile profile;
  spec::Setup setup;
  compare::Recording recording;  ///< with the last snapshot
};

/// Refuses a system that died of the trace, too.
[[nodiscard]] std::expected<FinalState, process::Refusal> final_state(const TraceFile& file,
                                                                      std::string_view system,
                                                                      std::string_view profile);

/// Of a system that died of the trace.
[[nodiscard]] process::Refusal died_of_it(const Readied& on, const TraceFile& file);

}  // namespace vmadiff::cli
