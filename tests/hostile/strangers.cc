// tests of the cage: processes that nobody may touch.
#include "strangers.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace vmadiff::kernel {
namespace {

pid_t make_stranger() {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) ::pause();
}

}  // namespace

Strangers::Strangers(std::size_t count) {
  std::generate_n(std::back_inserter(pids_), count, make_stranger);
}

Strangers::~Strangers() {
  for (const pid_t pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

std::size_t Strangers::alive() const {
  return static_cast<std::size_t>(std::ranges::count_if(pids_, [](pid_t pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }));
}

bool Strangers::add_with(pid_t pid) {
  constexpr int kTries = 20;  // others make processes as well
  for (int i = 0; i < kTries; ++i) {
    std::ofstream{"/proc/sys/kernel/ns_last_pid"} << pid - 1;
    pids_.push_back(make_stranger());
    if (pids_.back() == pid) return true;
  }
  return false;
}

bool is_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::size_t child_count() {
  std::ifstream file{"/proc/thread-self/children"};
  return static_cast<std::size_t>(
      std::distance(std::istream_iterator<pid_t>{file}, std::istream_iterator<pid_t>{}));
}

}  // namespace vmadiff::kernel
