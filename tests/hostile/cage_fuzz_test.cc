// tests of the cage: mutated traces, a bounded number of them, from fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "fuzz/codec.h"
#include "fuzz/fuzz_cage.h"
#include "fuzz/mutator.h"
#include "fuzz/random.h"
#include "spec/trace_text.h"
#include "strangers.h"

namespace vmadiff::fuzz {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t kSizeMax = 600;

/// What all mutations begin with: calls into the agent's memory, and processes.
constexpr std::string_view kHostile[] = {
    "mremap(0x10000000, 0, 0x100000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)\n"
    "touch(0x100000000000, 0x1000, WRITE)\n",
    "fork()\n[pid 1] munmap(0x20000000, 0x10000)\nfork()\n[pid 2] exec()\n",
    "touch(0x10000000, 0x100000, WRITE)\nbrk(0x20022000)\nfork()\n",
    "mprotect(0x10000000, 0x1000, PROT_READ)\nexec()\n",
    "setrlimit(RLIMIT_AS, 0)\nexec()\n",
    "setrlimit(RLIMIT_STACK, 0)\nfork()\n[pid 1] exec()\n",
    "madvise(0x10000000, 0x100000, MADV_REMOVE)\n",
    "madvise(0x10000000, 0x100000, MADV_DONTFORK)\nfork()\n[pid 1] brk(NULL)\n",
    "mlockall(MCL_CURRENT|MCL_FUTURE)\nmunmap(0, 0x10000000)\nfork()\n",
    "munmap(0x20010000, 0x10000)\n",
    "uffd_register(0x10000000, 0x100000, WP)\ntouch(0x10000000, 0x1000, WRITE)\n",
};

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  for (const std::string_view text : kHostile) all.push_back(bytes_of(text));
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{VMADIFF_SOURCE_DIR "/corpus/seeds"})
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    all.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return all;
}

TEST(Cage, HoldsWhateverATraceDoes) {
  if (!why_no_cage().empty()) GTEST_SKIP() << why_no_cage();
  for (const std::string_view text : kHostile) {
    const auto parsed = spec::parse_trace(text);
    ASSERT_TRUE(parsed.errors.empty()) << text << spec::text("", parsed.errors.front());
  }
  constexpr std::uint32_t kRuns = 60;
  const kernel::Strangers strangers{16};
  const auto all = seeds();
  Random random{12};
  for (std::uint32_t i = 0; i < kRuns; ++i) {
    const bool is_hostile = i % 2 == 0;
    const auto& first = all[random.below(is_hostile ? std::size(kHostile) : all.size())];
    const bool is_as_it_is = i < std::size(kHostile);
    Bytes bytes = is_as_it_is ? all[i] : mutate(first, kSizeMax, i);
    if (!is_as_it_is && random.one_in(2))
      bytes = cross_over(bytes, all[random.below(all.size())], kSizeMax, i);
    const auto failure = run_cage(bytes);
    ASSERT_FALSE(failure) << i << ": " << *failure;
  }
  EXPECT_EQ(strangers.alive(), strangers.pids().size());
}

}  // namespace
}  // namespace vmadiff::fuzz
