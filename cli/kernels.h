// cli: kernels lists the kernels that are at hand by name, and brings others.
#pragma once

#include <string>

#include "process/exit_status.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct ListKernels {};
struct FetchKernel {
  std::string name;  ///< "debian-6.12"
};

/// Runs a program in a virtual machine with the kernel: a reproducer, say.
struct RunInGuest {
  systems::GuestChoice guest;
  std::string program;  ///< path of an ELF file that needs no libraries
};

[[nodiscard]] process::ExitStatus list_kernels();
[[nodiscard]] process::ExitStatus fetch_kernel(const FetchKernel& options);
/// Prints what the program prints. Held where it ends with 0, a finding with any other status.
[[nodiscard]] process::ExitStatus run_in_guest(const RunInGuest& options);

}  // namespace vmadiff::cli
