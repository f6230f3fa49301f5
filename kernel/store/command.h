// kernel: running another program of the machine and waiting for it.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

struct CommandResult {
  int status = 0;  ///< 0 … 255; a signal's number and 128
  std::string output;
  std::string errors;
};

/// Runs `words`, the first of which is looked for in PATH (and in the sbin directories), without
/// standard input. A fault where it is not there.
[[nodiscard]] std::expected<CommandResult, spec::ToolFault> run_command(
    const std::vector<std::string>& words, const std::string& directory = {});

/// Where a program is, by PATH and the sbin directories; empty where it is not.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace vmadiff::kernel
