// tests of reports: the C programs compile without a warning, run, and tell what they should.
#include "reports/reproducer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sample_finding.h"
#include "spec/trace_text.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int status = -1;
  std::string out;
};

/// Compiles and runs a C program; a compiler's warning fails the test.
Ran compile_and_run(const std::string& source) {
  std::string name = (fs::temp_directory_path() / "vmadiff-reproducer-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return {};
  const fs::path directory{name};
  std::ofstream{directory / "r.c"} << source;
  Ran ran;
  const auto compile =
      "cd " + name + " && cc -Wall -Wextra -Werror r.c -o r > out 2>&1 && ./r > out 2>&1";
  const int status = std::system(compile.c_str());
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  std::ifstream in{directory / "out"};
  ran.out.assign(std::istreambuf_iterator<char>{in}, {});
  fs::remove_all(directory);
  return ran;
}

spec::Vma vma(spec::Address start, spec::Address end, spec::VmFlags flags, spec::FileId file = {},
              std::uint64_t pgoff = 0) {
  return {start, end, flags, pgoff, file, spec::kNoAnonVma, 0};
}

reports::Reproduction of_a_machine(bool zero_page, std::string_view trace,
                                   const std::vector<spec::Vma>& layout) {
  reports::Reproduction r;
  const auto parsed = spec::parse_trace(trace);
  EXPECT_TRUE(parsed.errors.empty());
  r.story = {"a test */ of the comment"};
  r.setup = spec::Setup::standard();
  r.setup.zero_page = zero_page;
  for (const spec::Step& step : parsed.trace.sequence)
    r.steps.push_back({step.process, step.call, step.expected});
  r.steps.back().layout = r.add_layout(layout);
  r.held = "as \"expected\"";
  r.differed = "different";
  return r;
}

/// Whether read faults map the zero page here: a program that rests on it says so.
bool has_zero_page() {
  static const bool has = [] {
    constexpr std::string_view kRead = "touch(0x100000000000, 0x1000, READ) = -1 SIGSEGV\n";
    return compile_and_run(reports::c_program(of_a_machine(true, kRead, {}))).status != 3;
  }();
  return has;
}

/// A reproduction, on this machine, of a trace whose results stand in it, and of the layout behind
/// it.
reports::Reproduction of(std::string_view trace, const std::vector<spec::Vma>& layout) {
  return of_a_machine(has_zero_page(), trace, layout);
}

constexpr spec::VmFlags kAnon = spec::kVmDataDefaultFlags | spec::kVmAccount;
constexpr spec::VmFlags kFileRead =
    spec::kVmRead | spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;

TEST(Reproducer, FixedAddressesAreHeldExactly) {
  constexpr std::string_view kTrace = R"(
mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x100000000000
touch(0x100000000000, 0x1000, WRITE) = 0
munmap(0x100000001000, 0x1000) = 0
touch(0x100000001000, 0x1000, READ) = -1 SIGSEGV
munmap(0x100000000001, 0x1000) = -1 EINVAL
)";
  const std::vector<spec::Vma> layout{vma(0x100000000000, 0x100000001000, kAnon),
                                      vma(0x100000002000, 0x100000004000, kAnon)};
  const auto ran = compile_and_run(reports::c_program(of(kTrace, layout)));
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_NE(ran.out.find("as \"expected\""), std::string::npos);

  auto wrong_layout = layout;
  wrong_layout[1].flags |= spec::kVmSealed;
  const auto shown = compile_and_run(reports::c_program(of(kTrace, wrong_layout)));
  EXPECT_EQ(shown.status, 1);
  EXPECT_NE(shown.out.find(
                "! 100000002000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac]   <-- actual\n"
                "    ! 100000002000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac sl]   <-- "
                "expected"),
            std::string::npos)
      << shown.out;
  wrong_layout = {layout[0]};
  EXPECT_EQ(compile_and_run(reports::c_program(of(kTrace, wrong_layout))).status, 1);
  auto wrong_result = of(kTrace, layout);
  wrong_result.steps[2].expected = spec::Outcome::fail(spec::Errno::kENOMEM);
  const auto differed = compile_and_run(reports::c_program(wrong_result));
  EXPECT_EQ(differed.status, 1);
  EXPECT_NE(differed.out.find("munmap(0x100000001000, 0x1000) = 0   <-- expected -1 ENOMEM"),
            std::string::npos)
      << differed.out;
}

