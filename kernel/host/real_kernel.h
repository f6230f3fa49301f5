// kernel: a real kernel as a System, over a session with it: the same for this machine's kernel and
// for one in a virtual machine.
#pragma once

#include <memory>
#include <string>

#include "kernel/host/session.h"
#include "spec/system.h"

namespace vmadiff::kernel {

[[nodiscard]] std::unique_ptr<spec::System> make_real_kernel(std::string name,
                                                             std::unique_ptr<Session> session);

}  // namespace vmadiff::kernel
