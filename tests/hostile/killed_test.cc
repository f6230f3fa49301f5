// tests of the cage: an agent that is killed from outside, at any moment, is no death of a system.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "../kernel/host/host_fixture.h"

namespace vmadiff::kernel {
namespace {

class Killed : public HostTest {
 protected:
  void SetUp() override {
    others_ = all_children();
    HostTest::SetUp();
  }
  /// The agent, and all that it forked, are children of this thread.
  std::vector<pid_t> children() const {
    auto all = all_children();
    std::erase_if(all,
                  [this](pid_t pid) { return std::ranges::find(others_, pid) != others_.end(); });
    return all;
  }

 private:
  static std::vector<pid_t> all_children() {
    std::ifstream file{"/proc/thread-self/children"};
    return {std::istream_iterator<pid_t>{file}, std::istream_iterator<pid_t>{}};
  }
  std::vector<pid_t> others_;
};

constexpr std::string_view kOnePage =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

TEST_F(Killed, BeforeACallItIsReplacedAndMakesTheEarlierOnesAgain) {
  EXPECT_EQ(run(std::string{kOnePage} + "brk(0x20022000)\nfork()\n[pid 1] munmap(0x100000000000, "
                                        "0x1000)\n"),
            "0x100000000000\n0x20022000\n1\n0\n");
  const auto before = layout();
  const auto before_of_child = layout(1);
  ASSERT_EQ(children().size(), 2U);
  ::kill(children().front(), SIGKILL);
  EXPECT_EQ(run("brk(NULL)\n"), "0x20022000\n");
  EXPECT_EQ(layout(), before);
  EXPECT_EQ(layout(1), before_of_child);
  EXPECT_FALSE(host_->take_setback());
}

TEST_F(Killed, BeforeALookItIsReplacedToo) {
  for (int i = 0; i < 10; ++i) {
    start();
    EXPECT_EQ(run(std::string{kOnePage} + "fork()\n[pid 1] brk(0x20022000)\n"),
              "0x100000000000\n1\n0x20022000\n");
    // In the order in which they were made: the agent first, the fork of this sequence last. The
    // one of the sequence before was told to end, and may still be at it.
    const auto who = children();
    ASSERT_GE(who.size(), 2U);
    ::kill(i % 2 == 0 ? who.front() : who.back(), SIGKILL);
    EXPECT_TRUE(layout(0).starts_with("100000000000-"));
    EXPECT_EQ(snapshot(1).brk, 0x20022000U);
    EXPECT_FALSE(host_->take_setback());
  }
}

TEST_F(Killed, BetweenSequences) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(children().size(), 1U);
    ::kill(children().front(), SIGKILL);
    start();
    EXPECT_EQ(run(kOnePage), "0x100000000000\n");
    EXPECT_FALSE(host_->take_setback());
  }
}

// Somebody who kills it as often as he can: never a death, and every result that is given is right.
TEST_F(Killed, OverAndOver) {
  std::atomic<bool> stop{false};
  const pid_t parent = ::gettid();
  std::jthread killer{[&] {
    for (int kills = 0; !stop && kills < 60; ++kills) {
      std::ifstream file{"/proc/self/task/" + std::to_string(parent) + "/children"};
      for (pid_t pid = 0; file >> pid;) ::kill(pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds{3});
    }
  }};
  std::size_t set_back = 0;
  for (int i = 0; i < 300; ++i) {
    if (const auto started = host_->start(setup_); !started) {
      EXPECT_TRUE(started.error().passes) << started.error().message;
      ++set_back;
      continue;
    }
    const auto results = run(std::string{kOnePage} + "brk(0x20022000)\n");
    if (const auto setback = host_->take_setback()) {
      EXPECT_TRUE(setback->passes) << setback->message;
      ++set_back;
    } else {
      EXPECT_EQ(results, "0x100000000000\n0x20022000\n");
    }
  }
  stop = true;
  EXPECT_LT(set_back, 300U);
}

}  // namespace
}  // namespace vmadiff::kernel
