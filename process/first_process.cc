// process: the first process of a pid namespace.
#include "process/first_process.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace vmadiff::process {
namespace {

constexpr std::array kPassedOn{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile pid_t child_of_init = 0;

void pass_on(int number) {
  const int error = errno;
  if (child_of_init > 0) ::kill(child_of_init, number);
  errno = error;
}

/// The first process of a machine finds an initramfs as it was packed. In a container, what is not
/// mounted is not to be.
void mount_what_is_missing() {
  struct statfs root{};
  if (::statfs("/", &root) != 0) return;
  if (root.f_type != RAMFS_MAGIC && root.f_type != TMPFS_MAGIC) return;
  const auto mount = [](const char* sign, const char* place, const char* what) {
    constexpr mode_t kMode = 0755;
    if (::access(sign, F_OK) == 0) return;
    ::mkdir(place, kMode);
    // Who misses it says so.
    static_cast<void>(::mount(what, place, what, 0, nullptr));
  };
  mount("/proc/cpuinfo", "/proc", "proc");
  mount("/dev/null", "/dev", "devtmpfs");
  mount("/sys/kernel", "/sys", "sysfs");
}

/// Not of a container: then its end is the machine's, and a panic of the kernel if nothing is done.
bool is_first_of_machine() {
  // PROC_PID_INIT_INO: the number of the pid namespace that the kernel begins with.
  constexpr std::string_view kInitial = "pid:[4026531836]";
  std::array<char, kInitial.size() + 1> name{};
  const auto length = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  return ::getpid() == 1 && length > 0 &&
         std::string_view{name.data(), static_cast<std::size_t>(length)} == kInitial;
}

[[noreturn]] void end_as_init(int status) {
  if (is_first_of_machine()) {
    fmt::print(stderr, "vmadiff: status {}; the machine is switched off\n", status);
    ::sync();
    ::reboot(RB_POWER_OFF);
  }
  std::_Exit(status);
}

/// Takes away what ends, until the child does.
[[noreturn]] void wait_as_init(pid_t child) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) end_as_init(1);
    if (ended != child) continue;
    end_as_init(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

}  // namespace

void stand_in_for_init() {
  int is_subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  if (::getpid() != 1 && is_subreaper == 0) return;
  if (::getpid() == 1) mount_what_is_missing();
  struct sigaction action{};
  action.sa_handler = pass_on;
  // The child begins with the signals as they were; what comes before it is there waits.
  std::array<struct sigaction, kPassedOn.size()> before{};
  sigset_t waiting;
  sigset_t mask;
  ::sigemptyset(&waiting);
  for (const int number : kPassedOn) ::sigaddset(&waiting, number);
  ::sigprocmask(SIG_BLOCK, &waiting, &mask);
  for (std::size_t i = 0; i < kPassedOn.size(); ++i) ::sigaction(kPassedOn[i], &action, &before[i]);
  const pid_t child = ::fork();
  if (child > 0) child_of_init = child;
  if (child <= 0) {
    for (std::size_t i = 0; i < kPassedOn.size(); ++i)
      ::sigaction(kPassedOn[i], &before[i], nullptr);
    if (child == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  // Where there can be no other process, this one does what it can.
  if (child > 0) wait_as_init(child);
}

}  // namespace vmadiff::process
