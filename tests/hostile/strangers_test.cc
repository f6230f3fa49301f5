// tests of the cage: no process that is not the agent's is signalled or read.
#include "strangers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "kernel/host/agent_process.h"
#include "kernel/host/host.h"
#include "kernel/host/proc_text.h"
#include "kernel/host/program.h"

namespace vmadiff::kernel {
namespace {

class StrangersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    others_ = child_count();
    if (const auto found = probe_host(); !found.can_run) GTEST_SKIP() << found.why_not;
    auto agent = AgentProcess::spawn(
        files_, {.patience = std::chrono::milliseconds{500}, .cpu = std::chrono::seconds{1}});
    ASSERT_TRUE(agent) << agent.error().fault.message;
    agent_ = std::move(*agent);
  }

  RunEnd run(std::initializer_list<Record> program) {
    std::ranges::copy(program, agent_->records().begin());
    return agent_->run(static_cast<std::uint32_t>(program.size()));
  }

  /// Children of this process that are the agent's.
  [[nodiscard]] std::size_t agents() const { return child_count() - others_; }

  std::size_t others_ = 0;
  AgentFiles files_;
  std::unique_ptr<AgentProcess> agent_;
};

// What once killed a stranger: a forked process dies by itself, its number goes to another, and the
// end of the agent ends that one.
TEST_F(StrangersTest, TheNumberOfADeadProcessIsNobodyElses) {
  ASSERT_EQ(run({system_call(kFork)}).kind, RunEnd::Kind::kDone);
  const pid_t pid = agent_->pid_of(1);
  ASSERT_GT(pid, 0);
  ::kill(pid, SIGKILL);
  Strangers strangers{8};
  // It stays a child that was not waited for, so that nobody can have its number.
  EXPECT_TRUE(is_child(pid));
  if (::geteuid() == 0) {
    EXPECT_FALSE(strangers.add_with(pid));
  }
  const auto end = run({in_process(1, system_call(kGive))});
  EXPECT_EQ(end.kind, RunEnd::Kind::kDied);
  EXPECT_TRUE(end.death.was_killed) << end.death.how;
  // All that was there of it is gone; from here on the number may be another's.
  EXPECT_FALSE(is_child(pid));
  strangers.add_with(pid);
  EXPECT_EQ(agent_->pid_of(1), 0);
  agent_.reset();
  EXPECT_EQ(strangers.alive(), strangers.pids().size());
}

TEST_F(StrangersTest, AProcessThatEndsByItselfIsWaitedFor) {
  constexpr int kRounds = 50;
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(run({system_call(kFork), in_process(1, system_call(kFork)),
                   in_process(2, system_call(kExit)), in_process(1, system_call(kExit))})
                  .kind,
              RunEnd::Kind::kDone);
    agent_->count_processes_anew();
  }
  for (int i = 0; i < kRounds && agents() > 1; ++i) {
    ASSERT_EQ(run({system_call(kGive)}).kind, RunEnd::Kind::kDone);
    ::usleep(1000);
  }
  EXPECT_LE(agents(), 3U);
  agent_.reset();
  EXPECT_EQ(agents(), 0U);
}

TEST_F(StrangersTest, NothingIsLeftOfForksOfForks) {
  ASSERT_EQ(run({system_call(kFork), in_process(1, system_call(kFork)),
                 in_process(2, system_call(kFork)), in_process(1, system_call(kExec))})
                .kind,
            RunEnd::Kind::kDone);
  EXPECT_EQ(agents(), 4U);
  const pid_t deepest = agent_->pid_of(3);
  EXPECT_EQ(::getpgid(deepest), ::getsid(deepest)) << "the group is the agent's";
  agent_.reset();
  EXPECT_EQ(agents(), 0U);
}

// The window is the agent's to write, and so a trace's: a number in it is not believed.
TEST_F(StrangersTest, ANumberThatTheAgentMadeUpIsNotRead) {
  ASSERT_EQ(run({system_call(kFork)}).kind, RunEnd::Kind::kDone);
  EXPECT_TRUE(agent_->has(1));
  EXPECT_FALSE(agent_->has(kProcessCountMax));
  EXPECT_EQ(agent_->pid_of(kProcessCountMax), 0);
  // Touches of the window's pages write ones at their beginnings.
  const auto end = run({system_call(kTouchWrite, kWindowStart, kWindowSize / 4096)});
  for (std::uint32_t process = 0; process < kProcessCountMax; ++process) {
    const pid_t pid = agent_->pid_of(process);
    if (pid != 0) {
      EXPECT_TRUE(is_child(pid)) << process;
    }
  }
  EXPECT_NE(end.kind, RunEnd::Kind::kStopped);
}

TEST_F(StrangersTest, TheFirstInLineWhereMemoryIsShort) {
  ASSERT_EQ(run({system_call(kFork)}).kind, RunEnd::Kind::kDone);
  std::string buffer;
  const Descriptor file{
      ::open(("/proc/" + std::to_string(agent_->pid_of(1)) + "/oom_score_adj").c_str(),
             O_RDONLY | O_CLOEXEC)};
  ASSERT_TRUE(file.is_open());
  const auto text = read_proc(file.number(), buffer);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "1000\n");
}

}  // namespace
}  // namespace vmadiff::kernel
