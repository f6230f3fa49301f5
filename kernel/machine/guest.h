// kernel: what does any kernel do? This file: a kernel in a virtual machine, as a System. The
// machine boots once and runs millions of calls; one that dies is a finding, and the next takes its
// place.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "kernel/host/host.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::kernel {

class GuestSession;

struct ProgramEnd;

struct GuestOptions {
  std::string kernel;  ///< path of a bzImage
  std::string append;  ///< to the kernel's command line
  std::uint32_t memory_mib = 1024;
  std::uint32_t cpus = 1;
  /// A machine that does not answer for so long counts as hung.
  std::chrono::milliseconds timeout{std::chrono::minutes{1}};
};

/// Why no virtual machine can be had here, in one line that tells how to get one.
[[nodiscard]] std::optional<std::string> why_no_guests();

/// One virtual machine that is up.
class Guest {
 public:
  static std::expected<Guest, spec::ToolFault> boot(const GuestOptions& options);

  Guest(Guest&&) noexcept;
  Guest& operator=(Guest&&) noexcept;
  ~Guest();

  /// What its kernel lets us do.
  [[nodiscard]] const HostCapabilities& capabilities() const;
  /// How sequences begin in it; only where it can run.
  [[nodiscard]] const spec::Setup& setup() const;
  /// Runs an ELF file that needs no libraries, with no arguments, in it. Requires that it can run.
  [[nodiscard]] std::expected<ProgramEnd, spec::ToolFault> run_program(std::string_view elf);
  /// Requires that it can run. As make_host's, the system starts from setup(), and no other.
  [[nodiscard]] std::unique_ptr<spec::System> into_system(std::string name) &&;

 private:
  explicit Guest(std::unique_ptr<GuestSession> session);
  std::unique_ptr<GuestSession> session_;
};

}  // namespace vmadiff::kernel
