// tests of cli: replay, layout, minimize, export c, profiles and systems, end to end.
#include <gtest/gtest.h>

#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

constexpr std::string_view kMapTwo =
    "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0\n"
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"
    " = 0x100000000000\n"
    "mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"
    " = 0x100000002000\n";

TEST(Replay, ATraceThatHoldsIsOk) {
  const Scratch scratch;
  const auto result =
      run_vmadiff({"replay", scratch.file("two.trace", kMapTwo), "--systems", "model,impl"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "1 ok, 0 failed, 0 skipped, 0 unreadable")) << result.out;
}

TEST(Replay, AWrongAssertedResultFails) {
  const Scratch scratch;
  const auto file = scratch.file("wrong.trace", "munmap(0x100000000000, 0x1000) = -1 EINVAL\n");
  const auto result = run_vmadiff({"replay", file, "--systems", "model"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.out, "FAILED"));
  EXPECT_TRUE(
      contains(result.out, file + ":1: model: munmap(0x100000000000, 0x1000) gave 0, the trace "
                                  "says -1 EINVAL"))
      << result.out;
}

TEST(Replay, ATraceCanHaveASetupOfItsOwn) {
  const Scratch scratch;
  const std::string third =
      "mmap(0x100000008000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x10000000a000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)";
  const auto file =
      scratch.file("limit.trace",
                   "# setup: max_map_count=4\n" + std::string{kMapTwo} + third + " = -1 ENOMEM\n");
  const auto result = run_vmadiff({"replay", file, "--systems", "model,impl"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  const auto without = scratch.file("none.trace", std::string{kMapTwo} + third + " = -1 ENOMEM\n");
  EXPECT_EQ(run_vmadiff({"replay", without, "--systems", "model,impl"}).status, 1);
}

TEST(Replay, AnUnknownPartOfASetupIsAnError) {
  const Scratch scratch;
  const auto result = run_vmadiff({"replay", scratch.file("odd.trace", "# setup: pages=3\n")});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "'pages=3': expected NAME=VALUE with one of max_map_count"))
      << result.err;
}

TEST(Replay, AKnownViolationMustShowItself) {
  const Scratch scratch;
  const std::string expectations =
      "# profile: linux-6.12\n# expect: NoCompatibleNeighboursLeftUnmerged\n"
      "# expect: EnablingKsmChangesNoLayout\n";
  const auto known = scratch.file("known.trace", expectations + std::string{kMapTwo});
  const auto holds = run_vmadiff({"replay", known, "--systems", "model,impl"});
  EXPECT_EQ(holds.status, 0) << holds.out << holds.err;
  // Under a kernel with the patch the claims hold, and the expectation does not.
  const auto patched =
      run_vmadiff({"replay", known, "--systems", "model,impl", "--profile", "linux-6.18"});
  EXPECT_EQ(patched.status, 1);
  EXPECT_TRUE(contains(patched.out, "holds under linux-6.18, the trace says that it is violated"))
      << patched.out;
  // Without the expectation it is a finding.
  const auto unknown =
      scratch.file("unknown.trace", "# profile: linux-6.12\n" + std::string{kMapTwo});
  EXPECT_EQ(run_vmadiff({"replay", unknown, "--systems", "impl"}).status, 1);
}

TEST(Replay, WhatAProfileBreaksByItsNatureIsANoteWhereTheTraceDoesNotNameThatProfile) {
  const Scratch scratch;
  const auto result = run_vmadiff({"replay", scratch.file("two.trace", kMapTwo), "--systems",
                                   "model,impl", "--profile", "linux-6.12"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out,
                       "  EnablingKsmChangesNoLayout is broken, as the profile does by its "
                       "nature: VM_MERGEABLE is set after"))
      << result.out;
  // A result that is not as written is still a failure.
  const auto wrong = scratch.file("wrong.trace", std::string{kMapTwo} + "munmap(0x1, 1) = 0\n");
  EXPECT_EQ(run_vmadiff({"replay", wrong, "--systems", "impl", "--profile", "linux-6.12"}).status,
            1);
}

TEST(Replay, ATraceHoldsUnderTheProfilesThatItNames) {
  const Scratch scratch;
  const auto file =
      scratch.file("x.trace", "# holds: linux-6.17 to linux-6.18.15\n" + std::string{kMapTwo});
  const auto replayed = [&file](const char* profile) {
    return run_vmadiff({"replay", file, "--systems", "model", "--profile", profile}).out;
  };
  EXPECT_TRUE(contains(replayed("linux-6.17"), "1 ok, 0 failed, 0 skipped"));
  EXPECT_TRUE(
      contains(replayed("linux-6.18"), "skipped " + file +
                                           "  (it holds under linux-6.17, linux-6.18.15: not "
                                           "under linux-6.18)"));
  const auto wrong =
      run_vmadiff({"replay", scratch.file("y.trace", "# holds: since linux-6.17\n")});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(contains(wrong.err, "y.trace:1:10: error: in '# holds:': expected 'PROFILE'"))
      << wrong.err;
}

TEST(Replay, WhatASystemCannotRunIsSkippedWithTheReason) {
  const Scratch scratch;
  const auto file = scratch.file("x.trace", "# systems: model\nmunmap(0x1000, 0x1000)\n");
  const auto skipped = run_vmadiff({"replay", file, "--systems", "impl"});
  EXPECT_EQ(skipped.status, 0);
  EXPECT_TRUE(contains(skipped.out, "skipped " + file + "  (impl: the trace is not for it)"))
      << skipped.out;
  EXPECT_TRUE(contains(skipped.out, "0 ok, 0 failed, 1 skipped")) << skipped.out;
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const auto driver =
      scratch.file("driver.trace", "mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, pfnmap:0, 0)\n");
  EXPECT_TRUE(contains(run_vmadiff({"replay", driver, "--systems", "host"}).out,
                       "maps pfnmap:0, which host does not have"));
  const auto reserved = scratch.file("reserved.trace", "munmap(0x20000000, 0x1000)\n");
  EXPECT_TRUE(contains(run_vmadiff({"replay", reserved, "--systems", "host"}).out,
                       "memory that the agent itself lives in"));
}