// Every call compiles, whatever this kernel then says of it.
TEST(Reproducer, EveryCallHasItsC) {
  std::string trace;
  for (const std::string_view name : spec::call_names()) {
    for (const std::string_view arguments :
         {"(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
          "(0x100000000000, 0x1000, MPOL_BIND, 0, 0x1, 0)",
          "(MPOL_DEFAULT, 0, 0)",
          "(0x100000000000, 0x1000, PROT_READ, -1)",
          "(0x100000000000, 0x1000, PROT_NONE, 0, 0)",
          "(0x100000000000, 0x1000, WP)",
          "(0x100000000000, 0x1000, READ)",
          "(0x100000000000, 0x1000, MADV_NORMAL)",
          "(0x100000000000, 0x1000, PROT_READ)",
          "(0x100000000000, 0x1000, 0x1000, 0)",
          "(0x100000000000, 0x1000, 0)",
          "(RLIMIT_AS, RLIM_INFINITY)",
          "(PR_GET_MEMORY_MERGE)",
          "(MCL_CURRENT)",
          "(memfd:0, F_SEAL_GROW)",
          "(0x100000000000, 0x1000, NULL, 0, MADV_NORMAL, 0)",
          "(0x100000000000, 0x1000, \"a\")",
          "(0x100000000000, 0x1000)",
          "(NULL)",
          "(0, 0)",
          "(1)",
          "(0, 0x100000000000, 0)",
          "()"}) {
      const auto line = std::string{name} + std::string{arguments} + "\n";
      if (!spec::parse_trace(line).errors.empty()) continue;
      trace += line;
      break;
    }
  }
  const auto calls = spec::parse_trace(trace).trace.sequence.size();
  EXPECT_EQ(calls, spec::call_names().size()) << trace;
  const auto ran = compile_and_run(reports::c_program(of(trace, {})));
  EXPECT_TRUE(ran.status == 0 || ran.status == 1 || ran.status == 3) << ran.out;
  EXPECT_EQ(ran.out.find("error"), std::string::npos) << ran.out;
}

TEST(Reproducer, PoliciesAndUserfaultfdsAreAsked) {
  const auto ran = compile_and_run(reports::c_program(of(R"(
mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x100000000000
mbind(0x100000000001, 0x1000, MPOL_BIND, 0, 0x1, 0) = -1 EINVAL
set_mempolicy(0x77, 0, 0) = -1 EINVAL
uffd_register(0x100000000001, 0x1000, WP) = -1 EINVAL
munmap(0x100000000000, 0x2000) = 0
)",
                                                         {})));
  if (ran.out.find("ENOSYS") != std::string::npos || ran.out.find("EPERM") != std::string::npos) {
    GTEST_SKIP() << "this machine does not give these calls";
  }
  EXPECT_EQ(ran.status, 0) << ran.out;
}

// A path of its own choosing stands in the story and in what the program says.
TEST(Reproducer, TextFromElsewhereStaysText) {
  auto r = of("munmap(0x100000000000, 0x1000) = 0\n", {});
  r.story = {"of dir*/ int main(void) { return 7; } /*", "of dir*\\\n/ int main(void){return 8;}",
             "trailing *\\"};
  r.held = "\n\"; _exit(9); //\\";
  const auto ran = compile_and_run(reports::c_program(r));
  EXPECT_EQ(ran.status, 0) << ran.out;
}

TEST(Reproducer, PlacedMappingsAreFollowed) {
  const auto ran =
      compile_and_run(reports::c_program(of(R"(
mmap(NULL, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
mmap(NULL, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
munmap(0x7ffff7ffe000, 0x1000) = 0
)",
                                            {vma(0x7ffff7ffc000, 0x7ffff7ffe000, kAnon)})));
  EXPECT_EQ(ran.status, 0) << ran.out;
}

TEST(Reproducer, TheBreakIsCountedFromItsStart) {
  constexpr std::string_view kTrace = R"(
brk(0x20023000) = 0x20023000
munmap(0x20021000, 0x1000) = 0
brk(0x20022800) = 0x20022800
)";
  const auto ran = compile_and_run(reports::c_program(
      of(kTrace, {vma(0x20020000, 0x20021000, kAnon), vma(0x20022000, 0x20023000, kAnon)})));
  EXPECT_EQ(ran.status, 0) << ran.out;
}

TEST(Reproducer, FilesAreOpenedByTheirClass) {
  const auto ran = compile_and_run(reports::c_program(
      of(R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, memfd:1, 0x2000) = 0x100000000000
mmap(0x100000002000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, file:0, 0) = 0x100000002000
mmap(0x100000004000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:3, 0) = 0x100000004000
mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, unmappable:0, 0) = -1 ENODEV
mmap(0x100000006000, 0x1000, PROT_WRITE, MAP_SHARED|MAP_FIXED, file-ro:0, 0) = -1 EACCES
)",
         {vma(0x100000000000, 0x100000001000, kFileRead, {spec::FileClass::kMemfd, 1}, 2),
          vma(0x100000002000, 0x100000003000, kFileRead, {spec::FileClass::kFile, 0}),
          vma(0x100000004000, 0x100000005000, kFileRead, {spec::FileClass::kZero, 3})})));
  EXPECT_EQ(ran.status, 0) << ran.out;
}

