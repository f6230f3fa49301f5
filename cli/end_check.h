// cli: whether a trace ends as it says (cli/end_claim.h). What a process's lines say is all that is
// mapped in it, besides what was there before the trace; of a process without a line nothing is
// said.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/trace_file.h"
#include "compare/recording.h"

namespace vmadiff::cli {

/// Where the recording ended otherwise than the trace says for the profile: for each process the
/// first line that does not hold, as a sentence with what was expected and what was seen. Looks
/// only at what the system observes; anon_vmas, and files without a name of their own, compare up
/// to renaming. Empty after a death.
[[nodiscard]] std::vector<std::string> broken_ends(const TraceFile& file,
                                                   const compare::Recording& recording,
                                                   std::string_view profile);

}  // namespace vmadiff::cli
