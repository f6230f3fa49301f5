// cli: the judgement on one trace file: does it hold on these systems under this profile?
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/trace_file.h"
#include "compare/recording.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::cli {

struct Verdict {
  std::vector<std::string> failures;  ///< empty: the trace holds; else what did not, each complete
  std::vector<std::string> notes;     ///< what was not looked at, each in a sentence
  /// What "ok" or "FAILED" alone does not say of the calls, with numbers: results that are not as
  /// the trace says, calls of processes that do not exist, failures that the trace does not state.
  /// Empty where there are none.
  std::string counts;
};

/// Of one system's recording; also empty where nothing is to be said.
[[nodiscard]] std::string counts_of(const spec::Sequence& sequence,
                                    const compare::Recording& recording);

/// Whether the trace says that under this profile its results and counts are as written.
[[nodiscard]] bool is_as_written(const TraceFile& file, const spec::KernelProfile& profile);

/// Runs the trace on each system alone, asserting the results written in it, then on all of them
/// together through the checker. A claim that the trace says it violates must be violated. One that
/// the profile breaks by its nature (properties/claims/own_breaches.h) is a note, and the claim is
/// left out: unless the trace names that profile, and so has said all that it violates.
[[nodiscard]] std::expected<Verdict, spec::ToolFault> judge(
    const TraceFile& file, const std::vector<spec::System*>& systems,
    const spec::KernelProfile& profile, const spec::Setup& setup);

/// Says that the recording left another number of VMAs than the trace asserts for the profile, or
/// nothing.
[[nodiscard]] std::optional<std::string> broken_vma_count(const TraceFile& file,
                                                          const compare::Recording& recording,
                                                          std::string_view profile);

}  // namespace vmadiff::cli
