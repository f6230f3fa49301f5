// cli: kernels lists the kernels that are at hand by name, and brings others.
#pragma once

#include <string>

#include "cli/exit_status.h"

namespace vmadiff::cli {

struct ListKernels {};
struct FetchKernel {
  std::string name;  ///< "debian-6.12"
};

[[nodiscard]] ExitStatus list_kernels();
[[nodiscard]] ExitStatus fetch_kernel(const FetchKernel& options);

}  // namespace vmadiff::cli
