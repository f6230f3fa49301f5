// cli: history says what each release does with a trace, or, without one, which behaviours each
// release has; the latter also as a page (docs/releases.md).
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct HistoryOptions {
  std::string path{};     ///< of a trace; empty: all behaviours
  std::string kernels{};  ///< "debian-6.12,host,path/to/bzImage"; empty: all that were fetched
  bool profiles = false;  ///< the models of all releases instead
  std::string output{};   ///< where the page goes; empty: to the terminal, as text
  systems::KernelChoice chosen{};
};

[[nodiscard]] process::ExitStatus history(const HistoryOptions& options);

}  // namespace vmadiff::cli
