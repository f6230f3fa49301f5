// tests of process: another program, its output in files, and its end with that of who started it.
#include "process/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli/command_run.h"

namespace vmadiff::process {
namespace {

using std::chrono::milliseconds;

class ProgramTest : public ::testing::Test {
 protected:
  [[nodiscard]] Program shell(const std::string& script) const {
    return {.words = {"sh", "-c", script},
            .directory = scratch_.path(),
            .out = scratch_.path() / "out",
            .err = scratch_.path() / "err",
            .environment = {{"VMADIFF_WORD", "hello"}}};
  }
  static int wait(RunningProgram& running) {
    std::optional<int> status;
    while (!status) status = running.look(milliseconds{100});
    return *status;
  }
  /// Whoever holds this file open is there; it blocks until nobody does.
  [[nodiscard]] std::string fifo() const {
    auto path = (scratch_.path() / "fifo").string();
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  tests::Scratch scratch_;
};

TEST_F(ProgramTest, ItsOutputIsInFilesAndItsEndIsTold) {
  auto running = RunningProgram::start(shell("echo $VMADIFF_WORD; echo bad >&2; pwd; exit 7"));
  ASSERT_TRUE(running);
  const int status = wait(*running);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  EXPECT_EQ(tests::content(scratch_.path() / "out"), "hello\n" + scratch_.path().string() + "\n");
  EXPECT_EQ(tests::content(scratch_.path() / "err"), "bad\n");
}

TEST_F(ProgramTest, ADeathIsTold) {
  auto running = RunningProgram::start(shell("kill -SEGV $$"));
  ASSERT_TRUE(running);
  const int status = wait(*running);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST_F(ProgramTest, OneThatIsNotThereSaysSo) {
  auto program = shell("");
  program.words = {"/nowhere/at/all"};
  auto running = RunningProgram::start(program);
  ASSERT_TRUE(running);
  const int status = wait(*running);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 127);
  EXPECT_NE(tests::content(scratch_.path() / "err").find("/nowhere/at/all: No such file"),
            std::string::npos);
}

TEST_F(ProgramTest, AskedToEndItCanSayWhatItHas) {
  auto running = RunningProgram::start(
      shell("trap 'echo asked; exit 3' INT; echo begun >begun; while :; do sleep 0.01; done"));
  ASSERT_TRUE(running);
  while (tests::content(scratch_.path() / "begun").empty()) ASSERT_FALSE(running->look({}));
  running->ask_to_end();
  const int status = wait(*running);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  EXPECT_EQ(tests::content(scratch_.path() / "out"), "asked\n");
}

TEST_F(ProgramTest, WhatItHasStartedEndsWithIt) {
  const auto path = fifo();
  // A child that outlives it, and holds the pipe open.
  auto running = RunningProgram::start(shell("sleep 1000 >'" + path + "' & exec 3<'" + path + "'"));
  ASSERT_TRUE(running);
  const int reader = ::open(path.c_str(), O_RDONLY);
  wait(*running);
  char byte = 0;
  EXPECT_EQ(::read(reader, &byte, 1), 0) << "the end of the pipe: nobody holds it any more";
  ::close(reader);
}

TEST_F(ProgramTest, ItEndsWithWhoStartedIt) {
  const auto path = fifo();
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto running =
        RunningProgram::start(shell("sleep 1000 >'" + path + "' & sleep 1000 >'" + path + "'"));
    if (running) (void)running->look(std::chrono::hours{1});
    ::_exit(0);
  }
  const int reader = ::open(path.c_str(), O_RDONLY);  // there when one of them writes
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  char byte = 0;
  EXPECT_EQ(::read(reader, &byte, 1), 0);
  ::close(reader);
}

TEST_F(ProgramTest, ItEndsWithTheObject) {
  const auto path = fifo();
  int reader = -1;
  {
    auto running = RunningProgram::start(shell("sleep 1000 >'" + path + "'"));
    ASSERT_TRUE(running);
    reader = ::open(path.c_str(), O_RDONLY);
  }
  char byte = 0;
  EXPECT_EQ(::read(reader, &byte, 1), 0);
  ::close(reader);
}

}  // namespace
}  // namespace vmadiff::process
