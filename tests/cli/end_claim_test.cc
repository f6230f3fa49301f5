// tests/cli: what a trace says of its end: what is read, what is refused, what holds.
#include "cli/end_claim.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/end_check.h"
#include "cli/end_update.h"
#include "cli/trace_file.h"
#include "compare/recording.h"
#include "reports/vma_lines.h"
#include "spec/kernel_profile.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

const std::string kMap =
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
const std::string kRange = "100000000000-100000002000";

/// Of a trace that is these calls and these lines: what does not hold, on that system.
std::vector<std::string> broken(const std::string& calls, const std::string& lines,
                                std::string_view name = "model",
                                std::string_view profile_name = "linux-6.18") {
  const auto file = trace_of_text("x.trace", calls + lines);
  if (!file) return {file.error()};
  const auto profile = spec::profile_named(profile_name).value();
  const auto system = systems::make_like(name, profile);
  const auto recording = compare::record(*system, spec::Setup::standard(), file->trace.sequence,
                                         compare::Snapshots::kAtEnd)
                             .value();
  return broken_ends(*file, recording, profile_name);
}

TEST(EndClaim, WhatIsWrittenIsAssertedAndWhatIsLeftOutIsNot) {
  const std::string holds[] = {
      "",
      " rw-p",
      " rw-p anon",
      " 00000000",
      " anon",
      " [ac]",
      " [ac -mg]",
      " [-mg -lo]",
      " rw-p 00000000 anon [rd wr mr mw me ac]",
      " rw-p 00000000 anon [rd wr mr mw me ac] no anon_vma no policy pgoff 100000000",
      " (nothing keeps it apart)",
  };
  for (const std::string& rest : holds) {
    EXPECT_EQ(broken(kMap, "#= 0 " + kRange + rest + "\n"), std::vector<std::string>{}) << rest;
  }
  const std::string not_so[] = {
      " r--p",
      " rw-s",
      " memfd:0",
      " 00001000",
      " [mg]",
      " [-ac]",
      " [rd wr mr mw me]",
      " [rd wr mr mw me ac mg]",
      " anon_vma 1",
      " pgoff 100000001",
      " policy MPOL_BIND nodes 0x1",
  };
  for (const std::string& rest : not_so) {
    const auto what = broken(kMap, "#= 0 " + kRange + rest + "\n");
    ASSERT_EQ(what.size(), 1U) << rest;
    EXPECT_TRUE(what.front().starts_with("x.trace:2: model: process 0 ends with " + kRange +
                                         " rw-p 00000000 anon [rd wr mr mw me ac]"))
        << what.front();
    EXPECT_TRUE(what.front().ends_with("the trace says " + kRange + rest)) << what.front();
  }
}

TEST(EndClaim, NamesAreAsMapsWritesThem) {
  const std::string named =
      kMap + "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x2000, \"Go: heap\")\n";
  const std::string line = "#= 0 " + kRange;
  const std::string flags = " rw-p anon [rd wr mr mw me ac]";
  for (const std::string& rest : {std::string{}, std::string{" [anon:Go: heap]"},
                                  flags + " [anon:Go: heap] no policy", std::string{" [ac]"}}) {
    EXPECT_EQ(broken(named, line + rest + "\n"), std::vector<std::string>{}) << rest;
  }
  for (const std::string& rest : {" [anon:heap]", " [anon_shmem:Go: heap]", " no name"}) {
    EXPECT_EQ(broken(named, line + rest + "\n"),
              (std::vector<std::string>{"x.trace:3: model: process 0 ends with " + kRange +
                                        " rw-p 00000000 anon [rd wr mr mw me ac] [anon:Go: heap], "
                                        "the trace says " +
                                        kRange + rest}));
  }
  EXPECT_EQ(broken(kMap, line + " no name\n"), std::vector<std::string>{});
  EXPECT_EQ(broken(kMap, line + " [anon:]\n").size(), 1U);
  EXPECT_EQ(broken(kMap, line + " [anon:a\n"),
            std::vector<std::string>{"x.trace:2:32: error: in '#=': expected ']' behind the name"});
}

TEST(EndClaim, LinesAreAllThatIsMapped) {
  EXPECT_TRUE(broken(kMap, "").empty());
  EXPECT_EQ(broken("", "#= 0 none\n").size(), 0U);
  EXPECT_EQ(broken("", "#= 0 " + kRange + "\n"),
            std::vector<std::string>{"x.trace:1: model: process 0 ends with nothing there, the "
                                     "trace says " +
                                     kRange});
  EXPECT_EQ(broken(kMap, "#= 0 none\n").size(), 1U);
  EXPECT_EQ(broken(kMap, "#= 0 100000000000-100000001000\n").size(), 1U);
  const std::string two = kMap +
                          "mmap(0x100000008000, 0x1000, PROT_READ, "
                          "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
  const auto more = broken(two, "#= 0 " + kRange + "\n");
  ASSERT_EQ(more.size(), 1U);
  EXPECT_NE(more.front().find("100000008000-100000009000 r--p"), std::string::npos) << more.front();
  // Their order is none of a claim.
  EXPECT_TRUE(broken(two, "#= 0 100000008000-100000009000\n#= 0 " + kRange + "\n").empty());
}

