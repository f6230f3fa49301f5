// process: all that is printed passes through here, whoever prints it and however. What came from
// elsewhere cannot steer a terminal (reports/quoting.h), and an output that is closed, full or gone
// is noticed, not died of.
#pragma once

#include <string_view>

#include "process/exit_status.h"

namespace vmadiff::process {

/// Puts the process's standard output and error in order; to be called first of all. The three
/// standard descriptors are open from then on (no file that is opened later can be taken for one of
/// them), a pipe that nobody reads any more is no signal, and what is printed to stdout and stderr
/// is made printable. Where it cannot be written it is lost, and noted.
void prepare_output();

/// Whether nobody reads standard output any more: `| head` has seen enough.
[[nodiscard]] bool is_output_gone();

/// Notices that they have gone where nothing is to be printed just now.
void watch_output();

/// Writes to standard output as it is: for bytes that are another program's.
void print_raw(std::string_view bytes);

/// Flushes standard output. Gives `status`, or kBadInput where what was printed is lost (a full
/// disk, say) and there was nothing worse to say. Of an output that nobody reads nothing is said.
[[nodiscard]] ExitStatus finish_output(ExitStatus status);

/// What a child process has said already need not be said again.
void forget_lost_output();

}  // namespace vmadiff::process
