// tests of reports: the terminal text, line by line.
#include "reports/terminal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/json.h"
#include "reports/side_by_side.h"
#include "reports/summary.h"
#include "reports/trace.h"
#include "sample_finding.h"
#include "spec/trace_text.h"

namespace vmadiff::tests {
namespace {

TEST(TerminalText, SaysEverythingInTheOrderInWhichItIsNeeded) {
  const auto text = reports::terminal_text(left_unmerged(), {.trace = "findings/x.trace",
                                                             .json = "findings/x.json",
                                                             .reproducer = "findings/x.c",
                                                             .text = "findings/x.txt",
                                                             .test = "findings/x.test.cc",
                                                             .fault = {}});
  const auto golden = std::string{R"(FINDING: SystemsAgreeOnLayout
  claimed: After every call every system shows the same VMAs, counters, break, KSM state and pool of huge pages.
  found:   VMA 100000000000-100000004000: end is 100000004000, expected; it is 100000002000 on the
           host
seeds: run 0x2a, sequence 0x1f; profile linux-6.18; 7 simplifications

sequence
      1  prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) = 0
      2  mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x100000000000
>>>   3  mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
         expected = 0x100000002000  (model)
         actual   = 0x100000002000  (host)

layouts after call 3
  expected (model)                                                    | actual (host)
! 100000000000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac mg] | 100000000000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac mg]
!                                                                     | 100000002000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac mg] (nothing seen here keeps it apart)
! map_count 4 | 5

  pages from 0x100000000000
           0
  expected AAAA
  actual   AABB

replay
  vmadiff replay findings/x.trace --verbose --systems model,host
files
  findings/x.trace
  findings/x.c  (C: cc -Wall findings/x.c -o reproducer && ./reproducer)
  findings/x.json
  findings/x.test.cc  (draft of a test for vmadiff's own suite)
)"};
  EXPECT_EQ(text, golden);
}

TEST(TerminalText, AClaimAboutOneStateHasOneColumn) {
  const auto text = reports::terminal_text(ineligible_mergeable(), {});
  EXPECT_NE(text.find("layouts after call 2\n  impl\n  100000000000-100000001000 r--p 00000000 "
                      "pfnmap:0 [rd mr pf mg]"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("seeds: not from a campaign"), std::string::npos) << text;
  EXPECT_NE(text.find("trace (not written)\n# finding: OnlyEligible"), std::string::npos) << text;
}

TEST(TerminalText, WhatDidNotShowAgainIsSaidToBeSo) {
  auto finding = left_unmerged();
  finding.reproducible = false;
  const auto text = reports::terminal_text(finding, {});
  EXPECT_EQ(text.substr(0, 16), "NOT REPRODUCIBLE");
  EXPECT_NE(text.find("A second run of the same sequence did not show it."), std::string::npos);
}

TEST(SideBySide, ShowsWhatMapsLinesHideWhereItIsTheDifference) {
  auto finding = left_unmerged();
  finding.views[1] = finding.views[0];
  EXPECT_EQ(reports::side_by_side(finding.views).find('!'), std::string::npos);
  finding.views[1].snapshot.vmas.back().pgoff = 0x42;
  const auto text = reports::side_by_side(finding.views);
  EXPECT_NE(text.find("pgoff 100000000 |"), std::string::npos) << text;
  EXPECT_NE(text.find("pgoff 42\n"), std::string::npos) << text;
}

TEST(SideBySide, ShowsTheOffsetOfAPrivateFilesOwnPagesWhereItIsTheDifference) {
  auto finding = left_unmerged();
  finding.views[0].system = "model";
  finding.views[0].observes.anon_pgoff = true;
  finding.views[1] = finding.views[0];
  finding.views[0].snapshot.vmas.back().own_pgoff = 0x41;
  finding.views[1].snapshot.vmas.back().own_pgoff = 0x42;
  const auto text = reports::side_by_side(finding.views);
  EXPECT_NE(text.find("own pgoff 41"), std::string::npos) << text;
  EXPECT_NE(text.find("own pgoff 42"), std::string::npos) << text;
}

TEST(Picture, IsLeftOutWhereItDoesNotFit) {
  auto finding = left_unmerged();
  finding.views[0].snapshot.vmas.back().end += spec::Address{1} << 30;
  EXPECT_EQ(reports::picture(finding.views, finding.sequence[2].call), "");
}

TEST(FindingTrace, ParsesBackToTheSequenceAndNamesProfileAndSystems) {
  const auto finding = left_unmerged();
  const auto text = reports::print_finding_trace(finding);
  const auto parsed = spec::parse_trace(text);
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.trace.sequence, finding.sequence);
  EXPECT_EQ(spec::print_trace(parsed.trace), text);
  EXPECT_NE(text.find("# profile: linux-6.18\n# systems: model,host\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# seeds: run 0x2a, sequence 0x1f\n"), std::string::npos) << text;
}

