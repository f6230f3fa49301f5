// kernel: the kernel of this machine as a System.
#include "kernel/host/host.h"

#include <utility>

#include "kernel/host/agent_session.h"
#include "kernel/host/real_kernel.h"

namespace vmadiff::kernel {

std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_host(
    const HostOptions& options) {
  auto session = AgentSession::open(options);
  if (!session) return std::unexpected(session.error());
  return make_real_kernel("host", std::move(*session));
}

}  // namespace vmadiff::kernel
