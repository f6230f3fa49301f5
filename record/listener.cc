// record: the filter, and answering it.
#include "record/listener.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "intake/strace_names.h"

namespace vmadiff::record {
namespace {

std::unexpected<spec::ToolFault> fault_of(std::string_view what, int error) {
  return std::unexpected(
      spec::ToolFault{fmt::format("watching the program: {}: {}", what, std::strerror(error))});
}

/// The control message that carries one descriptor.
union Control {
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
  ::cmsghdr alignment;
};

::msghdr message(::iovec& content, Control& control) {
  ::msghdr out{};
  out.msg_iov = &content;
  out.msg_iovlen = 1;
  out.msg_control = control.bytes.data();
  out.msg_controllen = control.bytes.size();
  return out;
}

}  // namespace

std::expected<kernel::Descriptor, int> listen_to_myself() {
  auto* const filter = ::seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return std::unexpected(ENOMEM);
  // Calls of 32 bits go on unseen.
  int failed = ::seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  for (const std::string_view name : intake::kWatchedCalls) {
    const int number = ::seccomp_syscall_resolve_name(std::string{name}.c_str());
    if (number >= 0 && failed == 0) failed = ::seccomp_rule_add(filter, SCMP_ACT_NOTIFY, number, 0);
  }
  if (failed == 0) failed = ::seccomp_load(filter);
  // The filter's memory stays: to give it back could be one of the calls that wait.
  if (failed != 0) return std::unexpected(-failed);
  return kernel::Descriptor{::seccomp_notify_fd(filter)};
}

bool send_descriptor(int socket, int descriptor) {
  char byte = 0;
  ::iovec content{&byte, 1};
  Control control{};
  auto out = message(content, control);
  auto* const head = CMSG_FIRSTHDR(&out);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
  return ::sendmsg(socket, &out, MSG_NOSIGNAL) == 1;
}

kernel::Descriptor receive_descriptor(int socket) {
  char byte = 0;
  ::iovec content{&byte, 1};
  Control control{};
  auto in = message(content, control);
  if (::recvmsg(socket, &in, MSG_CMSG_CLOEXEC) != 1) return {};
  const auto* const head = CMSG_FIRSTHDR(&in);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(head), sizeof(int));
  return kernel::Descriptor{descriptor};
}

std::expected<void, spec::ToolFault> serve(int listener,
                                           const std::function<void(pid_t, int)>& on_call) {
  // Its length is the kernel's.
  ::seccomp_notif_sizes sizes{};
  if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) {
    return fault_of("seccomp", errno);
  }
  std::vector<std::uint64_t> room(
      (std::max<std::size_t>(sizes.seccomp_notif, sizeof(::seccomp_notif)) + 7) / 8);
  auto* const request = reinterpret_cast<::seccomp_notif*>(room.data());
  while (true) {
    ::pollfd wait{listener, POLLIN, 0};
    if (::poll(&wait, 1, -1) < 0) {
      if (errno == EINTR) continue;
      return fault_of("poll", errno);
    }
    if ((wait.revents & POLLIN) == 0) return {};  // nobody is left
    // The kernel wants it empty.
    std::ranges::fill(room, 0);
    // Where the task was killed, or a signal took it out of the call, there is nothing to answer.
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request) != 0) continue;
    on_call(static_cast<pid_t>(request->pid), request->data.nr);
    ::seccomp_notif_resp answer{};
    answer.id = request->id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    static_cast<void>(::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
  }
}

}  // namespace vmadiff::record
