// process: child processes.
#include "process/child.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <thread>

#include "kernel/patience.h"

namespace vmadiff::process {

pid_t start_child(const std::function<int()>& body) {
  std::fflush(nullptr);  // what is buffered would be written twice
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  int status = 1;
  try {
    status = body();
  } catch (const std::exception& fault) {
    fmt::print(stderr, "vmadiff: fault of the tool: {}\n", fault.what());
    std::terminate();
  }
  std::fflush(nullptr);
  ::_exit(status);
}

namespace {

/// Its wait status, if it has ended.
std::optional<int> ended(pid_t child) {
  int status = 0;
  const pid_t got = ::waitpid(child, &status, WNOHANG);
  if (got == child) return status;
  if (got < 0 && errno != EINTR) return 0;  // somebody else took it
  return std::nullopt;
}

}  // namespace

std::optional<int> wait_for(pid_t child, std::chrono::milliseconds patience) {
  constexpr auto kLook = std::chrono::milliseconds{10};
  // Most end in much less than a look.
  auto pause = std::chrono::microseconds{50};
  for (; pause < kLook; pause *= 2) {
    if (const auto status = ended(child)) return status;
    std::this_thread::sleep_for(pause);
  }
  kernel::Patience left{child};
  while (left.spent() < patience) {
    if (const auto status = ended(child)) return status;
    std::this_thread::sleep_for(kLook);
    left.look(kLook);
  }
  return ended(child);
}

std::optional<int> look_for(pid_t child, std::chrono::milliseconds time) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + time;
  auto pause = std::chrono::microseconds{50};
  while (true) {
    if (const auto status = ended(child)) return status;
    if (steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(pause);
    if (pause < std::chrono::milliseconds{20}) pause *= 2;
  }
}

int kill_child(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    const char* name = ::sigabbrev_np(number);
    return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
  }
  return fmt::format("exit status {}", WEXITSTATUS(wait_status));
}

}  // namespace vmadiff::process
