// kernel: what happens between fork and exec, in the child that becomes an agent.
#include "kernel/agent_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "kernel/agent/protocol.h"
#include "kernel/layout.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

/// Unlimited, or as much as the hard limit allows.
bool lift(__rlimit_resource resource) {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(resource, &unlimited) == 0) return true;
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(resource, &limit) == 0;
}

/// The limit that the set-up has, or as much of it as the hard limit here allows.
bool limit(__rlimit_resource resource, std::uint64_t soft, std::uint64_t hard) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return false;
  const rlimit wanted{std::min<rlim_t>(soft, now.rlim_max), std::min<rlim_t>(hard, now.rlim_max)};
  return ::setrlimit(resource, &wanted) == 0;
}

bool limit_resources() {
  constexpr spec::Limits kLimits;
  // One byte: zero would still start a helper where core dumps go to a pipe.
  const rlimit core{1, 1};
  return ::setrlimit(RLIMIT_CORE, &core) == 0 &&
         limit(RLIMIT_STACK, kLimits.stack, kLimits.stack_hard) &&
         limit(RLIMIT_MEMLOCK, kLimits.memlock, kLimits.memlock_hard) && lift(RLIMIT_AS) &&
         lift(RLIMIT_DATA);
}

bool arrange_descriptors(std::span<const Inherited> inherited) {
  if (::syscall(SYS_close_range, 0, kDescriptorEnd - 1, 0) != 0) return false;
  for (const auto& [from, to] : inherited) {
    if (::dup2(from, to) != to) return false;
  }
  return ::syscall(SYS_close_range, kDescriptorEnd, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

bool reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

}  // namespace

void become_agent(int parent, int executable, std::span<const Inherited> inherited,
                  std::int32_t& failed_with) {
  // A session of its own, so that Ctrl-C reaches the parent alone.
  ::setsid();
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent && reset_signals() &&
      limit_resources() && arrange_descriptors(inherited) &&
      ::personality(ADDR_NO_RANDOMIZE | (has_legacy_layout() ? ADDR_COMPAT_LAYOUT : 0)) != -1) {
    char name[] = "vmadiff-agent";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    ::syscall(SYS_execveat, executable, "", arguments, environment, AT_EMPTY_PATH);
  }
  failed_with = errno;
  ::_exit(127);
}

}  // namespace vmadiff::kernel
