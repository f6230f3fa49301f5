// kernel: inside the virtual machine: runs a program that somebody brought along.
#include "kernel/guest/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernel/descriptor.h"

namespace vmadiff::kernel {
namespace {

constexpr const char* kProgram = "/tmp/program";
constexpr int kPatienceMs = 30'000;

spec::ToolFault fault(std::string_view what) {
  return {fmt::format("guest: {}: {}", what, std::strerror(errno))};
}

bool write_program(std::string_view elf) {
  // Closed before it is run: a file that is open for writing cannot be.
  const Descriptor file{::open(kProgram, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755)};
  while (file.is_open() && !elf.empty()) {
    const auto count = ::write(file.number(), elf.data(), elf.size());
    if (count <= 0) return false;
    elf.remove_prefix(static_cast<std::size_t>(count));
  }
  return file.is_open();
}

[[noreturn]] void become_program(int output) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  char name[] = "program";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  ::execve(kProgram, arguments, environment);
  constexpr int kCannotBeRun = 127;
  ::_exit(kCannotBeRun);
}

/// All that it prints, until it closes its output; false where it takes too long.
bool read_output(int output, std::string& text) {
  for (;;) {
    pollfd waiting{.fd = output, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kPatienceMs) <= 0) return false;
    std::array<char, 4096> buffer;
    const auto count = ::read(output, buffer.data(), buffer.size());
    if (count <= 0) return true;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

std::expected<ProgramEnd, spec::ToolFault> run_program(std::string_view elf) {
  if (!write_program(elf)) return std::unexpected(fault(kProgram));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(fault("pipe"));
  const Descriptor output{ends[0]};
  Descriptor input{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return std::unexpected(fault("fork"));
  if (child == 0) become_program(input.number());
  input = Descriptor{};
  ProgramEnd end;
  const bool ended = read_output(output.number(), end.output);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::unlink(kProgram);
  end.signal = WIFSIGNALED(status) ? static_cast<std::uint64_t>(WTERMSIG(status)) : 0;
  end.status = WIFEXITED(status) ? static_cast<std::uint64_t>(WEXITSTATUS(status)) : 0;
  return end;
}

}  // namespace vmadiff::kernel
