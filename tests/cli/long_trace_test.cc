// tests of cli: a trace of very many calls takes memory that does not grow with the product of its
// calls and its VMAs, and says what was not looked at.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

/// A comb: so many mappings with a gap between each two of them.
std::string comb(std::size_t calls) {
  std::string text;
  for (std::size_t i = 0; i < calls; ++i) {
    text +=
        fmt::format("mmap({:#x}, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n",
                    0x100000000000 + i * 0x2000);
  }
  return text;
}

/// Runs it with so much address space, which bounds its memory.
CommandResult within(const std::string& mebibytes, const std::string& words) {
  return run_command(
      {"bash", "-c", "ulimit -v " + mebibytes + "; exec " VMADIFF_BINARY_DIR "/vmadiff " + words});
}

// 12,000 calls: every state of them, of one system, would be 5.8 GB.
TEST(LongTrace, TakesLittleMemory) {
  const Scratch scratch;
  const auto trace = scratch.file("comb.trace", comb(12000));
  const auto replayed = within("1048576", "replay " + trace + " --systems model,impl");
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
  EXPECT_NE(replayed.out.find("not looked at after "), std::string::npos) << replayed.out;
  EXPECT_NE(replayed.out.find("no relation between two runs was asked"), std::string::npos)
      << replayed.out;
  const auto minimized =
      within("1048576", "minimize " + trace + " -o " + (scratch.path() / "x").string() +
                            " --systems model,impl");
  EXPECT_EQ(minimized.status, 2) << minimized.err;
  EXPECT_NE(minimized.err.find("shows no finding"), std::string::npos) << minimized.err;
  const auto exported =
      within("1048576", "export c " + trace + " -o " + (scratch.path() / "x.c").string());
  EXPECT_EQ(exported.status, 0) << exported.err;
}

// The one that matters is among many that do not.
TEST(LongTrace, IsMadeSmall) {
  const Scratch scratch;
  const auto trace = scratch.file(
      "comb.trace",
      "# profile: linux-6.12\nprctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n" + comb(5000) +
          "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n");
  const auto small = (scratch.path() / "small.trace").string();
  const auto result = within("1048576", "minimize " + trace + " -o " + small +
                                            " --systems impl --properties "
                                            "NoCompatibleNeighboursLeftUnmerged");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find(": 3 calls, from 5002"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace vmadiff::tests
