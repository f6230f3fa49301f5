// kernel: what happens between fork and exec, in the child that becomes an agent.
#include "kernel/host/agent_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>

#include "kernel/agent/protocol.h"
#include "kernel/host/layout.h"
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

/// The limit that is wanted, or as much of it as the hard limit here allows.
bool limit(__rlimit_resource resource, std::uint64_t soft, std::uint64_t hard) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return false;
  const rlimit wanted{std::min<rlim_t>(soft, now.rlim_max), std::min<rlim_t>(hard, now.rlim_max)};
  return ::setrlimit(resource, &wanted) == 0;
}

bool limit_resources() {
  constexpr spec::Limits kLimits;
  // One byte for core dumps: zero would still start a helper where they go to a pipe.
  return limit(RLIMIT_CORE, 1, 1) && limit(RLIMIT_STACK, kLimits.stack, kLimits.stack_hard) &&
         limit(RLIMIT_MEMLOCK, kLimits.memlock, kLimits.memlock_hard) && lift(RLIMIT_AS) &&
         lift(RLIMIT_DATA);
}

/// Where memory is short, the agent goes first. That may fail: it is a courtesy.
void offer_itself() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  constexpr char kFirst[] = "1000";
  [[maybe_unused]] const auto written = ::write(file, kFirst, sizeof(kFirst) - 1);
  ::close(file);
}

/// close_range, or the same one by one where there is none, or a policy refuses it.
bool close_descriptors(unsigned first, unsigned last) {
  if (::syscall(SYS_close_range, first, last, 0) == 0) return true;
  for (unsigned number = first; number <= last; ++number) ::close(static_cast<int>(number));
  return true;
}

bool close_on_exec(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
  constexpr rlim_t kMost = 1U << 16;
  rlimit open{};
  if (::getrlimit(RLIMIT_NOFILE, &open) != 0) return false;
  const auto end = static_cast<unsigned>(std::min(open.rlim_cur, kMost));
  for (unsigned number = first; number < end; ++number)
    ::fcntl(static_cast<int>(number), F_SETFD, FD_CLOEXEC);
  return true;
}

bool arrange_descriptors(std::span<const Inherited> inherited) {
  if (!close_descriptors(0, kDescriptorEnd - 1)) return false;
  for (const auto& [from, to] : inherited) {
    if (::dup2(from, to) != to) return false;
  }
  return close_on_exec(kDescriptorEnd);
}

bool reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool take_personality() {
  const auto wanted = ADDR_NO_RANDOMIZE | (has_legacy_layout() ? ADDR_COMPAT_LAYOUT : 0);
  // Who was started with it (setarch -R) need not ask a policy that refuses it.
  constexpr unsigned long kAsk = 0xffffffff;
  return ::personality(kAsk) == static_cast<int>(wanted) ||
         ::personality(static_cast<unsigned long>(wanted)) != -1;
}

struct Step {
  std::string_view call;
  std::string_view remedy;
};
constexpr std::string_view kPolicy =
    "a seccomp policy refuses it: allow it, or in a container run with --security-opt "
    "seccomp=unconfined";
/// By SpawnStep.
constexpr std::array kSteps{
    Step{"fork", "allow more processes: ulimit -u, pids.max of the cgroup"},
    Step{"prctl(PR_SET_PDEATHSIG)", kPolicy},
    Step{"sigprocmask", kPolicy},
    Step{"setrlimit", kPolicy},
    Step{"dup2", "allow more open files: ulimit -n"},
    Step{"personality(ADDR_NO_RANDOMIZE)", kPolicy},
    Step{"execveat", kPolicy},
};

}  // namespace

std::string describe(SpawnStep step, std::string_view what) {
  const auto& [call, remedy] = kSteps.at(static_cast<std::size_t>(step));
  return fmt::format("agent: cannot be started: {}: {} ({})", call, what, remedy);
}

namespace {

[[noreturn]] void become_agent(int parent, int executable, std::span<const Inherited> inherited,
                               SpawnReport report) {
  const auto at = [&report](SpawnStep step) {
    std::atomic_ref{report.step}.store(static_cast<std::uint32_t>(step));
    return true;
  };
  // A session of its own, so that Ctrl-C reaches the parent alone, and a process group of its own,
  // by which all that come of it are found.
  ::setsid();
  if (at(SpawnStep::kDeathSignal) && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
      ::getppid() == parent && at(SpawnStep::kSignals) && reset_signals() &&
      at(SpawnStep::kLimits) && limit_resources() && at(SpawnStep::kDescriptors) &&
      arrange_descriptors(inherited) && at(SpawnStep::kPersonality) && take_personality()) {
    offer_itself();
    at(SpawnStep::kExecuting);
    char name[] = "vmadiff-agent";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    ::syscall(SYS_execveat, executable, "", arguments, environment, AT_EMPTY_PATH);
  }
  report.error = errno;
  ::_exit(127);
}

/// ThreadSanitizer takes what a child does in its parent's memory for what the parent does.
#if defined(__SANITIZE_THREAD__)
constexpr bool kIsThreadSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsThreadSanitized = __has_feature(thread_sanitizer);
#else
constexpr bool kIsThreadSanitized = false;
#endif

/// What the child is told.
struct Orders {
  int parent;
  int executable;
  std::span<const Inherited> inherited;
  SpawnReport report;
};

int begin_child(void* orders) {
  const auto& [parent, executable, inherited, report] = *static_cast<const Orders*>(orders);
  become_agent(parent, executable, inherited, report);
}

}  // namespace

int start_agent(int parent, int executable, std::span<const Inherited> inherited,
                SpawnReport report) {
  Orders orders{parent, executable, inherited, report};
  if constexpr (kIsThreadSanitized) {
    const int child = ::fork();
    return child == 0 ? begin_child(&orders) : child;
  }
  constexpr std::size_t kStackSize = std::size_t{64} << 10;
  const auto stack = std::make_unique_for_overwrite<std::byte[]>(kStackSize);
  return ::clone(&begin_child, stack.get() + kStackSize, CLONE_VM | CLONE_VFORK | SIGCHLD, &orders);
}

}  // namespace vmadiff::kernel
