// process: Ctrl-C. The first SIGINT or SIGTERM asks the run to end with its summary; a second one
// ends the process at once. A reader of standard output that has gone asks for the same.
#pragma once

namespace vmadiff::process {

/// Installs the handlers, once.
void watch_for_interrupts();
[[nodiscard]] bool is_interrupted();

}  // namespace vmadiff::process
