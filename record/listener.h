// record: stops a program's tasks right before the calls that change its memory, without being its
// tracer, which is strace: a seccomp filter hands each such call to a listener
// (SECCOMP_RET_USER_NOTIF), and the task waits until the listener lets it go on. The filter is
// inherited by all that the program starts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "kernel/descriptor.h"
#include "spec/system.h"

namespace vmadiff::record {

/// Of the calling process and all its children from here on. In the child of a fork: allocates
/// nothing that would wait for the listener. The error is an errno.
[[nodiscard]] std::expected<kernel::Descriptor, int> listen_to_myself();

/// A descriptor to the process at the other end of a socket, and from it.
[[nodiscard]] bool send_descriptor(int socket, int descriptor);
[[nodiscard]] kernel::Descriptor receive_descriptor(int socket);

/// Answers until nobody is left who could ask: `on_call(task, number of the call)`, then the task
/// goes on.
[[nodiscard]] std::expected<void, spec::ToolFault> serve(
    int listener, const std::function<void(pid_t, int)>& on_call);

}  // namespace vmadiff::record
