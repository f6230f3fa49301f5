// tests of cli: traces that say what they end with, as a user runs them: replay, replay --update,
// and what becomes of such lines in minimize and export.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

const std::string kCalls =
    "# two processes\n"
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"
    " = 0x100000000000\n"
    "fork() = 1\n"
    "[pid 1] mprotect(0x100000001000, 0x1000, PROT_READ|PROT_WRITE|PROT_EXEC) = 0\n";
const std::string kEnds =
    "#= 0 100000000000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac]\n"
    "#= 1 100000000000-100000001000 rw-p 00000000 anon [rd wr mr mw me ac]\n"
    "#= 1 100000001000-100000002000 rwxp 00000000 anon [rd wr ex mr mw me ac]\n";

std::string systems() { return host_runs() ? "model,impl,host" : "model,impl"; }

TEST(Ends, AreHeldAgainstEachSystem) {
  const Scratch scratch;
  const auto good = scratch.file("good.trace", kCalls + kEnds);
  const auto held = run_vmadiff({"replay", good, "--systems", systems()});
  EXPECT_EQ(held.status, 0) << held.out << held.err;
  const auto bad = scratch.file(
      "bad.trace", kCalls + "#= 1 100000000000-100000002000 rw-p anon [mg]\n#= 0 none\n");
  const auto broken = run_vmadiff({"replay", bad, "--systems", systems()});
  EXPECT_EQ(broken.status, 1) << broken.out << broken.err;
  for (const std::string system : {"model", "impl", "host"}) {
    if (system == "host" && !host_runs()) continue;
    const std::string seen = "rw-p 00000000 anon [rd wr mr mw me ac], the trace says ";
    EXPECT_TRUE(contains(broken.out, bad + ":6: " + system +
                                         ": process 0 ends with 100000000000-100000002000 " + seen +
                                         "none\n"))
        << broken.out;
    EXPECT_TRUE(contains(broken.out, bad + ":5: " + system +
                                         ": process 1 ends with 100000000000-100000001000 " + seen +
                                         "100000000000-100000002000 rw-p anon [mg]\n"))
        << broken.out;
  }
}

TEST(Ends, AreAsLayoutPrintsThem) {
  const Scratch scratch;
  const auto file = scratch.file("x.trace", kCalls);
  std::string lines;
  for (const std::string process : {"0", "1"}) {
    const auto layout = run_vmadiff({"layout", file, "--process", process});
    EXPECT_EQ(layout.status, 0) << layout.err;
    for (std::size_t at = 0; at < layout.out.size();) {
      const auto end = layout.out.find('\n', at);
      lines += "#= " + process + " " + layout.out.substr(at, end - at) + "\n";
      at = end + 1;
    }
  }
  EXPECT_EQ(lines, kEnds);
  const auto nobody = run_vmadiff({"layout", file, "--process", "2"});
  EXPECT_EQ(nobody.status, 2);
  EXPECT_TRUE(contains(nobody.err, "process 2 is not there at the end")) << nobody.err;
}

TEST(Ends, ThatAreNotSaidForAProfileAreANote) {
  const Scratch scratch;
  const auto file = scratch.file("x.trace", kCalls + "#= linux-6.12: 0 none\n");
  const auto result =
      run_vmadiff({"replay", file, "--systems", "model", "--profile", "linux-6.18"});
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(contains(result.out, "  what it ends with is not said for linux-6.18\n"))
      << result.out;
}

TEST(Ends, AreWrittenIntoTheFileAndNothingElseIsChanged) {
  const Scratch scratch;
  const auto file = scratch.file("x.trace", kCalls);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const auto first = run_vmadiff({"replay", "--update", file, "--systems", systems()});
  EXPECT_EQ(first.status, 0) << first.out << first.err;
  EXPECT_TRUE(contains(first.out, "; updated)")) << first.out;
  EXPECT_EQ(content(file), kCalls + kEnds);
  struct ::stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  const auto second = run_vmadiff({"replay", "--update", file, "--systems", systems()});
  EXPECT_TRUE(contains(second.out, "; unchanged)")) << second.out;
  EXPECT_EQ(content(file), kCalls + kEnds);
  EXPECT_EQ(contents(scratch.path()).size(), 1U);
  // What has become wrong is written anew.
  const auto stale = scratch.file("stale.trace", "#= 1 none\n" + kCalls + "#= 0 gone\n");
  EXPECT_EQ(run_vmadiff({"replay", stale, "--systems", "model"}).status, 1);
  EXPECT_EQ(run_vmadiff({"replay", "--update", stale, "--systems", systems()}).status, 0);
  EXPECT_EQ(content(stale), kCalls + kEnds);
}

TEST(Ends, OfATraceThatFailsAreNotWritten) {
  const Scratch scratch;
  const auto text = kCalls + "munmap(0x100000000001, 0x1000) = 0\n";
  const auto file = scratch.file("x.trace", text);
  const auto result = run_vmadiff({"replay", "--update", file, "--systems", "model,impl"});
  EXPECT_EQ(result.status, 1) << result.out;
  EXPECT_FALSE(contains(result.out, "updated")) << result.out;
  EXPECT_EQ(content(file), text);
}

TEST(Ends, AreWrittenByWhoSeesThem) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const auto file = scratch.file("x.trace", kCalls);
  const auto result = run_vmadiff({"replay", "--update", file, "--systems", "host"});
  EXPECT_EQ(result.status, 1) << result.out;
  EXPECT_TRUE(contains(result.out, "a real kernel shows neither policies nor anon_vmas"))
      << result.out;
  EXPECT_EQ(content(file), kCalls);
}

TEST(Ends, OfALongerTraceAreNotThoseOfASmallerOne) {
  const Scratch scratch;
  const std::string found =
      "# profile: linux-6.12\n"
      "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0\n" +
      kCalls +
      "mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n#= 1 none\n";
  const auto big = scratch.file("big.trace", found);
  const auto small = scratch.path() / "small.trace";
  const auto result =
      run_vmadiff({"minimize", big, "-o", small.string(), "--systems", "model,impl"});
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "; its '#=' lines are left out\n")) << result.out;
  EXPECT_FALSE(contains(content(small), "#=")) << content(small);
}

TEST(Ends, InAnExportAreWhatTheSystemGives) {
  const Scratch scratch;
  const auto file = scratch.file("x.trace", "#= 1 none\n" + kCalls);
  for (const std::string form : {"c", "mail", "kselftest"}) {
    const auto result = run_vmadiff({"export", form, file});
    EXPECT_FALSE(contains(result.out, "1 none")) << result.out;
    if (result.status != 0) continue;  // it cannot be told in this form
    EXPECT_TRUE(contains(result.err, ":1: model: process 1 ends with 100000000000-100000001000"))
        << result.err;
  }
}

}  // namespace
}  // namespace vmadiff::tests
