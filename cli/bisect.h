// cli: bisect finds the first kernel of a row that does with a trace what a bad one does, or says
// of one kernel whom it takes after, as `git bisect run` wants to know.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct BisectOptions {
  std::string path{};
  std::string good{};  ///< a kernel's name or file, or what `command` makes one of
  std::string bad{};
  std::string command{};  ///< prints a kernel's name or file; {} is what it makes one of
  std::string between{};  ///< "A,B,C", the oldest first; empty: see the help
  std::string tree = ".";
  systems::KernelChoice chosen{};  ///< its kernel: the one to be judged
};

/// Of one kernel: 0 as the good one, 1 as the bad one, 125 neither (`git bisect run`).
[[nodiscard]] process::ExitStatus bisect(const BisectOptions& options);

}  // namespace vmadiff::cli
