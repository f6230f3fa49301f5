// process: other programs and their keepers.
#include "process/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "process/child.h"

namespace vmadiff::process {
namespace {

constexpr int kNotThere = 127;

/// What a shell would say, too. Never returns.
[[noreturn]] void become(const Program& program) {
  // A group of its own: a keeper that ends it ends all of it, and a Ctrl-C is not its own.
  ::setpgid(0, 0);
  const auto open_as = [](const std::filesystem::path& file, int as) {
    const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (made < 0 || ::dup2(made, as) < 0) ::_exit(kNotThere);
  };
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  open_as(program.out, STDOUT_FILENO);
  open_as(program.err, STDERR_FILENO);
  if (!program.directory.empty() && ::chdir(program.directory.c_str()) != 0) ::_exit(kNotThere);
  for (const auto& [name, value] : program.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : program.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  // As a program begins: what this process asked of signals is its own.
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::execvp(words.front(), words.data());
  const auto why = fmt::format("{}: {}\n", program.words.front(), std::strerror(errno));
  (void)!::write(STDERR_FILENO, why.data(), why.size());
  ::_exit(kNotThere);
}

/// Waits for the program's end, or for that of who wants it to live. Never returns.
[[noreturn]] void keep(const Program& program, int life, int status_pipe) {
  ::setpgid(0, 0);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    become(program);
  }
  (void)!::write(status_pipe, &child, sizeof child);
  if (child < 0) ::_exit(1);
  ::setpgid(child, child);
  int status = 0;
  while (true) {
    pollfd owner{.fd = life, .events = POLLIN, .revents = 0};
    constexpr int kLookMs = 20;
    const int seen = ::poll(&owner, 1, kLookMs);
    if (seen > 0) {
      ::kill(-child, SIGKILL);
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    if (::waitpid(child, &status, WNOHANG) == child) break;
  }
  ::kill(-child, SIGKILL);
  (void)!::write(status_pipe, &status, sizeof status);
  ::_exit(0);
}

template <typename T>
bool read_whole(int descriptor, T& value) {
  ssize_t got = 0;
  do {
    got = ::read(descriptor, &value, sizeof value);
  } while (got < 0 && errno == EINTR);
  return got == sizeof value;
}

spec::ToolFault cannot_start(const Program& program, int error) {
  return {fmt::format("{} cannot be started: {}", program.words.front(), std::strerror(error))};
}

}  // namespace

std::expected<RunningProgram, spec::ToolFault> RunningProgram::start(const Program& program) {
  std::array<int, 2> life{};
  std::array<int, 2> status{};
  if (::pipe2(life.data(), O_CLOEXEC) != 0) return std::unexpected(cannot_start(program, errno));
  if (::pipe2(status.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    for (const int end : life) ::close(end);
    return std::unexpected(cannot_start(program, error));
  }
  std::fflush(nullptr);  // what is buffered would be written twice
  const pid_t keeper = ::fork();
  if (keeper == 0) {
    ::close(life[1]);
    ::close(status[0]);
    keep(program, life[0], status[1]);
  }
  const int error = errno;
  ::close(life[0]);
  ::close(status[1]);
  RunningProgram out;
  out.keeper_ = keeper;
  out.life_ = life[1];
  out.status_ = status[0];
  if (keeper < 0) return std::unexpected(cannot_start(program, error));
  if (!read_whole(out.status_, out.program_) || out.program_ < 0)
    return std::unexpected(cannot_start(program, EAGAIN));
  return out;
}

RunningProgram::RunningProgram(RunningProgram&& other) noexcept
    : keeper_(std::exchange(other.keeper_, -1)),
      program_(std::exchange(other.program_, -1)),
      life_(std::exchange(other.life_, -1)),
      status_(std::exchange(other.status_, -1)) {}

RunningProgram::~RunningProgram() {
  if (life_ >= 0) ::close(life_);
  if (status_ >= 0) ::close(status_);
  while (keeper_ > 0 && ::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> RunningProgram::look(std::chrono::milliseconds time) {
  if (!look_for(keeper_, time)) return std::nullopt;
  keeper_ = -1;
  int status = 0;
  // A keeper that was killed takes nobody with it but says nothing; what it kept may go on.
  if (!read_whole(status_, status)) {
    ::kill(-program_, SIGKILL);
    status = SIGKILL;
  }
  return status;
}

void RunningProgram::ask_to_end() const {
  if (keeper_ > 0) ::kill(program_, SIGINT);
}

void RunningProgram::kill() const {
  if (keeper_ > 0) ::kill(-program_, SIGKILL);
}

}  // namespace vmadiff::process