TEST(EndClaim, EachProcessHasItsOwn) {
  const std::string calls = kMap +
                            "fork()\n[pid 1] munmap(0x100000000000, 0x2000)\nfork()\n"
                            "[pid 2] exit()\n";
  for (const auto* name : {"model", "impl"}) {
    EXPECT_TRUE(
        broken(calls, "#= 0 " + kRange + "\n#= 1 none\n#= 2 gone\n#= 3 gone\n", name).empty());
    EXPECT_EQ(broken(calls, "#= 0 gone\n#= 1 gone\n#= 2 none\n", name).size(), 3U);
  }
}

TEST(EndClaim, LinesOfAProfileStandInsteadOfThoseOfAll) {
  const std::string lines = "#= 0 none\n#= linux-6.12 to linux-6.16, linux-7.3: 0 " + kRange + "\n";
  EXPECT_EQ(broken(kMap, lines, "model", "linux-6.12").size(), 0U);
  EXPECT_EQ(broken(kMap, lines, "model", "linux-7.3").size(), 0U);
  EXPECT_EQ(broken(kMap, lines, "model", "linux-6.18").size(), 1U);
}

TEST(EndClaim, AnonVmasAndObjectsCompareUpToRenaming) {
  const std::string shared =
      "mmap(0x100000000000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000001000, 0x1000, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
  const auto objects = [](int one, int other) {
    return "#= 0 100000000000-100000001000 object " + std::to_string(one) +
           "\n#= 0 100000001000-100000002000 object " + std::to_string(other) + "\n";
  };
  EXPECT_TRUE(broken(shared, objects(7, 3)).empty());
  EXPECT_EQ(broken(shared, objects(7, 7)).size(), 1U);
}

TEST(EndClaim, WhatIsNotUnderstoodIsAnErrorWithItsPlace) {
  struct Case {
    std::string line;
    std::string error;
  };
  const Case cases[] = {
      {"#=", "1:3: error: in '#=': expected a process's number, 0 to 63, got ''"},
      {"#= 64 none", "1:4: error: in '#=': expected a process's number"},
      {"#= linux-9: 0 none", "1:4: error: in '#=': unknown profile 'linux-9'"},
      {"#= somebody", "1:4: error: in '#=': expected 'PROCESS START-END"},
      {"#= 0", "1:5: error: in '#=': expected whole pages as START-END"},
      {"#= 0 1000-1000", "1:6: error: in '#=': expected whole pages"},
      {"#= 0 1000-1001", "1:6: error: in '#=': expected whole pages"},
      {"#= 0 1000-2000 rwxq", "1:16: error: in '#=': expected, in this order, PERMISSIONS"},
      {"#= 0 1000-2000 anon rw-p", "1:21: error: in '#=': expected, in this order"},
      {"#= 0 1000-2000 [mg", "1:16: error: in '#=': expected ']'"},
      {"#= 0 1000-2000 [mg xy]", "1:20: error: in '#=': expected a flag as smaps names it"},
      {"#= 0 1000-2000 [sd]", "1:17: error: in '#=': expected a flag as smaps names it"},
      {"#= 0 1000-2000 []", "1:16: error: in '#=': expected flags between the brackets"},
      {"#= 0 1000-2000 [mg -mg]", "1:16: error: in '#=': a flag is there or it is not"},
      {"#= 0 1000-2000 [rd -mg]", "1:16: error: in '#=': a list with rd, wr"},
      {"#= 0 1000-2000 policy MPOL_X nodes 0", "1:23: error: in '#=': expected a policy"},
      {"#= 0 1000-2000 policy MPOL_BIND", "1:32: error: in '#=': expected 'nodes MASK'"},
      {"#= 0 1000-2000 anon_vma", "1:24: error: in '#=': expected the anon_vma's number"},
      {"#= 0 none of it", "1:6: error: in '#=': expected whole pages"},
      {"#= 0 none\n#= 0 none", "2:1: error: in '#=': line 1 says another thing of process 0"},
      {"#= 0 1000-3000\n#= 0 2000-4000", "2:1: error: in '#=': what it says of process 0 overlaps"},
      {"#= linux-6.18: 0 none\n#= linux-6.17 on: 0 1000-2000", "2:1: error: in '#=': line 1 says"},
  };
  for (const auto& [line, error] : cases) {
    const auto file = trace_of_text("x.trace", line + "\n");
    ASSERT_FALSE(file) << line;
    EXPECT_TRUE(file.error().starts_with("x.trace:" + error)) << line << '\n' << file.error();
  }
  // A line drawn is none.
  EXPECT_TRUE(trace_of_text("x.trace", "#=====\n#== a title ==\n")->directives.ends.empty());
}

