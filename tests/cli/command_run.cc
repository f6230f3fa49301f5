// tests of cli: running commands.
#include "command_run.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kNobody = 65534;
/// A command that does not end is ended shortly before ctest would end its test: no test is to take
/// so long, however busy the machine is.
constexpr unsigned kSecondsMax = 1200;

[[noreturn]] void become(const std::vector<std::string>& words, const CommandOptions& options,
                         const fs::path& scratch) {
  const int out = ::open((scratch / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int err = ::open((scratch / "err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
  if (options.as_nobody &&
      (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    ::_exit(126);
  }
  ::alarm(kSecondsMax);  // kept over exec
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  ::_exit(127);
}

void signal_after_first_line(pid_t child, int number, const fs::path& out) {
  while (content(out).find('\n') == std::string::npos && ::kill(child, 0) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  ::kill(child, number);
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& words, const CommandOptions& options) {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) become(words, options, scratch.path());
  if (options.signal != 0) signal_after_first_line(child, options.signal, scratch.path() / "out");
  int status = 0;
  ::waitpid(child, &status, 0);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = content(scratch.path() / "out"),
          .err = content(scratch.path() / "err")};
}

CommandResult run_vmadiff(std::vector<std::string> words, const CommandOptions& options) {
  words.insert(words.begin(), VMADIFF_BINARY_DIR "/vmadiff");
  return run_command(words, options);
}

Scratch::Scratch() {
  std::string name = (fs::temp_directory_path() / "vmadiff-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Scratch::file(std::string_view name, std::string_view text) const {
  const auto path = path_ / name;
  std::ofstream{path, std::ios::binary} << text;
  return path.string();
}

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::map<std::string, std::string> contents(const fs::path& directory) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator{directory}) {
    if (entry.is_regular_file()) {
      out[fs::relative(entry.path(), directory).string()] = content(entry.path());
    }
  }
  return out;
}

bool host_runs() {
  static const bool runs = [] {
    const auto listed = run_vmadiff({"systems"}).out;
    const auto at = listed.find("\nhost ");
    return at != std::string::npos && listed.find("runs here", at) != std::string::npos;
  }();
  return runs;
}

}  // namespace vmadiff::tests
