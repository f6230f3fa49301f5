// tests of the cage: what one trace can take is bounded by the tool itself, and said in words.
#include <gtest/gtest.h>

#include <string>

#include "../kernel/host/host_fixture.h"
#include "kernel/host/usage.h"

namespace vmadiff::kernel {
namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

class Bounds : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto host = make_host({.memory_limit = 64 * kMib, .cpu_limit = std::chrono::seconds{1}});
    ASSERT_TRUE(host) << host.error().message;
    host_ = std::move(*host);
    start();
  }

  /// Runs the trace, which passes a bound; gives what is said of that.
  std::string said_of(std::string_view trace) {
    const auto results = run(trace);
    EXPECT_TRUE(results.ends_with("died\n")) << results;
    const auto setback = host_->take_setback();
    if (!setback) return "nothing";
    EXPECT_TRUE(setback->passes);
    // The next sequence begins as ever.
    start();
    EXPECT_EQ(snapshot().vmas, setup_.initial.vmas);
    return setback->message;
  }
};

constexpr std::string_view kTooMuch =
    "host: the sequence took more than 64 MiB of memory: --memory-limit";

std::string repeated(std::string_view lines, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += lines;
  return all;
}

TEST_F(Bounds, OfMemoryByOneCall) {
  EXPECT_EQ(said_of("mmap(0x100000000000, 0xc0000000, PROT_READ|PROT_WRITE, "
                    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE|MAP_NORESERVE, -1, 0)\n"),
            kTooMuch);
  EXPECT_EQ(said_of("mmap(0x100000000000, 0xc0000000, PROT_READ|PROT_WRITE, "
                    "MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE|MAP_NORESERVE, -1, 0)\n"),
            kTooMuch);
  EXPECT_EQ(said_of("mmap(0x100000000000, 0xc0000000, PROT_READ|PROT_WRITE, "
                    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n"
                    "madvise(0x100000000000, 0xc0000000, MADV_POPULATE_WRITE)\n"),
            kTooMuch);
}

TEST_F(Bounds, OfMemoryByManyCalls) {
  std::string trace =
      "mmap(0x100000000000, 0x40000000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n";
  for (int i = 0; i < 32; ++i)
    trace += "touch(0x1000" + std::to_string(10 + i) + "000000, 0x1000000, WRITE)\n";
  EXPECT_EQ(said_of("mmap(0x100010000000, 0x40000000, PROT_READ|PROT_WRITE, "
                    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n" +
                    trace),
            kTooMuch);
}

// Shared memory that is dropped from the address space is still there.
TEST_F(Bounds, OfMemoryThatNoProcessShows) {
  std::string trace;
  for (int i = 0; i < 12; ++i) {
    const auto at = "0x10000" + std::to_string(i % 10) + std::to_string(i / 10) + "00000";
    trace += "mmap(" + at +
             ", 0x1000000, PROT_READ|PROT_WRITE, "
             "MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n"
             "madvise(" +
             at + ", 0x1000000, MADV_DONTNEED)\n";
  }
  // Each of the twelve leaves an object of its own only where the places differ.
  const auto before = shared_memory();
  EXPECT_EQ(said_of(trace), kTooMuch);
  EXPECT_LT(shared_memory(), before + 64 * kMib);
}

TEST_F(Bounds, OfMemoryForProcesses) {
  std::string trace;
  for (int i = 0; i < 2000; ++i) {
    trace += "mmap(NULL, 0x1000, PROT_" + std::string{i % 2 == 0 ? "READ" : "NONE"} +
             ", MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n";
  }
  EXPECT_EQ(said_of(trace + repeated("fork()\n", 60)), kTooMuch);
}

/// 16 MiB that are written and dropped, so many times.
std::string taken_and_given_back(int times) {
  return "mmap(0x100000000000, 0x1000000, PROT_READ|PROT_WRITE, "
         "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n" +
         repeated(
             "touch(0x100000000000, 0x1000000, WRITE)\n"
             "madvise(0x100000000000, 0x1000000, MADV_DONTNEED)\n",
             times);
}

TEST_F(Bounds, OfCpuTime) {
  const auto trace = taken_and_given_back(3000);
  // What it can have taken is much; what it takes is not.
  EXPECT_EQ(said_of(trace), "host: the sequence took more than 1 s of CPU time: --cpu-limit");
}

TEST_F(Bounds, DoNotShowInWhatStaysWithinThem) {
  const auto trace = taken_and_given_back(8);
  EXPECT_FALSE(run(trace).contains("died"));
  EXPECT_FALSE(host_->take_setback());
}

}  // namespace
}  // namespace vmadiff::kernel