/// The text with its end written, by model and implementation.
std::string updated(const std::string& text) {
  const auto file = trace_of_text("x.trace", text).value();
  const auto profile = spec::profile_named("linux-6.18").value();
  const auto model = systems::make_like("model", profile);
  const auto impl = systems::make_like("impl", profile);
  const auto setup = spec::Setup::standard();
  const std::vector<spec::System*> all{model.get(), impl.get()};
  return with_ends(text, file, {all, profile, setup}).value();
}

TEST(EndUpdate, WritesWhatEachProfileEndsWithAndKeepsAllElse) {
  const std::string before = "# a story\n\n  " + kMap + "# and its end";
  const auto once = updated(before);
  EXPECT_EQ(once, before + "\n#= 0 " + kRange + " rw-p 00000000 anon [rd wr mr mw me ac]\n");
  EXPECT_EQ(updated(once), once);
  const std::string ksm = "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0\n" + kMap +
                          "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, "
                          "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
  EXPECT_EQ(updated(ksm),
            ksm +
                "#= linux-6.12 to linux-6.12.118, linux-6.16: 0 100000000000-100000002000 rw-p "
                "00000000 anon [rd wr mr mw me ac mg]\n"
                "#= linux-6.12 to linux-6.12.118, linux-6.16: 0 100000002000-100000003000 rw-p "
                "00000000 anon [rd wr mr mw me ac mg] (nothing keeps it apart)\n"
                "#= patch-v2 to patch-v2-review, linux-6.17 on: 0 100000000000-100000003000 rw-p "
                "00000000 anon [rd wr mr mw me ac mg]\n");
}

TEST(EndUpdate, KeepsToThePartsThatWereSaid) {
  const std::string calls = kMap + "fork() = 1\n";
  EXPECT_EQ(updated("#= 1 1000-2000 [mg lo]\n" + calls), calls + "#= 1 " + kRange + " [-lo -mg]\n");
  EXPECT_EQ(updated(calls + "#= 0 1000-2000 r--p memfd:0\n"),
            calls + "#= 0 " + kRange + " rw-p anon\n");
  EXPECT_EQ(updated(calls + "#= 0 1000-2000\n"), calls + "#= 0 " + kRange + "\n");
}

TEST(EndUpdate, RefusesWhereTheSystemsDisagree) {
  const auto text = "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0\n" + kMap;
  const auto file = trace_of_text("x.trace", text).value();
  const auto profile = spec::profile_named("linux-6.18").value();
  const auto model = systems::make_like("model", profile);
  // In the place of a real kernel: one that never merges what KSM made differ.
  const auto other = systems::make_like("impl", spec::profile_named("linux-6.1").value());
  const auto setup = spec::Setup::standard();
  const std::vector<spec::System*> all{model.get(), other.get()};
  const auto made = with_ends(text, file, {all, profile, setup});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().find("the systems do not agree"), std::string::npos) << made.error();
}

/// What layout prints is a claim that holds.
TEST(EndClaim, TheLayoutsOfTheCorpusHold) {
  std::size_t lines = 0;
  const auto profile = spec::profile_named("linux-6.18").value();
  for (const std::string& path :
       find_traces({std::string{VMADIFF_SOURCE_DIR} + "/corpus"}).value()) {
    auto file = read_trace(path).value();
    const auto model = systems::make_like("model", profile);
    const auto recording = compare::record(*model, setup_of(file, spec::Setup::standard()),
                                           file.trace.sequence, compare::Snapshots::kAtEnd)
                               .value();
    file.directives.ends.clear();
    for (const auto& line : compare::layout_lines(*recording.end, recording.observes, false)) {
      auto claim = read_end_claim("0 " + line);
      ASSERT_TRUE(claim) << path << ": " << line << ": " << claim.error().message;
      file.directives.ends.push_back(*std::move(claim));
      ++lines;
    }
    for (const auto& what : broken_ends(file, recording, profile.name)) ADD_FAILURE() << what;
  }
  EXPECT_GT(lines, 900U);
}

}  // namespace
}  // namespace vmadiff::cli
