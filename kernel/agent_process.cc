// kernel: one agent process, from exec to death.
#include "kernel/agent_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

#include "kernel/agent_child.h"
#include "kernel/agent_filter.h"
#include "kernel/agent_image.h"
#include "kernel/proc_text.h"

namespace vmadiff::kernel {
namespace {

/// How often a parent that waits looks whether the agent is still there.
constexpr std::chrono::milliseconds kLookInterval{10};

spec::ToolFault fault_of_errno(std::string_view what) {
  return {fmt::format("agent: {}: {}", what, std::strerror(errno))};
}

/// The agent's address of a place in the window.
std::uint64_t scratch_address(std::size_t offset) {
  return kWindowStart + offsetof(Window, scratch) + offset;
}

Record must_be_zero(std::uint64_t number, std::uint64_t a0 = 0, std::uint64_t a1 = 0,
                    std::uint64_t a2 = 0) {
  return {static_cast<std::uint32_t>(number), 1, 0, {a0, a1, a2, 0, 0, 0}, 0};
}

}  // namespace

std::expected<std::unique_ptr<AgentProcess>, spec::ToolFault> AgentProcess::spawn(
    const AgentFiles& files, std::chrono::milliseconds timeout) {
  std::unique_ptr<AgentProcess> agent{new AgentProcess{timeout}};
  if (auto fault = agent->start(files)) return std::unexpected(std::move(*fault));
  return agent;
}

AgentProcess::~AgentProcess() {
  if (window_ != nullptr) {
    for (const std::int32_t pid : window_->pids) {
      if (pid != 0) ::kill(pid, SIGKILL);
    }
  }
  if (pidfd_.is_open()) {
    ::syscall(SYS_pidfd_send_signal, pidfd_.number(), SIGKILL, nullptr, 0);
    reap();
  }
  if (window_ != nullptr) ::munmap(window_, kWindowSize);
}

std::optional<spec::ToolFault> AgentProcess::start(const AgentFiles& files) {
  Descriptor window;
  if (auto fault = make_window(window)) return fault;
  if (auto fault = start_child(files, window)) return fault;
  return arrange();
}

std::optional<spec::ToolFault> AgentProcess::make_window(Descriptor& file) {
  const Descriptor low{::memfd_create("vmadiff-window", MFD_CLOEXEC)};
  if (!low.is_open() || ::ftruncate(low.number(), kWindowSize) != 0)
    return fault_of_errno("memfd_create for the window");
  file = Descriptor{::fcntl(low.number(), F_DUPFD_CLOEXEC, kDescriptorEnd)};
  void* mapped = ::mmap(nullptr, kWindowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (mapped == MAP_FAILED) return fault_of_errno("mapping the window");
  window_ = static_cast<Window*>(mapped);
  return std::nullopt;
}

std::optional<spec::ToolFault> AgentProcess::start_child(const AgentFiles& files,
                                                         const Descriptor& window) {
  auto image = executable_agent();
  if (!image) return std::move(image.error());
  const Descriptor executable{::fcntl(image->number(), F_DUPFD_CLOEXEC, kDescriptorEnd)};
  if (!executable.is_open()) return fault_of_errno("raising a descriptor");
  std::vector<Inherited> inherited{{window.number(), kWindowDescriptor},
                                   {executable.number(), kExecutableDescriptor}};
  for (const OpenFile& file : files.files)
    inherited.push_back({file.descriptor.number(), descriptor_of(file.id)});
  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) return fault_of_errno("fork");
  if (pid_ == 0) become_agent(parent, executable.number(), inherited, window_->spawn_errno);
  pidfd_ = Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!pidfd_.is_open()) {
    auto fault = fault_of_errno("pidfd_open");
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    return fault;
  }
  is_alive_ = true;
  return std::nullopt;
}

