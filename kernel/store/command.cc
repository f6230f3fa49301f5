// kernel: running another program.
#include "kernel/store/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "kernel/descriptor.h"

namespace vmadiff::kernel {
namespace {

spec::ToolFault fault_of(const std::string& what, int error) {
  return {fmt::format("{}: {}", what, std::strerror(error))};
}

/// How often somebody who may interrupt is asked.
constexpr int kLookMilliseconds = 200;

/// Passes on the lines of a text that grows.
class Lines {
 public:
  explicit Lines(const CommandWatch& watch) : watch_(watch) {}
  void look(std::string_view text) {
    if (!watch_.on_line) return;
    for (auto end = text.find('\n', passed_); end != std::string_view::npos;
         end = text.find('\n', passed_)) {
      watch_.on_line(text.substr(passed_, end - passed_));
      passed_ = end + 1;
    }
  }

 private:
  const CommandWatch& watch_;
  std::size_t passed_ = 0;
};

/// Reads both pipes to their ends.
void drain(Descriptor output, Descriptor errors, pid_t child, const CommandWatch& watch,
           CommandResult& result) {
  std::array<pollfd, 2> waits{pollfd{output.number(), POLLIN, 0},
                              pollfd{errors.number(), POLLIN, 0}};
  std::array<std::string*, 2> into{&result.output, &result.errors};
  std::array<char, std::size_t{64} << 10> buffer;
  Lines lines{watch};
  bool is_asked = false;
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    const int ready =
        ::poll(waits.data(), waits.size(), watch.interrupted ? kLookMilliseconds : -1);
    if (!is_asked && watch.interrupted && watch.interrupted()) {
      is_asked = true;
      ::kill(child, SIGTERM);
    }
    if (ready <= 0) continue;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].fd < 0 || waits[i].revents == 0) continue;
      const auto count = ::read(waits[i].fd, buffer.data(), buffer.size());
      if (count > 0) into[i]->append(buffer.data(), static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EINTR)) waits[i].fd = -1;
    }
    lines.look(result.output);
  }
}

}  // namespace

std::string program_path(const std::string& name) {
  if (name.contains('/')) return ::access(name.c_str(), X_OK) == 0 ? name : std::string{};
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  const std::string places =
      fmt::format("{}:/usr/sbin:/sbin:/usr/bin:/bin", path != nullptr ? path : "");
  for (std::string_view rest = places; !rest.empty();) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const auto candidate = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (colon != 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

std::expected<CommandResult, spec::ToolFault> run_command(const std::vector<std::string>& words,
                                                          const std::string& directory,
                                                          const CommandWatch& watch) {
  const auto program = program_path(words.front());
  if (program.empty())
    return std::unexpected(spec::ToolFault{fmt::format("{} is not installed", words.front())});
  std::array<int, 2> out{-1, -1};
  std::array<int, 2> err{-1, -1};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0)
    return std::unexpected(fault_of("pipe", errno));
  Descriptor output{out[0]};
  Descriptor errors{err[0]};
  Descriptor write_output{out[1]};
  Descriptor write_errors{err[1]};

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_output.number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, write_errors.number(), STDERR_FILENO);
  if (!directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::unexpected(fault_of(program, failed));
  write_output = Descriptor{};
  write_errors = Descriptor{};

  CommandResult result;
  drain(std::move(output), std::move(errors), pid, watch, result);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace vmadiff::kernel
