// record: starting strace in front of the program, and looking at its tasks whenever one waits.
#include "record/recorded.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "intake/strace_names.h"
#include "kernel/descriptor.h"
#include "kernel/store/command.h"
#include "record/listener.h"

namespace vmadiff::record {
namespace {

std::unexpected<spec::ToolFault> fault(std::string message) {
  return std::unexpected(spec::ToolFault{std::move(message)});
}

/// A file that is gone with its owner.
class ScratchFile {
 public:
  ScratchFile() {
    const char* const directory = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
    path_ = fmt::format("{}/vmadiff-record-XXXXXX", directory != nullptr ? directory : "/tmp");
    file_ = kernel::Descriptor{::mkostemp(path_.data(), O_CLOEXEC)};
  }
  ~ScratchFile() {
    if (file_.is_open()) ::unlink(path_.c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string text() const {
    std::ifstream in{path_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

 private:
  std::string path_;
  kernel::Descriptor file_;
};

/// strace's options: all that intake looks at. `?`: a strace that does not know the call goes on
/// without.
std::vector<std::string> strace_words(const std::string& strace, const std::string& log,
                                      const std::vector<std::string>& program) {
  std::string calls;
  for (const std::string_view name : intake::known_calls()) {
    calls += fmt::format("{}?{}", calls.empty() ? "" : ",", name);
  }
  std::vector<std::string> words{strace,           "-f", "-q", "-y", "-s", "4096", "-o", log, "-e",
                                 "trace=" + calls, "--"};
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

/// What the tasks did so far, and what was seen of them.
class Looker {
 public:
  explicit Looker(pid_t strace) : strace_(strace) {}

  void on_call(pid_t task, int number) {
    if (task == strace_) return;
    const bool executes = number == SYS_execve || number == SYS_execveat;
    const bool ends = number == SYS_exit || number == SYS_exit_group;
    // strace tries things out with children of its own before it starts the program.
    if (root_ == 0 && !executes) return;
    if (root_ == 0) root_ = task;
    const auto count = count_[task]++;
    const bool has_executed = executed_.erase(task) != 0;
    auto maps = intake::read_maps(read(task));
    if (!has_executed && !ends) keep_faults(maps);
    looks_[{static_cast<intake::Pid>(task), count}] = std::move(maps);
    if (executes) executed_.insert(task);
  }

  [[nodiscard]] intake::Looks take() { return std::move(looks_); }

 private:
  static std::string read(pid_t task) {
    std::ifstream in{fmt::format("/proc/{}/smaps", task)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  /// Of most looks only what says that something was written to is of use.
  static void keep_faults(std::vector<intake::MapsEntry>& maps) {
    std::erase_if(maps, [](const intake::MapsEntry& entry) {
      return entry.is_shared || entry.is_kernels() || (!entry.has_own_pages && !entry.is_stack());
    });
    for (intake::MapsEntry& entry : maps) {
      if (!entry.is_stack()) entry.path = {};
    }
    maps.shrink_to_fit();
  }

  pid_t strace_;
  pid_t root_ = 0;
  std::map<pid_t, std::size_t> count_;
  std::set<pid_t> executed_;
  intake::Looks looks_;
};

/// The child: puts itself under the filter, hands the listener over, and becomes strace.
[[noreturn]] void become(const std::vector<char*>& words, int socket) {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGQUIT, SIG_DFL);
  if (auto listener = listen_to_myself()) {
    static_cast<void>(send_descriptor(socket, listener->number()));
    static_cast<void>(listener->release());
  }
  ::close(socket);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

std::expected<Recorded, spec::ToolFault> run_recorded(const std::vector<std::string>& words) {
  const auto strace = kernel::program_path("strace");
  if (strace.empty()) return fault("strace is not installed: apt-get install strace");
  const ScratchFile log;
  if (!log.is_open()) return fault(fmt::format("{}: {}", log.path(), std::strerror(errno)));
  auto all = strace_words(strace, log.path(), words);
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> sockets{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return fault(fmt::format("socketpair: {}", std::strerror(errno)));
  }
  kernel::Descriptor ours{sockets[0]};
  kernel::Descriptor theirs{sockets[1]};
  // What is typed is the program's: it may end, and is told of all the same.
  const auto on_interrupt = std::signal(SIGINT, SIG_IGN);
  const auto on_quit = std::signal(SIGQUIT, SIG_IGN);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(arguments, theirs.number());
  theirs = {};
  std::optional<spec::ToolFault> trouble;
  Recorded out;
  if (child < 0) {
    trouble = spec::ToolFault{fmt::format("fork: {}", std::strerror(errno))};
  } else {
    Looker looker{child};
    const auto listener = receive_descriptor(ours.number());
    if (listener.is_open()) {
      const auto served = serve(
          listener.number(), [&looker](pid_t task, int number) { looker.on_call(task, number); });
      if (!served) trouble = served.error();
    } else {
      out.unwatched =
          "this machine does not give a seccomp listener (Linux 5.5, no other listener)";
    }
    out.looks = looker.take();
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    out.status = status_of(status);
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGQUIT, on_quit);
  if (trouble) return std::unexpected(*std::move(trouble));
  out.log = log.text();
  return out;
}

}  // namespace vmadiff::record
