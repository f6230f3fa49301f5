// kernel: one agent process, from exec to death. Long, since each step of its life must be able to
// end in each way of dying.
#include "kernel/host/agent_process.h"

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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

#include "kernel/host/agent_child.h"
#include "kernel/host/agent_filter.h"
#include "kernel/host/agent_image.h"
#include "kernel/host/proc_text.h"
#include "kernel/host/usage.h"
#include "kernel/patience.h"

namespace vmadiff::kernel {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a parent that waits looks whether the agent is still there; and how often where it
/// watches how much memory it takes.
constexpr milliseconds kLookInterval{10};
constexpr milliseconds kWatchInterval{1};
/// How long the kernel may take for the end of a process that was killed.
constexpr milliseconds kEndPatience{10000};

spec::ToolFault fault_of_errno(std::string_view what, std::string_view remedy = {}) {
  return {fmt::format("agent: {}: {}{}{}{}", what, std::strerror(errno), remedy.empty() ? "" : " (",
                      remedy, remedy.empty() ? "" : ")")};
}

constexpr std::string_view kDescriptorRemedy = "allow more open files: ulimit -n 1024";

/// Why /proc here is not that of the processes that this one makes; nothing where it is.
std::optional<std::string> why_not_watchable() {
  const Descriptor status{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
  std::string buffer;
  const auto text = status.is_open() ? read_proc(status.number(), buffer)
                                     : std::expected<std::string_view, spec::ToolFault>{};
  const auto numbers = text ? process_numbers(*text) : std::nullopt;
  if (!numbers) return "/proc does not show this process: mount one (mount -t proc proc /proc)";
  if (*numbers != fmt::format("{}", ::getpid())) {
    return "/proc is that of another pid namespace: mount one of this (unshare --mount-proc, or "
           "mount -t proc proc /proc)";
  }
  const auto link = [](const char* path) {
    std::array<char, 64> target{};
    return ::readlink(path, target.data(), target.size() - 1) < 0 ? std::string{}
                                                                  : std::string{target.data()};
  };
  if (link("/proc/self/ns/pid") != link("/proc/self/ns/pid_for_children"))
    return "its processes would be in another pid namespace than it: unshare --pid needs --fork";
  return std::nullopt;
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

std::expected<std::unique_ptr<AgentProcess>, AgentProcess::SpawnFault> AgentProcess::spawn(
    const AgentFiles& files, AgentLimits limits) {
  std::unique_ptr<AgentProcess> agent{new AgentProcess{limits}};
  if (auto fault = agent->start(files)) {
    const auto death = agent->find_death();
    return std::unexpected(
        SpawnFault{*std::move(fault), agent->was_killed_ || (death && death->was_killed)});
  }
  return agent;
}

AgentProcess::~AgentProcess() {
  end_all();
  if (window_ != nullptr) ::munmap(window_, kWindowSize);
}

std::optional<spec::ToolFault> AgentProcess::start(const AgentFiles& files) {
  Descriptor window;
  if (auto why = why_not_watchable()) return spec::ToolFault{*std::move(why)};
  if (auto fault = make_window(window)) return fault;
  if (auto fault = start_child(files, window)) return fault;
  return arrange();
}

std::optional<spec::ToolFault> AgentProcess::make_window(Descriptor& file) {
  const Descriptor low{::memfd_create("vmadiff-window", MFD_CLOEXEC)};
  // All its pages at once: what the machine has committed does not depend on who wrote where.
  if (!low.is_open() || ::ftruncate(low.number(), kWindowSize) != 0 ||
      ::fallocate(low.number(), 0, 0, kWindowSize) != 0) {
    return fault_of_errno("memfd_create for the window",
                          "allow more open files: ulimit -n; and files of 1 MiB: ulimit -f");
  }
  file = Descriptor{::fcntl(low.number(), F_DUPFD_CLOEXEC, kDescriptorEnd)};
  if (!file.is_open()) return fault_of_errno("raising a descriptor", kDescriptorRemedy);
  void* mapped = ::mmap(nullptr, kWindowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (mapped == MAP_FAILED) return fault_of_errno("mapping the window");
  window_ = static_cast<Window*>(mapped);
  return std::nullopt;
}

std::optional<spec::ToolFault> AgentProcess::start_child(const AgentFiles& files,
                                                         const Descriptor& window) {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return fault_of_errno("socketpair", errno == EMFILE || errno == ENFILE
                                            ? kDescriptorRemedy
                                            : "a kernel with CONFIG_UNIX is needed");
  }
  giving_ = Descriptor{sockets[0]};
  const Descriptor low{sockets[1]};
  const Descriptor taking{::fcntl(low.number(), F_DUPFD_CLOEXEC, kDescriptorEnd)};
  if (!taking.is_open()) return fault_of_errno("raising a descriptor", kDescriptorRemedy);
  const auto executable = executable_agent();
  if (!executable) return executable.error();
  std::vector<Inherited> inherited{{window.number(), kWindowDescriptor},
                                   {*executable, kExecutableDescriptor},
                                   {taking.number(), kGivingDescriptor}};
  if (files.shown.is_open()) inherited.push_back({files.shown.number(), kShownDescriptor});
  for (const OpenFile& file : files.files)
    inherited.push_back({file.descriptor.number(), descriptor_of(file.id)});
  std::ranges::copy(files.segments.ids(), std::begin(window_->segments));
  const int parent = ::getpid();
  window_->parent = parent;
  pid_ = start_agent(parent, *executable, inherited, {window_->spawn_step, window_->spawn_errno});
  if (pid_ < 0) {
    return spec::ToolFault{describe(SpawnStep::kForking, std::strerror(errno))};
  }
  pidfd_ = Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!pidfd_.is_open()) return fault_of_errno("pidfd_open");
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
  was_killed_ = end.death.was_killed;
  const auto step = static_cast<SpawnStep>(std::min<std::uint32_t>(
      window_->spawn_step, static_cast<std::uint32_t>(SpawnStep::kExecuting)));
  if (window_->spawn_errno != 0)
    return spec::ToolFault{describe(step, std::strerror(window_->spawn_errno))};
  // Before it runs what it is told.
  if (!has_answered_ && !was_killed_) return spec::ToolFault{describe(step, end.death.how)};
  return spec::ToolFault{fmt::format("agent: {}: {}", what, end.death.how)};
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
  constexpr unsigned kSysPtrace = 1U << CAP_SYS_PTRACE;
  const unsigned kept = structures->caps[0].effective & (kSysResource | kSysPtrace);
  structures->caps[0] = {kept, kept, kept & kSysPtrace};
  structures->caps[1] = {0, 0, 0};
  program.push_back(must_be_zero(SYS_capset, header, caps));
  // It is kept through an exec, where there is any.
  program.push_back(
      {SYS_prctl, 0, 0, {PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0, 0}, 0});
  // An exec that gives capabilities has taken it away.
  program.push_back(must_be_zero(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));

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

bool AgentProcess::give(const Descriptor& file, int as) {
  const int descriptor = file.number();
  char byte = 0;
  iovec part{&byte, sizeof(byte)};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(descriptor))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const given = CMSG_FIRSTHDR(&message);
  given->cmsg_level = SOL_SOCKET;
  given->cmsg_type = SCM_RIGHTS;
  given->cmsg_len = CMSG_LEN(sizeof(descriptor));
  std::memcpy(CMSG_DATA(given), &descriptor, sizeof(descriptor));
  if (::sendmsg(giving_.number(), &message, MSG_NOSIGNAL) != sizeof(byte)) return false;
  const auto target = static_cast<std::uint64_t>(as);
  records().front() = {kTakeFile, 1, 0, {target, 0, 0, 0, 0, 0}, target};
  return run(1).kind == RunEnd::Kind::kDone;
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

int AgentProcess::pid_of(std::uint32_t process) const {
  const int pid = process < kProcessCountMax ? std::atomic_ref{window_->pids[process]}.load() : 0;
  // The window is the agent's to write, and what it says is not believed. The number of the group
  // is that of the agent, which was not waited for: nobody else can have it.
  return pid > 0 && pid_ > 0 && ::getpgid(pid) == pid_ ? pid : 0;
}

void AgentProcess::wait_for_exit() { wait_for_end(std::atomic_ref{window_->leaving}.exchange(0)); }

void AgentProcess::wait_for_end(int pid) {
  if (pid <= 0 || pid == pid_) return;
  // As with pid_of, it may be any number; a process that is no child has been waited for already.
  Patience patience{pid_};
  while (patience.spent() < kEndPatience) {
    siginfo_t info{};
    const int found = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (found != 0 || info.si_pid != 0) return;
    ::poll(nullptr, 0, 1);
    patience.look(milliseconds{1});
  }
}

void AgentProcess::begin_sequence() {
  began_ = steady_clock::now();
  cpu_before_ = cpu_time_of(pid_);
  cpu_of_dead_ = {};
  shared_before_.reset();
}

RunEnd AgentProcess::run(std::uint32_t count, const Appetite& appetite) {
  window_->record_count = count;
  window_->current = 0;
  window_->turn = 0;
  ++request_;
  std::atomic_ref{window_->request}.store(request_, std::memory_order_release);
  ::syscall(SYS_futex, &window_->request, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  auto death = wait_for(request_, appetite);
  const auto current = std::atomic_ref{window_->current}.load(std::memory_order_acquire);
  if (death) return {RunEnd::Kind::kDied, current, *std::move(death)};
  has_answered_ = true;
  // One that was told to end may still be at it: it is looked for a few times more.
  constexpr int kLooksAtExits = 8;
  if (std::atomic_ref{window_->last_process}.load() != 0) looks_at_exits_ = kLooksAtExits;
  if (looks_at_exits_ > 0) {
    --looks_at_exits_;
    // One that died is found again by who misses it.
    static_cast<void>(look_for_death());
  }
  return {current == count ? RunEnd::Kind::kDone : RunEnd::Kind::kStopped, current, {}};
}

// Waits until the agent has answered; else ends it, and says how it died.
std::optional<AgentDeath> AgentProcess::wait_for(std::uint32_t request, const Appetite& appetite) {
  const bool is_watched = appetite.total() > limits_.memory;
  if (is_watched && !shared_before_) shared_before_ = shared_memory();
  const auto interval = is_watched ? kWatchInterval : kLookInterval;
  const timespec pause{0, std::chrono::nanoseconds{interval}.count()};
  const std::atomic_ref reply{window_->reply};
  const std::atomic_ref current{window_->current};
  const std::atomic_ref turn{window_->turn};
  std::uint32_t at = 0;
  int whose = 0;
  std::optional<Patience> patience;
  for (;;) {
    const auto seen = reply.load(std::memory_order_acquire);
    const bool has_answered = seen == request;
    if (has_answered && !is_watched && steady_clock::now() - began_ < limits_.cpu)
      return std::nullopt;
    if (auto over = passed_limit(appetite); !over.empty())
      return end({.how = over, .was_killed = false, .over_limit = over});
    if (has_answered) return std::nullopt;
    if (::syscall(SYS_futex, &window_->reply, FUTEX_WAIT, seen, &pause, nullptr, 0) == 0 ||
        errno != ETIMEDOUT)
      continue;
    if (auto death = look_for_death()) {
      // It may have answered and then died, between programs.
      if (reply.load(std::memory_order_acquire) == request) continue;
      return end(*std::move(death));
    }
    // Progress is a record that ends, whoever runs it.
    const int named = turn.load() == 0 ? pid_ : pid_of(turn.load());
    // The window is the agent's to write: it can name one that is not there, and wait for it.
    const int runs = named > 0 ? named : pid_;
    if (!patience || runs != whose) {
      whose = runs;
      patience.emplace(whose);
    } else if (current.load() != at) {
      patience->forget();
    }
    at = current.load();
    patience->look(interval);
    if (patience->spent() >= limits_.patience) {
      return end(
          {.how = fmt::format("hung: no progress in {} ms, killed", limits_.patience.count()),
           .was_killed = false,
           .over_limit = {}});
    }
  }
}

/// Which bound the present sequence has passed; empty where none.
std::string AgentProcess::passed_limit(const Appetite& appetite) const {
  constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
  if (appetite.total() > limits_.memory) {
    const auto shared = shared_memory();
    auto taken = memory_of(pid_);
    // What it has dropped from its address space is still there where it is shared.
    taken = std::max(taken, shared - std::min(shared, *shared_before_));
    for (std::uint32_t process = 1; process < kProcessCountMax; ++process) {
      if (const int pid = pid_of(process); pid != 0) taken += memory_of(pid);
    }
    taken += appetite.kernel;
    if (taken > limits_.memory) {
      return fmt::format("the sequence took more than {} MiB of memory: --memory-limit",
                         limits_.memory / kMib);
    }
  }
  if (steady_clock::now() - began_ > limits_.cpu) {
    auto used = cpu_time_of(pid_) - cpu_before_ + cpu_of_dead_;
    for (std::uint32_t process = 1; process < kProcessCountMax; ++process) {
      if (const int pid = pid_of(process); pid != 0) used += cpu_time_of(pid);
    }
    if (used > limits_.cpu) {
      return fmt::format("the sequence took more than {} s of CPU time: --cpu-limit",
                         limits_.cpu.count());
    }
  }
  return {};
}

namespace {

AgentDeath death_of(const siginfo_t& info) {
  AgentDeath death;
  if (info.si_code == CLD_EXITED && info.si_status > 128) {
    death.how = fmt::format("its own memory was taken away (signal {} in the agent itself)",
                            info.si_status - 128);
  } else if (info.si_code == CLD_EXITED) {
    death.how = fmt::format("exited with status {}", info.si_status);
  } else {
    const char* signal = ::sigabbrev_np(info.si_status);
    death.how = fmt::format("killed by SIG{}{}", signal != nullptr ? signal : "?",
                            info.si_status == SIGSYS ? " (a call that the filter forbids)" : "");
    death.was_killed = info.si_status == SIGKILL;
  }
  return death;
}

}  // namespace

// Whether one of the processes has ended that should not have. Those that should have are taken
// away.
std::optional<AgentDeath> AgentProcess::look_for_death() {
  if (pid_ <= 0) return std::nullopt;
  for (;;) {
    siginfo_t info{};
    const auto group = static_cast<id_t>(pid_);
    // The agent itself may not have come to its group yet.
    const bool ended =
        ::waitid(P_PID, group, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    if (ended) return death_of(info);
    if (::waitid(P_PGID, group, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
      return std::nullopt;
    const bool is_as_it_should = info.si_code == CLD_EXITED && info.si_status == 0;
    if (!is_as_it_should) return death_of(info);
    rusage usage{};
    ::wait4(info.si_pid, nullptr, 0, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      cpu_of_dead_ += std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  }
}

std::optional<AgentDeath> AgentProcess::find_death() {
  if (pid_ <= 0) return std::nullopt;
  // The memory of a process that is killed goes before it is seen to have ended.
  Patience patience{pid_};
  while (patience.spent() < 100 * kLookInterval) {
    if (auto death = look_for_death()) return end(*std::move(death));
    ::poll(nullptr, 0, static_cast<int>(kLookInterval.count()));
    patience.look(kLookInterval);
  }
  return std::nullopt;
}

AgentDeath AgentProcess::end(AgentDeath death) {
  end_all();
  return death;
}

// Kills all there is of the agent, and takes it away. Its number is taken until the last of them is
// waited for, so that these calls reach nobody else.
void AgentProcess::end_all() {
  is_alive_ = false;
  if (pid_ <= 0) return;
  const auto group = static_cast<id_t>(pid_);
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // before it has its group
  Patience patience{pid_};
  bool is_led = true;
  while (patience.spent() < kEndPatience) {
    siginfo_t info{};
    const bool has_members = ::waitid(P_PGID, group, &info, WEXITED | WNOHANG) == 0;
    if (!has_members && is_led) ::waitid(P_PID, group, &info, WEXITED | WNOHANG);
    is_led = is_led && info.si_pid != pid_;
    if (!has_members && !is_led) break;
    if (info.si_pid != 0) continue;
    // The leader says when it has ended; of the others it is only seen.
    pollfd leader{.fd = is_led ? pidfd_.number() : -1, .events = POLLIN, .revents = 0};
    ::poll(&leader, 1, 1);
    patience.look(milliseconds{1});
  }
  pid_ = -1;
  pidfd_ = Descriptor{};
}

}  // namespace vmadiff::kernel
