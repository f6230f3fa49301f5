// kernel: a kernel in a virtual machine as a System.
#include "kernel/machine/guest.h"

#include <utility>

#include "kernel/host/real_kernel.h"
#include "kernel/machine/guest_session.h"

namespace vmadiff::kernel {

std::optional<std::string> why_no_guests() {
  if (!qemu_path().empty()) return std::nullopt;
  return "there is no qemu-system-x86_64: apt-get install qemu-system-x86";
}

Guest::Guest(std::unique_ptr<GuestSession> session) : session_(std::move(session)) {}
Guest::Guest(Guest&&) noexcept = default;
Guest& Guest::operator=(Guest&&) noexcept = default;
Guest::~Guest() = default;

std::expected<Guest, spec::ToolFault> Guest::boot(const GuestOptions& options) {
  auto session = GuestSession::open(options);
  if (!session) return std::unexpected(session.error());
  return Guest{*std::move(session)};
}

const HostCapabilities& Guest::capabilities() const {
  return session_->introduction().capabilities;
}

const spec::Setup& Guest::setup() const { return session_->introduction().setup; }

std::expected<ProgramEnd, spec::ToolFault> Guest::run_program(std::string_view elf) {
  return session_->run_program(elf);
}

std::unique_ptr<spec::System> Guest::into_system(std::string name) && {
  return make_real_kernel(std::move(name), std::move(session_));
}

}  // namespace vmadiff::kernel
