// tests of the cage: a campaign whose agents are killed, and what is left of one that is killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../cli/command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

/// Children of all threads of a process.
std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code error;
  const fs::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (fs::directory_iterator at{tasks, error}, end; !error && at != end; at.increment(error)) {
    std::ifstream file{at->path() / "children"};
    for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  }
  return children;
}

/// A vmadiff that runs beside the test, and is ended with it.
class Running {
 public:
  explicit Running(std::vector<std::string> words, const fs::path& scratch) : scratch_(scratch) {
    words.insert(words.begin(), VMADIFF_BINARY_DIR "/vmadiff");
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setenv("TMPDIR", (scratch / "tmp").c_str(), 1);
    const int out = ::open((scratch / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  ~Running() {
    kill(SIGKILL);
    wait();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void kill(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  int wait() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
  }
  /// The process that runs the campaign; 0 where there is none yet.
  [[nodiscard]] pid_t campaign() const {
    const auto children = children_of(pid_);
    return children.empty() ? 0 : children.front();
  }
  [[nodiscard]] std::string said() const { return content(scratch_ / "out"); }

 private:
  fs::path scratch_;
  pid_t pid_ = -1;
};

bool shows_children() { return fs::exists("/proc/thread-self/children"); }

TEST(Campaign, GoesOnWhereItsAgentIsKilledFiftyTimes) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  if (!shows_children())
    GTEST_SKIP() << "this kernel does not list children (CONFIG_PROC_CHILDREN)";
  constexpr std::size_t kKills = 50;
  const Scratch scratch;
  fs::create_directory(scratch.path() / "tmp");
  Running run{{"check", "--systems", "model,host", "--ops", "1000000000", "--seed", "1", "--out",
               (scratch.path() / "findings").string()},
              scratch.path()};
  std::set<pid_t> killed;
  while (killed.size() < kKills && !run.has_ended()) {
    for (const pid_t agent : children_of(run.campaign())) {
      // Each agent once, at whatever it is: the next is another process.
      if (killed.size() < kKills && killed.insert(agent).second) ::kill(agent, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  EXPECT_FALSE(run.has_ended()) << run.said();
  run.kill(SIGINT);
  const int status = run.wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << run.said();
  EXPECT_EQ(killed.size(), kKills);
  EXPECT_NE(run.said().find("findings             none"), std::string::npos) << run.said();
  EXPECT_FALSE(fs::exists(scratch.path() / "findings"));
}

TEST(Campaign, LeavesNothingBehindWhereverItIsKilled) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  if (!shows_children())
    GTEST_SKIP() << "this kernel does not list children (CONFIG_PROC_CHILDREN)";
  if (::geteuid() != 0) GTEST_SKIP() << "device nodes have a name for a moment without root";
  const Scratch scratch;
  fs::create_directory(scratch.path() / "tmp");
  // From its first steps, when files are made, to the middle of the campaign.
  for (int pause_ms = 0; pause_ms < 200; pause_ms += 10) {
    Running run{{"check", "--systems", "model,host", "--ops", "1000000000", "--out",
                 (scratch.path() / "findings").string()},
                scratch.path()};
    std::this_thread::sleep_for(std::chrono::milliseconds{pause_ms});
    const pid_t campaign = run.campaign();
    auto all = children_of(campaign);
    all.push_back(campaign);
    run.kill(SIGKILL);
    run.wait();
    EXPECT_TRUE(fs::is_empty(scratch.path() / "tmp")) << pause_ms;
    constexpr int kLooks = 2000;
    for (const pid_t pid : all) {
      // Somebody else takes them away; that they have ended is what counts.
      const auto is_there = [pid] {
        const auto stat = content("/proc/" + std::to_string(pid) + "/stat");
        const auto state = stat.rfind(") ");
        return pid > 0 && state != std::string::npos && stat[state + 2] != 'Z' &&
               stat.find("vmadiff") != std::string::npos;
      };
      for (int i = 0; i < kLooks && is_there(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
      EXPECT_FALSE(is_there()) << pid << " after " << pause_ms << " ms";
    }
  }
}

}  // namespace
}  // namespace vmadiff::tests
