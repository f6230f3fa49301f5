// tests of kernel: a sequence that takes away what the agent lives on is a death, told with its
// call.
#include "host_fixture.h"

namespace vmadiff::kernel {
namespace {

using HostDeath = HostTest;

constexpr std::string_view kHarmless =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

TEST_F(HostDeath, IsTheOutcomeOfTheCallAndOfAllBehindIt) {
  struct Case {
    std::string_view call;
    std::string_view note;
  };
  for (const auto& [call, note] : {
           Case{"munmap(0x20000000, 0x10000)\n", "killed by SIGSEGV"},
           Case{"munmap(0x10000000, 0x100000)\n",
                "its own memory was taken away (signal 11 in the agent itself)"},
           Case{"munmap(0, 0x7ffffffff000)\n", "killed by SIGSEGV"},
       }) {
    start();
    EXPECT_EQ(run(std::string{kHarmless} + std::string{call} + std::string{kHarmless}),
              "0x100000000000\ndied\ndied\n")
        << call;
    EXPECT_EQ(host_->death_note(), note);
    spec::Snapshot now;
    EXPECT_FALSE(host_->snapshot(0, now));
    EXPECT_EQ(run(kHarmless), "died\n");
  }
}

TEST_F(HostDeath, IsOverWithTheNextStart) {
  run("munmap(0x20000000, 0x10000)\n");
  start();
  EXPECT_EQ(host_->death_note(), "");
  EXPECT_EQ(snapshot().vmas, setup_.initial.vmas);
  EXPECT_EQ(run(kHarmless), "0x100000000000\n");
}

// A sequence can change the agent's memory and leave it alive: the next one must not see that.
TEST_F(HostDeath, ADamagedAgentIsReplaced) {
  for (const std::string_view call :
       {"mprotect(0x100ff000, 0x1000, PROT_READ)\n", "munmap(0x2000f000, 0x1000)\n"}) {
    EXPECT_EQ(run(call), "0\n");
    EXPECT_NE(snapshot().vmas, setup_.initial.vmas);
    start();
    EXPECT_EQ(snapshot().vmas, setup_.initial.vmas);
  }
}

}  // namespace
}  // namespace vmadiff::kernel
