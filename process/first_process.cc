// process: the first process of a pid namespace.
#include "process/first_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace vmadiff::process {
namespace {

constexpr std::array kPassedOn{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile pid_t child_of_init = 0;

void pass_on(int number) {
  const int error = errno;
  if (child_of_init > 0) ::kill(child_of_init, number);
  errno = error;
}

/// Takes away what ends, until the child does.
[[noreturn]] void wait_as_init(pid_t child) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) std::_Exit(1);
    if (ended != child) continue;
    std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

}  // namespace

void stand_in_for_init() {
  int is_subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  if (::getpid() != 1 && is_subreaper == 0) return;
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
