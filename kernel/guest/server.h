// kernel: inside the virtual machine: answers requests with an agent of the machine's own kernel.
// The very code that serves the host, behind a wire.
#pragma once

#include <cstdint>
#include <optional>

namespace vmadiff::kernel {

/// A call on purpose of which the server crashes its kernel, to see that a crash is found: the
/// number of a system call and its third argument.
struct CrashOn {
  std::uint64_t number = 0;
  std::uint64_t argument = 0;
};

/// Introduces this kernel over `wire`, then answers until the wire is closed.
void serve(int wire, std::optional<CrashOn> crash_on);

}  // namespace vmadiff::kernel