std::optional<spec::ToolFault> AgentProcess::set_up(std::span<const Record> program,
                                                    std::string_view what) {
  std::ranges::copy(program, records().begin());
  const RunEnd end = run(static_cast<std::uint32_t>(program.size()));
  if (end.kind == RunEnd::Kind::kDone) return std::nullopt;
  if (end.kind == RunEnd::Kind::kStopped) {
    return spec::ToolFault{fmt::format("agent: {}: system call {} gave {}", what,
                                       program[end.index].number,
                                       static_cast<std::int64_t>(window_->results[end.index]))};
  }
  if (window_->spawn_errno != 0) {
    return spec::ToolFault{
        fmt::format("agent: cannot be started: {}", std::strerror(window_->spawn_errno))};
  }
  return spec::ToolFault{fmt::format("agent: {}: {}", what, end.how_died)};
}

// The calls below are made by the agent itself, as a program, before the filter is in place.
std::optional<spec::ToolFault> AgentProcess::arrange() {
  // Structures that the calls take by address.
  struct Structures {
    __user_cap_header_struct header;
    __user_cap_data_struct caps[2];
    sock_fprog filter;
  };
  auto* structures = new (window_->scratch) Structures{};
  structures->header.version = _LINUX_CAPABILITY_VERSION_3;
  const auto header = scratch_address(offsetof(Structures, header));
  const auto caps = scratch_address(offsetof(Structures, caps));
  const Record get_caps[] = {must_be_zero(SYS_capget, header, caps)};
  if (auto fault = set_up(get_caps, "reading its capabilities")) return fault;

  if (auto fault = open_proc()) return fault;

  // What the kernel mapped of its own (stack, vdso, vvar) goes, where it can be unmapped.
  const auto mapped = mapped_ranges(pid_);
  if (!mapped) return mapped.error();
  std::vector<Record> program;
  for (const spec::Range& range : *mapped) {
    if (range.start == kWindowStart || range.start == kTextStart || range.start == kTextEnd)
      continue;
    if (window_->own_range_count == kOwnRangeCountMax)
      return spec::ToolFault{"agent: the kernel maps too much of its own at exec"};
    window_->own_ranges[window_->own_range_count++] = {range.start, range.size()};
    program.push_back({SYS_munmap, 0, 0, {range.start, range.size(), 0, 0, 0, 0}, 0});
  }
  // With huge pages a read fault could assign an anon_vma.
  program.push_back(must_be_zero(SYS_prctl, PR_SET_THP_DISABLE, 1));
  // The flag is inherited through exec; without the capability nobody up the line had it either.
  program.push_back({SYS_prctl, 0, 0, {spec::kPrSetMemoryMerge, 0, 0, 0, 0, 0}, 0});

  // Else an exec would give root its capabilities back, and with them take ADDR_NO_RANDOMIZE away.
  // Who may not do this has none to get back.
  program.push_back(
      {SYS_prctl, 0, 0, {PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0, 0}, 0});
  constexpr unsigned kSysResource = 1U << CAP_SYS_RESOURCE;
  const unsigned kept = structures->caps[0].effective & kSysResource;
  structures->caps[0] = {kept, kept, 0};
  structures->caps[1] = {0, 0, 0};
  program.push_back(must_be_zero(SYS_capset, header, caps));

  const auto filter = agent_filter();
  if (!filter) return filter.error();
  if (filter->size() * sizeof(sock_filter) + sizeof(Structures) > kScratchSize)
    return spec::ToolFault{"agent: the seccomp filter does not fit into the window"};
  std::memcpy(window_->scratch + sizeof(Structures), filter->data(),
              filter->size() * sizeof(sock_filter));
  structures->filter.len = static_cast<unsigned short>(filter->size());
  structures->filter.filter =
      std::bit_cast<sock_filter*>(scratch_address(sizeof(Structures)));  // the agent's address
  program.push_back(must_be_zero(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1));
  program.push_back(must_be_zero(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                 SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                                 scratch_address(offsetof(Structures, filter))));
  return set_up(program, "setting itself up");
}