TEST(Reproducer, ProcessesAreProcesses) {
  constexpr std::string_view kTrace = R"(
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x100000000000
fork() = 1
[pid 1] munmap(0x100000000000, 0x1000) = 0
fork() = 2
[pid 2] brk(0x20021000) = 0x20021000
[pid 2] exec() = 0
[pid 2] brk(NULL) = 0x20020000
[pid 2] exit() = 0
[pid 2] brk(NULL) = -1 ESRCH
exit() = -1 EPERM
setrlimit(RLIMIT_AS, 0x122000) = 0
mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM
mlockall(MCL_FUTURE) = 0
)";
  auto r = of(kTrace, {vma(0x100000000000, 0x100000002000, kAnon)});
  const auto layout = *r.steps.back().layout;
  r.ends.push_back({0, layout, r.setup.initial.counters, 0x20020000, false});
  r.ends.back().counters.total_vm += 2;
  r.ends.back().counters.data_vm += 2;
  r.ends.push_back({1, r.add_layout({vma(0x100000001000, 0x100000002000, kAnon)}),
                    r.setup.initial.counters, 0x20020000, false});
  r.ends.back().counters.total_vm += 1;
  r.ends.back().counters.data_vm += 1;
  const auto ran = compile_and_run(reports::c_program(r));
  EXPECT_EQ(ran.status, 0) << ran.out;
  r.ends.back().counters.locked_vm += 1;
  r.ends.back().brk += 1;
  const auto counted = compile_and_run(reports::c_program(r));
  EXPECT_EQ(counted.status, 1) << counted.out;
  EXPECT_NE(counted.out.find("process 1: VmLck is 0   <-- expected 0x4"), std::string::npos)
      << counted.out;
  EXPECT_NE(counted.out.find("process 1: the break is 0x20020000   <-- expected 0x20020001"),
            std::string::npos)
      << counted.out;
}

// A kernel that keeps no names is no finding, and one that does gives what is expected.
TEST(Reproducer, NamesAreAskedOfAMachineThatKeepsThem) {
  auto r = of(R"(
mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x100000000000
prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, "Go: heap") = 0
prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, "[") = -1 EINVAL
prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, 0xffffffffffffffff) = -1 EFAULT
prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, NULL) = 0
)",
              {vma(0x100000000000, 0x100000002000, kFileRead)});
  const auto ran = compile_and_run(reports::c_program(r));
  EXPECT_TRUE(ran.status == 0 || ran.status == 3) << ran.out;
  if (ran.status == 3) {
    EXPECT_NE(ran.out.find("it needs a kernel that keeps names of memory"), std::string::npos)
        << ran.out;
  }
  for (auto& step : r.steps) {
    if (!std::holds_alternative<spec::Mmap>(step.call)) {
      step.expected = spec::Outcome::fail(spec::Errno::kEINVAL);
    }
  }
  r.setup.vma_names = ran.status == 0;
  const auto other = compile_and_run(reports::c_program(r));
  EXPECT_EQ(other.status, ran.status == 0 ? 1 : 0) << other.out;
}

// What the results rest on is asked of the machine: one that is otherwise is no finding.
TEST(Reproducer, AnotherMachineIsNoFinding) {
  auto r = of("set_mempolicy(MPOL_DEFAULT, 0, 0) = -1 EINVAL\n", {});
  r.setup.nodes = 0x8000;
  const auto ran = compile_and_run(reports::c_program(r));
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_NE(ran.out.find("it needs a machine whose nodes with memory are 0x8000 (here it is "),
            std::string::npos)
      << ran.out;
}

TEST(Reproducer, WhatNoProgramCanOpenIsSaidAndIsNoVerdict) {
  const auto ran = compile_and_run(reports::c_reproducer(ineligible_mergeable()));
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_NE(ran.out.find("pfnmap:0 is the first MiB of /dev/mem"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("cannot run here"), std::string::npos) << ran.out;
}

TEST(Reproducer, ACallOnTheProgramItselfIsRefused) {
  const auto ran = compile_and_run(reports::c_program(of("munmap(0x20000000, 0x1000) = 0\n", {})));
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_NE(ran.out.find("call 1 would change memory of the program itself"), std::string::npos)
      << ran.out;
}

TEST(Reproducer, AFindingUnderKsmRunsOrSaysWhyNot) {
  const auto ran = compile_and_run(reports::c_reproducer(left_unmerged()));
  EXPECT_TRUE(ran.status == 0 || ran.status == 1 || ran.status == 3) << ran.out;
  EXPECT_NE(ran.out.find(ran.status == 3 ? "cannot run here" : "\nmaps of process 0\n"),
            std::string::npos);
}

TEST(Reproducer, TheSideWithKsmOnIsTheOneThatRuns) {
  auto finding = left_unmerged();
  finding.sequence.erase(finding.sequence.begin());
  finding.step = 1;
  finding.views[0].system = "model, KSM off";
  finding.views[1].system = "model, KSM on from the start";
  for (auto& v : finding.views[0].snapshot.vmas) v.flags &= ~spec::kVmMergeable;
  const auto program = reports::c_reproducer(finding);
  EXPECT_NE(program.find("\"prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\""), std::string::npos);
  EXPECT_NE(program.find("ul, 0, 1, 0, 0};"), std::string::npos);
}

}  // namespace
}  // namespace vmadiff::tests
