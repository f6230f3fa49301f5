// tests of kernel: a thread and a process that wait for each other stay on one processor, and are
// let go.
#include "kernel/one_processor.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

namespace vmadiff::kernel {
namespace {

cpu_set_t allowed(pid_t process) {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(process, sizeof(set), &set), 0);
  return set;
}

bool same(const cpu_set_t& one, const cpu_set_t& other) { return CPU_EQUAL(&one, &other) != 0; }

class OneProcessorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    own_ = allowed(0);
    if (CPU_COUNT(&own_) < 2) GTEST_SKIP() << "one processor is all there is";
    process_ = ::fork();
    ASSERT_GE(process_, 0);
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
  }
  void TearDown() override {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

  /// Which one both may use; nothing where one of them may use others.
  [[nodiscard]] bool is_bound() const {
    const auto ours = allowed(0);
    return CPU_COUNT(&ours) == 1 && same(ours, allowed(process_));
  }
  [[nodiscard]] bool is_free() const {
    return same(own_, allowed(0)) && same(own_, allowed(process_));
  }

  cpu_set_t own_{};
  pid_t process_ = -1;
};

TEST_F(OneProcessorTest, BindsBothAndLetsThemGoNowAndThen) {
  OneProcessor processor;
  processor.before_turn(process_);
  EXPECT_TRUE(is_free()) << "the scheduler chooses first";
  int bound = 0;
  int free = 0;
  for (int i = 0; i < 200; ++i) {
    processor.before_turn(process_);
    ASSERT_TRUE(is_bound() || is_free());
    ++(is_bound() ? bound : free);
  }
  EXPECT_GT(bound, 190);
  EXPECT_GT(free, 1);
}

TEST_F(OneProcessorTest, GivesBackWhatTheThreadHad) {
  {
    OneProcessor processor;
    processor.before_turn(process_);
    processor.before_turn(process_);
    EXPECT_TRUE(is_bound());
  }
  EXPECT_TRUE(same(own_, allowed(0)));
}

// A virtual machine runs beside its parent.
TEST_F(OneProcessorTest, AChildMayLeaveIt) {
  OneProcessor processor;
  processor.before_turn(process_);
  processor.before_turn(process_);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto before = allowed(0);
    leave_one_processor();
    ::_exit(CPU_COUNT(&before) == 1 && same(own_, allowed(0)) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace vmadiff::kernel