std::optional<spec::ToolFault> AgentProcess::open_proc() {
  smaps_ = Descriptor{::open(fmt::format("/proc/{}/smaps", pid_).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!smaps_.is_open()) return fault_of_errno("opening its smaps");
  status_ = Descriptor{::open(fmt::format("/proc/{}/status", pid_).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!status_.is_open()) return fault_of_errno("opening its status");
  return std::nullopt;
}

spec::Limits AgentProcess::limits() const {
  const auto limit = [this](__rlimit_resource resource) {
    rlimit now{RLIM_INFINITY, RLIM_INFINITY};
    ::prlimit(pid_, resource, nullptr, &now);
    return now;
  };
  const rlimit stack = limit(RLIMIT_STACK);
  const rlimit memlock = limit(RLIMIT_MEMLOCK);
  return {.data = limit(RLIMIT_DATA).rlim_cur,
          .stack = stack.rlim_cur,
          .memlock = memlock.rlim_cur,
          .as = limit(RLIMIT_AS).rlim_cur,
          .stack_hard = stack.rlim_max,
          .memlock_hard = memlock.rlim_max};
}

RunEnd AgentProcess::run(std::uint32_t count) {
  window_->record_count = count;
  window_->current = 0;
  window_->turn = 0;
  ++request_;
  std::atomic_ref{window_->request}.store(request_, std::memory_order_release);
  ::syscall(SYS_futex, &window_->request, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  if (auto how = wait_for(request_)) {
    is_alive_ = false;
    return {RunEnd::Kind::kDied, std::atomic_ref{window_->current}.load(), std::move(*how)};
  }
  const auto current = std::atomic_ref{window_->current}.load(std::memory_order_acquire);
  return {current == count ? RunEnd::Kind::kDone : RunEnd::Kind::kStopped, current, {}};
}

// Waits until the agent has answered; else says how it died.
std::optional<std::string> AgentProcess::wait_for(std::uint32_t request) {
  const std::atomic_ref reply{window_->reply};
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  constexpr timespec kInterval{0, std::chrono::nanoseconds{kLookInterval}.count()};
  for (;;) {
    const auto seen = reply.load(std::memory_order_acquire);
    if (seen == request) return std::nullopt;
    if (::syscall(SYS_futex, &window_->reply, FUTEX_WAIT, seen, &kInterval, nullptr, 0) == 0 ||
        errno != ETIMEDOUT)
      continue;
    pollfd gone{pidfd_.number(), POLLIN, 0};
    if (::poll(&gone, 1, 0) == 1) {
      // It may have answered and then died, between programs.
      if (reply.load(std::memory_order_acquire) == request) return std::nullopt;
      return reap();
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      ::syscall(SYS_pidfd_send_signal, pidfd_.number(), SIGKILL, nullptr, 0);
      reap();
      return fmt::format("hung: no answer within {} ms, killed", timeout_.count());
    }
  }
}

// Takes the dead process away, and says how it died.
std::string AgentProcess::reap() {
  siginfo_t info{};
  const int waited = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.number()), &info, WEXITED);
  const int error = errno;
  pidfd_ = {};
  pidfd_ = Descriptor{};
  if (waited != 0) return fmt::format("waitid: {}", std::strerror(error));
  if (info.si_code == CLD_EXITED) {
    if (info.si_status > 128) {
      return fmt::format("its own memory was taken away (signal {} in the agent itself)",
                         info.si_status - 128);
    }
    return fmt::format("exited with status {}", info.si_status);
  }
  const char* signal = ::sigabbrev_np(info.si_status);
  return fmt::format("killed by SIG{}{}", signal != nullptr ? signal : "?",
                     info.si_status == SIGSYS ? " (a call that the filter forbids)" : "");
}

}  // namespace vmadiff::kernel
