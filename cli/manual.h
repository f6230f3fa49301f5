// cli: the manual page, of what the command line knows of itself.
#pragma once

#include <string>

#include "cli/command_text.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

/// In the macros of man(7), for vmadiff(1).
[[nodiscard]] std::string manual_page(const CommandText& top, const std::string& version);

struct PrintManual {};
process::ExitStatus print_manual();

}  // namespace vmadiff::cli
