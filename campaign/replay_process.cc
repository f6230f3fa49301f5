// campaign: replaying a file in a process of its own.
#include "campaign/replay_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "kernel/descriptor.h"
#include "process/child.h"
#include "process/exit_status.h"
#include "process/interrupt.h"

namespace vmadiff::campaign {
namespace {

/// Becomes this program with these words. Nothing but system calls: other threads of the process
/// that was forked may have held any lock.
[[noreturn]] void become(char* const* words, int output, int errors, rlim_t cpu_seconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  rlimit limit{};
  ::getrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, cpu_seconds);
  ::setrlimit(RLIMIT_CPU, &limit);
  ::execv("/proc/self/exe", words);
  ::_exit(static_cast<int>(process::ExitStatus::kLacks));
}

pid_t start(std::vector<std::string> words, int output, int errors, rlim_t cpu_seconds) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), output, errors, cpu_seconds);
  return child;
}

/// Its wait status; nothing where an interrupt came first.
std::optional<int> end_of(pid_t child) {
  constexpr auto kLook = std::chrono::milliseconds{200};
  while (true) {
    if (const auto status = process::wait_for(child, kLook)) return status;
    if (!process::is_interrupted()) continue;
    process::kill_child(child);
    return std::nullopt;
  }
}

std::string content_of(int file) {
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, ::lseek(file, 0, SEEK_END))), '\0');
  const auto got = ::pread(file, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

}  // namespace

std::string first_line(const std::string& text) {
  const auto first = text.substr(0, text.find('\n'));
  return first.empty() ? "it said nothing" : first;
}

std::expected<ReplayEnd, std::string> run_replay(const std::filesystem::path& trace,
                                                 std::span<const std::string> systems,
                                                 const std::vector<std::string>& more,
                                                 std::uint64_t cpu_seconds) {
  if (process::is_interrupted()) return std::unexpected("interrupted");
  const kernel::Descriptor output{::memfd_create("vmadiff-replay", MFD_CLOEXEC)};
  const kernel::Descriptor errors{::memfd_create("vmadiff-replay-errors", MFD_CLOEXEC)};
  if (!output.is_open() || !errors.is_open()) return std::unexpected(std::strerror(errno));
  std::vector<std::string> words{"vmadiff", "replay", "--systems",
                                 fmt::format("{}", fmt::join(systems, ","))};
  words.insert(words.end(), more.begin(), more.end());
  const std::string path = trace.string();
  words.push_back(path.starts_with('-') ? "./" + path : path);
  const pid_t child = start(std::move(words), output.number(), errors.number(), cpu_seconds);
  if (child < 0) return std::unexpected(fmt::format("no process for it: {}", std::strerror(errno)));
  const auto status = end_of(child);
  if (!status) return std::unexpected("interrupted");
  return ReplayEnd{*status, content_of(output.number()), content_of(errors.number())};
}

}  // namespace vmadiff::campaign
