// cli: kernels build makes a bzImage of a source tree.
#pragma once

#include <string>

#include "process/exit_status.h"

namespace vmadiff::cli {

struct BuildKernel {
  std::string tree;  ///< a directory, or "linux-7.3"
  bool debug = false;
  bool kasan = false;
  std::string config;  ///< the path of a fragment of one's own, or empty
  std::string as;      ///< the kernel is "built-AS"; empty: named by the tree and what is above
  unsigned jobs = 0;   ///< 0: as many as there are processors
};

/// Prints the kernel's name, release and file.
[[nodiscard]] process::ExitStatus build_kernel(const BuildKernel& options);

}  // namespace vmadiff::cli
