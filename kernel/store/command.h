// kernel: running another program of the machine and waiting for it.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

struct CommandResult {
  int status = 0;  ///< 0 … 255; a signal's number and 128
  std::string output;
  std::string errors;
};

/// What somebody wants to know of a program while it runs. Either may be empty.
struct CommandWatch {
  std::function<void(std::string_view line)> on_line;  ///< each line of its output, as it comes
  std::function<bool()> interrupted;                   ///< once true, the program is asked to end
};

/// Runs `words`, the first of which is looked for in PATH (and in the sbin directories), without
/// standard input. A fault where it is not there.
[[nodiscard]] std::expected<CommandResult, spec::ToolFault> run_command(
    const std::vector<std::string>& words, const std::string& directory = {},
    const CommandWatch& watch = {});

/// Where a program is, by PATH and the sbin directories; empty where it is not.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace vmadiff::kernel
