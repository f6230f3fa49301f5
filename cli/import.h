// cli: import makes traces of what others wrote down: strace, syzkaller, libFuzzer.
#pragma once

#include <string>
#include <vector>

#include "process/exit_status.h"

namespace vmadiff::cli {

struct ImportStraceOptions {
  std::vector<std::string> files;  ///< one, or those of -ff
  std::string output;              ///< empty: stdout
};
struct ImportSyzOptions {
  std::string file;
  std::string output;
};
struct ImportCrashOptions {
  std::string file;
  std::string output;
};

/// Each writes a trace, and says on stderr what could not be kept.
[[nodiscard]] process::ExitStatus import_strace(const ImportStraceOptions& options);
[[nodiscard]] process::ExitStatus import_syz(const ImportSyzOptions& options);
[[nodiscard]] process::ExitStatus import_crash(const ImportCrashOptions& options);

}  // namespace vmadiff::cli
