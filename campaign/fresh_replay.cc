// campaign: replaying a finding's file in a process of its own.
#include "campaign/fresh_replay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/descriptor.h"
#include "process/child.h"
#include "process/exit_status.h"
#include "process/interrupt.h"
#include "reports/trace.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using reports::Replayed;

constexpr std::string_view kDeath = "SystemSurvives";

FreshReplay not_tried(std::string why) { return {Replayed::kNotTried, std::move(why)}; }

/// Becomes this program with these words, its output going to `output`. Nothing but system calls:
/// other threads of the process that was forked may have held any lock.
[[noreturn]] void become(char* const* words, int output, rlim_t cpu_seconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(nothing, STDERR_FILENO);
  rlimit limit{};
  ::getrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, cpu_seconds);
  ::setrlimit(RLIMIT_CPU, &limit);
  ::execv("/proc/self/exe", words);
  ::_exit(static_cast<int>(process::ExitStatus::kLacks));
}

pid_t start(std::vector<std::string> words, int output, rlim_t cpu_seconds) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), output, cpu_seconds);
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

/// What replay said of the file.
std::string first_line(std::string_view output) {
  const auto first = output.substr(0, output.find('\n'));
  return first.empty() ? std::string{"it said nothing"} : std::string{first};
}

FreshReplay judged(int wait_status, const std::string& output, const properties::Finding& finding) {
  const bool is_death = finding.claim == kDeath;
  if (WIFSIGNALED(wait_status)) {
    if (is_death) return {Replayed::kShows, {}};
    return {Replayed::kDoesNotShow,
            fmt::format("it ended with {}", process::how_it_ended(wait_status))};
  }
  const auto status = static_cast<process::ExitStatus>(WEXITSTATUS(wait_status));
  const bool names_the_claim =
      output.find(fmt::format(": {}: ", finding.claim)) != std::string::npos;
  if (status == process::ExitStatus::kFinding && names_the_claim) return {Replayed::kShows, {}};
  return {Replayed::kDoesNotShow, first_line(output)};
}

}  // namespace

FreshReplay replay_afresh(const std::filesystem::path& trace, const properties::Finding& finding) {
  if (trace.empty()) return not_tried("it is not written");
  if (process::is_interrupted()) return not_tried("interrupted");
  const auto systems = reports::systems_of(finding);
  if (std::ranges::any_of(systems, systems::is_guest)) {
    return not_tried("that would boot a virtual machine; the command above does it");
  }
  const kernel::Descriptor output{::memfd_create("vmadiff-replay", MFD_CLOEXEC)};
  if (!output.is_open()) return not_tried(std::strerror(errno));
  const std::string path = trace.string();
  const pid_t child =
      start({"vmadiff", "replay", "--systems", fmt::format("{}", fmt::join(systems, ",")),
             path.starts_with('-') ? "./" + path : path},
            output.number(), finding.claim == kDeath ? kDeathReplayCpuSeconds : kReplayCpuSeconds);
  if (child < 0) return not_tried(fmt::format("no process for it: {}", std::strerror(errno)));
  const auto status = end_of(child);
  return status ? judged(*status, content_of(output.number()), finding) : not_tried("interrupted");
}

}  // namespace vmadiff::campaign