TEST(Replay, DirectoriesAreSearchedInOrder) {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.path() / "b");
  const auto a = scratch.file("c.trace", "");
  const auto b = scratch.file("b/a.trace", kMapTwo);
  const auto not_one = scratch.file("a.txt", "not a trace");
  const auto result =
      run_vmadiff({"replay", scratch.path().string(), "--systems", "model", "--verbose"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_LT(result.out.find(b), result.out.find(a));
  EXPECT_FALSE(contains(result.out, not_one));
  EXPECT_TRUE(contains(result.out, "       100000000000-100000004000 rw-p 00000000 anon ["))
      << result.out;
}

TEST(Layout, ShowsWhatTheTraceMadeAndWithAllTheRest) {
  const Scratch scratch;
  const auto file = scratch.file("two.trace", kMapTwo);
  const std::string merged =
      "100000000000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac mg]\n";
  EXPECT_EQ(run_vmadiff({"layout", file}).out, merged);
  EXPECT_EQ(run_vmadiff({"layout", file, "--system", "impl"}).out, merged);
  const auto before = run_vmadiff({"layout", file, "--profile", "linux-6.12"});
  EXPECT_EQ(before.out,
            "100000000000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac mg]\n"
            "100000002000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac mg] (nothing keeps it "
            "apart)\n");
  const auto all = run_vmadiff({"layout", file, "--all"}).out;
  EXPECT_TRUE(contains(all, "20000000-20010000 r-xp 00000000 other:")) << all;
  EXPECT_TRUE(contains(all, merged));
}

TEST(Layout, TheHostShowsTheSameAsTheModel) {
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const Scratch scratch;
  const auto file = scratch.file("one.trace",
                                 "mmap(NULL, 0x3000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n"
                                 "brk(0x20022000)\n");
  const auto host = run_vmadiff({"layout", file, "--system", "host"});
  EXPECT_EQ(host.status, 0) << host.err;
  EXPECT_EQ(host.out, run_vmadiff({"layout", file}).out);
}

TEST(Minimize, KeepsWhatIsNeededAndNothingElse) {
  const Scratch scratch;
  const auto big = scratch.file(
      "big.trace", "# profile: linux-6.12\nbrk(NULL)\n" + std::string{kMapTwo} +
                       "munmap(0x200000000000, 0x1000)\nmprotect(0x100000000000, 0x1000, 0)\n");
  const auto small = (scratch.path() / "small.trace").string();
  const auto result = run_vmadiff({"minimize", big, "-o", small, "--systems", "impl",
                                   "--properties", "NoCompatibleNeighboursLeftUnmerged"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.out, ": 3 calls, from 6; NoCompatibleNeighboursLeftUnmerged"))
      << result.out;
  EXPECT_EQ(run_vmadiff({"replay", small}).status, 1) << "the small trace must show it too";
}

TEST(ExportC, TheProgramTellsOneKernelFromAnother) {
  const Scratch scratch;
  const auto trace = scratch.file("two.trace", kMapTwo);
  for (const std::string profile : {"linux-6.18", "linux-6.12"}) {
    const auto source = (scratch.path() / (profile + ".c")).string();
    const auto program = (scratch.path() / profile).string();
    ASSERT_EQ(run_vmadiff({"export", "c", trace, "-o", source, "--profile", profile}).status, 0);
    const auto compiled = run_command({"cc", "-Wall", "-Werror", source, "-o", program});
    ASSERT_EQ(compiled.status, 0) << compiled.err;
  }
  const auto after = run_command({(scratch.path() / "linux-6.18").string()});
  const auto before = run_command({(scratch.path() / "linux-6.12").string()});
  if (after.status == 3) GTEST_SKIP() << after.out;
  EXPECT_EQ(after.status + before.status, 1) << "this kernel is one of the two\n"
                                             << after.out << before.out;
}

TEST(Profiles, TheHistorySaysWhatEachReleaseChangedSinceWhenAndWhence) {
  const auto history = run_vmadiff({"profiles", "--history"});
  EXPECT_EQ(history.status, 0) << history.err;
  for (const auto* part : {"linux-6.12 = linux-6.1, and\n", "patch-v2-review = patch-v2, and\n",
                           "before-patch = linux-6.12, and  (cannot be chosen)\n",
                           "  6.10  mseal                                   present (was absent)\n"
                           "        mseal=present: 8be7258aad44\n"}) {
    EXPECT_TRUE(contains(history.out, part)) << part << '\n' << history.out;
  }
}

TEST(Lists, ProfilesAndSystemsNameAllThereIs) {
  const auto profiles = run_vmadiff({"profiles"});
  EXPECT_EQ(profiles.status, 0);
  for (const auto* name : {"linux-6.12\n", "patch-v2\n", "patch-v2-review\n",
                           "linux-6.18  (default)\n", "after-mmap-hook"}) {
    EXPECT_TRUE(contains(profiles.out, name)) << name;
  }
  const auto systems = run_vmadiff({"systems"});
  EXPECT_EQ(systems.status, 0);
  for (const auto* name : {"model ", "impl ", "host "}) EXPECT_TRUE(contains(systems.out, name));
}

}  // namespace
}  // namespace vmadiff::tests
