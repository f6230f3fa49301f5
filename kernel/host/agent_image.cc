// kernel: the agent's executable, carried inside the library.
#include "kernel/host/agent_image.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <utility>

#include "kernel/agent/protocol.h"
#include "kernel/descriptor.h"

// VMADIFF_AGENT_FILE is the linked agent; the build rebuilds this file when it changes.
asm(R"(
  .pushsection .rodata.vmadiff_agent, "a"
  .globl vmadiff_agent_begin
  .globl vmadiff_agent_end
  .balign 16
vmadiff_agent_begin:
  .incbin ")" VMADIFF_AGENT_FILE R"("
vmadiff_agent_end:
  .popsection
)");

extern "C" {
extern const char vmadiff_agent_begin[];
extern const char vmadiff_agent_end[];
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace vmadiff::kernel {

std::span<const char> agent_image() { return {vmadiff_agent_begin, vmadiff_agent_end}; }

namespace {

std::expected<Descriptor, spec::ToolFault> make_executable() {
  // Kernels before 6.3 refuse MFD_EXEC, and need no such word.
  int number = ::memfd_create("vmadiff-agent", MFD_CLOEXEC | MFD_EXEC);
  if (number < 0 && errno == EINVAL) number = ::memfd_create("vmadiff-agent", MFD_CLOEXEC);
  if (number < 0) {
    return std::unexpected(spec::ToolFault{
        fmt::format("memfd_create for the agent's executable: {}{}", std::strerror(errno),
                    errno == EACCES ? " (set vm.memfd_noexec to 0 or 1)" : "")});
  }
  const Descriptor file{number};
  const auto image = agent_image();
  for (std::size_t done = 0; done < image.size();) {
    const auto written = ::write(number, image.data() + done, image.size() - done);
    if (written < 0) {
      return std::unexpected(
          spec::ToolFault{fmt::format("writing the agent's executable: {}", std::strerror(errno))});
    }
    done += static_cast<std::size_t>(written);
  }
  Descriptor raised{::fcntl(number, F_DUPFD_CLOEXEC, kDescriptorEnd)};
  if (raised.is_open()) return raised;
  return std::unexpected(
      spec::ToolFault{fmt::format("raising the descriptor of the agent's executable: {} (allow "
                                  "more open files: ulimit -n 1024)",
                                  std::strerror(errno))});
}

}  // namespace

std::expected<int, spec::ToolFault> executable_agent() {
  static std::mutex mutex;
  static Descriptor made;
  const std::scoped_lock lock{mutex};
  if (!made.is_open()) {
    auto executable = make_executable();
    if (!executable) return std::unexpected(std::move(executable.error()));
    made = *std::move(executable);
  }
  return made.number();
}

}  // namespace vmadiff::kernel
