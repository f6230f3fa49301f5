// tests of the cage: no sequence reaches memory that is not the arena's.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "../kernel/host/host_fixture.h"

namespace vmadiff::kernel {
namespace {

/// Calls that reach the agent's own memory, each by another way.
constexpr std::string_view kReaching[] = {
    // The window a second time.
    "mremap(0x10000000, 0, 0x100000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)",
    "mremap(0x10000000, 0, 0x1000, MREMAP_MAYMOVE)",
    "mremap(0x100ff000, 0, 0x1000, MREMAP_MAYMOVE)",
    "mremap(0x10080000, 0, 0, MREMAP_MAYMOVE)",
    "mremap(0x20010000, 0, 0x1000, MREMAP_MAYMOVE)",
    // A range that begins below, or reaches there by rounding or by its new size alone.
    "mremap(0xffff000, 0, 0x2000, MREMAP_MAYMOVE)",
    "mremap(0x100000000000, 0x1000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0xffff000)",
    "mremap(0x100000000000, 0x1000, 0x1001, MREMAP_MAYMOVE|MREMAP_FIXED, 0xffff000)",
    "mremap(0x10000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_DONTUNMAP)",
    "mmap(0xffff000, 0x1001, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    "mmap(0xfe00000, 0x200001, PROT_READ, MAP_PRIVATE|MAP_FIXED, hugetlb:0, 0)",
    "munmap(0xffff000, 0x1001)",
    "munmap(0, 0xffffffffffffffff)",
    "madvise(0x10000000, 1, MADV_DONTNEED)",
    "madvise(0xffff000, 0xfffffffffffff000, MADV_REMOVE)",
    "mprotect(0x2001ffff, 1, PROT_READ)",
    "mseal(0x20000000, 0x1000, 0)",
    "remap_file_pages(0x10000000, 0x1000, 0, 1, 0)",
    "touch(0x10000fff, 1, WRITE)",
    "uffd_register(0x10000000, 0x100000, WP)",
    "mbind(0x10000000, 0x1000, MPOL_BIND, 0, 1, 0)",
};

TEST(Window, WhatReachesItIsKnownForThat) {
  const auto setup = spec::Setup::standard();
  for (const std::string_view call : kReaching) {
    const auto parsed = spec::parse_trace(std::string{call} + "\n");
    ASSERT_TRUE(parsed.errors.empty()) << call << text("", parsed.errors.front());
    EXPECT_TRUE(spec::touches_reserved(setup, parsed.trace.sequence.front())) << call;
  }
}

TEST(Window, WhatStaysBesideItIsNotKeptFromSequences) {
  const auto setup = spec::Setup::standard();
  for (const std::string_view call :
       {"mremap(0x100000000000, 0, 0x1000, MREMAP_MAYMOVE)",
        "mremap(0xffff000, 0, 0x1000, MREMAP_MAYMOVE)",
        "mremap(0x10100000, 0, 0x1000, MREMAP_MAYMOVE)", "munmap(0x10100000, 0x1000)",
        "munmap(0xffff000, 0x1000)", "madvise(0x10000000, 0, MADV_DONTNEED)"}) {
    const auto parsed = spec::parse_trace(std::string{call} + "\n");
    EXPECT_FALSE(spec::touches_reserved(setup, parsed.trace.sequence.front())) << call;
  }
}

using WindowOfHost = HostTest;

// Where such a call is made all the same, the filter does not let the window be mapped again.
TEST_F(WindowOfHost, HasNoAlias) {
  for (const std::string_view call :
       {"mremap(0x10000000, 0, 0x100000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)\n",
        "mremap(0x100ff000, 0, 0x1000, MREMAP_MAYMOVE)\n"}) {
    start();
    EXPECT_EQ(run(call), "died\n");
    EXPECT_EQ(host_->death_note(), "killed by SIGSYS (a call that the filter forbids)");
    EXPECT_FALSE(host_->take_setback()) << "that is the sequence's own doing";
  }
  start();
  EXPECT_EQ(snapshot().vmas, setup_.initial.vmas);
  // Shared memory that is not the agent's can be mapped again.
  EXPECT_EQ(
      run("mmap(0x100000000000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
          "mremap(0x100000000000, 0, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008000)\n"),
      "0x100000000000\n0x100000008000\n");
}

// Whatever a call does to the agent, the next sequence begins as the first one did.
TEST_F(WindowOfHost, AgentsThatWereReachedAreReplaced) {
  // Many of them have the agent wait for ever.
  auto host =
      make_host({.timeout = std::chrono::milliseconds{200}, .cpu_limit = std::chrono::seconds{1}});
  ASSERT_TRUE(host) << host.error().message;
  host_ = std::move(*host);
  for (const std::string_view call : kReaching) {
    start();
    static_cast<void>(run(std::string{call} + "\nbrk(NULL)\n"));
    start();
    EXPECT_EQ(snapshot().vmas, setup_.initial.vmas) << call;
    EXPECT_EQ(run("brk(NULL)\n"), "0x20020000\n") << call;
  }
}

}  // namespace
}  // namespace vmadiff::kernel
