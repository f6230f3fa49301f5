// cli: standard output that did not arrive (a full disk, say) is an error, not silence.
#pragma once

#include "cli/exit_status.h"

namespace vmadiff::cli {

/// Flushes standard output. Gives `status`, or kBadInput where what was printed is lost and there
/// was nothing worse to say.
[[nodiscard]] ExitStatus finish_output(ExitStatus status);

}  // namespace vmadiff::cli