TEST(Terminal, AGuestThatDiedShowsItsConsoleAndIsReplayedAsAGuest) {
  auto finding = ineligible_mergeable();
  finding.views.front().system = "guest:debian-6.12";
  for (int line = 0; line < 50; ++line) finding.log += fmt::format("line {}\n", line);
  const auto text = reports::terminal_text(
      finding,
      {.trace = "f.trace", .json = {}, .reproducer = {}, .text = {}, .log = "f.log", .fault = {}});
  EXPECT_NE(text.find("console, its end\n  line 26\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  line 49\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("  line 25\n"), std::string::npos) << text;
  EXPECT_NE(text.find("replay f.trace --verbose --systems guest:debian-6.12\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("f.log  (console)"), std::string::npos) << text;
}

TEST(Terminal, WhatATreeShowsIsToBeConfirmed) {
  auto finding = ineligible_mergeable();
  finding.views.front().system = "tree:linux-7.3";
  const reports::FindingFiles files{
      .trace = "f.trace", .json = {}, .reproducer = {}, .text = {}, .log = {}, .fault = {}};
  const auto text = reports::terminal_text(finding, files);
  EXPECT_NE(text.find("replay f.trace --verbose --systems tree:linux-7.3\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("confirm on the booted kernel\n  vmadiff replay f.trace --verbose --systems "
                      "guest --kernel arch/x86/boot/bzImage\n"),
            std::string::npos)
      << text;
  finding.views.front().system = "guest:debian-7.3";
  EXPECT_FALSE(reports::terminal_text(finding, files).contains("confirm"));
}

TEST(Terminal, WhatABootedKernelSaidStandsInPlaceOfTheAdvice) {
  using Answer = properties::Confirmation::Answer;
  auto finding = ineligible_mergeable();
  finding.views.front().system = "tree:linux-7.3";
  const reports::FindingFiles files{
      .trace = "f.trace", .json = {}, .reproducer = {}, .text = {}, .log = {}, .fault = {}};
  const auto expect = [&](properties::Confirmation confirmation, const std::string& line) {
    finding.confirmation = std::move(confirmation);
    const auto text = reports::terminal_text(finding, files);
    EXPECT_TRUE(text.contains("booted\n  " + line + "\n")) << text;
    EXPECT_FALSE(text.contains("confirm on the booted kernel")) << text;
    const auto trace = reports::print_finding_trace(finding);
    EXPECT_TRUE(trace.contains("# " + line + "\n")) << trace;
  };
  expect({"guest:debian-7.3", Answer::kShows, ""}, "confirmed on guest:debian-7.3");
  EXPECT_EQ(reports::to_json(finding)["confirmation"]["answer"], "shown");
  expect({"guest:debian-7.3", Answer::kDoesNotShow, ""}, "not shown by guest:debian-7.3");
  EXPECT_EQ(reports::to_json(finding)["confirmation"]["answer"], "not shown");
  expect({"guest:debian-7.3", Answer::kCannotSay, "no QEMU"},
         "guest:debian-7.3 cannot say: no QEMU");
  EXPECT_EQ(reports::to_json(finding)["confirmation"]["note"], "no QEMU");
}

TEST(Terminal, WhatASanitizerSaidIsShownFromItsBeginning) {
  auto finding = ineligible_mergeable();
  finding.views.front().system = "tree:linux-7.3";
  finding.sanitize = "address";
  for (int line = 0; line < 50; ++line) finding.log += fmt::format("line {}\n", line);
  const auto text = reports::terminal_text(
      finding,
      {.trace = "f.trace", .json = {}, .reproducer = {}, .text = {}, .log = "f.log", .fault = {}});
  EXPECT_TRUE(text.contains("sanitizer, its beginning\n  line 0\n")) << text;
  EXPECT_FALSE(text.contains("  line 40\n")) << text;
  EXPECT_TRUE(text.contains("f.log  (what the sanitizer said)")) << text;
  EXPECT_TRUE(
      text.contains("replay f.trace --verbose --systems tree:linux-7.3 --sanitize address\n"))
      << text;
}

TEST(FindingTrace, ADeathIsNotAsserted) {
  auto finding = left_unmerged();
  finding.sequence[2].expected = spec::Outcome::died();
  const auto parsed = spec::parse_trace(reports::print_finding_trace(finding));
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_FALSE(parsed.trace.sequence[2].expected.has_value());
}

TEST(Summary, CountsFindingsAndExemptionsByName) {
  reports::RunSummary summary;
  summary.tally.sequences = 10;
  summary.tally.operations = 300;
  summary.tally.skipped_on_remote = 1;
  summary.tally.exemptions["NothingChanged"] = 4;
  EXPECT_NE(reports::text(summary).find("none: every property held"), std::string::npos);
  summary.claims["SystemSurvives"] = {.findings = 1, .sequences = 2};
  const auto text = reports::text(summary);
  for (const auto* line :
       {"operations           300\n", "NothingChanged                               4",
        "SystemSurvives                               1, in 2 sequences",
        "not run on it        1 sequences"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << '\n' << text;
  }
}

}  // namespace
}  // namespace vmadiff::tests
