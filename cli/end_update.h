// cli: writing into a trace what it ends with: the "#=" lines of cli/end_claim.h.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "cli/trace_file.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::cli {

/// Who must agree on the end: `systems` under `profile`, those of them that run in this process
/// also under each profile that the trace is for: that it names, and that gives the results which
/// it states.
struct EndWitnesses {
  std::span<spec::System* const> systems;
  const spec::KernelProfile& profile;
  const spec::Setup& setup;
};

/// The text of `file` with "#=" lines for its end, behind all others, which stay as they are. Lines
/// that were there are replaced, in the parts that they said: processes, permissions, offsets,
/// backing, flags. Where profiles end otherwise, each line names its own. The error says who ends
/// otherwise than the others, or that nobody can write it.
[[nodiscard]] std::expected<std::string, std::string> with_ends(std::string_view text,
                                                                const TraceFile& file,
                                                                const EndWitnesses& witnesses);

}  // namespace vmadiff::cli
