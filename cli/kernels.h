// cli: kernels lists the kernels that are at hand by name and those that can be had, and brings
// them.
#pragma once

#include <string>
#include <vector>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct ListKernels {};
struct ListAvailableKernels {};
struct FetchKernels {
  std::vector<std::string> names;  ///< "debian-6.12"
};

/// Runs a program in a virtual machine with the kernel: a reproducer, say.
struct RunInGuest {
  systems::KernelChoice chosen;
  std::string program;  ///< path of an ELF file that needs no libraries
};

[[nodiscard]] process::ExitStatus list_kernels();
[[nodiscard]] process::ExitStatus list_available_kernels();
/// One after the other. One that cannot be had does not keep the others away.
[[nodiscard]] process::ExitStatus fetch_kernels(const FetchKernels& options);
/// Prints what the program prints. Held where it ends with 0, a finding with any other status.
[[nodiscard]] process::ExitStatus run_in_guest(const RunInGuest& options);

}  // namespace vmadiff::cli
