// record: a program's run, as strace's text and as what was seen of its memory before each call.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "intake/strace_import.h"
#include "spec/system.h"

namespace vmadiff::record {

struct Recorded {
  std::string log;  ///< strace's
  intake::Looks looks;
  int status = 0;         ///< of the program: 0 … 255, or 128 + the signal
  std::string unwatched;  ///< why nobody could look, in one line; empty where somebody did
};

/// Runs `words` with this process's own input and output, and waits for all that it starts. A fault
/// where strace is not there. The program cannot gain privileges (no_new_privs).
[[nodiscard]] std::expected<Recorded, spec::ToolFault> run_recorded(
    const std::vector<std::string>& words);

}  // namespace vmadiff::record
