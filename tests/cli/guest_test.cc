// tests of cli: guests, end to end. They need QEMU and the kernel debian-6.12 in the cache, and
// skip without. Each boots a machine or two, so there are few.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>

#include "command_run.h"
#include "kernel/host/host.h"
#include "kernel/store/kernel_source.h"
#include "properties/generate/generator.h"

namespace vmadiff::tests {
namespace {

/// Why there is no guest; empty where there is one.
std::string why_no_guest(const std::string& kernel = "debian-6.12") {
  const auto kernels = run_vmadiff({"kernels"});
  if (kernels.out.find(kernel + " ") == std::string::npos)
    return "no kernel: vmadiff kernels fetch " + kernel;
  const auto qemu = run_command({"sh", "-c", "command -v qemu-system-x86_64"});
  return qemu.status == 0 ? "" : "no QEMU: apt-get install qemu-system-x86";
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(Guests, AreHeldAgainstTheModel) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  const Scratch scratch;
  const auto ran =
      run_vmadiff({"check", "--systems", "model,guest", "--kernel", "debian-6.12", "--properties",
                   "equivalence,SystemSurvives", "--ops", "10000", "--seed", "3"},
                  {.directory = scratch.path()});
  // Which of the stable kernels it is depends on when it was fetched.
  EXPECT_NE(ran.out.find("  profile linux-6.12"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(" as identified  "), std::string::npos) << ran.out;
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("none: every property held"), std::string::npos) << ran.out;
}

constexpr std::uint64_t kDeathSequences = 12;

/// The smallest seed with which one sequence of a campaign's, not the first and not the last, has
/// an madvise(…, MADV_COLD) as its second call, and no other has any: each step on the way to a
/// small trace is a machine that dies and another that boots.
std::uint64_t seed_of_one_death() {
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  options.driver_pages = kernel::kMemoryDevicePages;
  options.refused_maps = true;
  for (const spec::FileClass cls : spec::mappable_file_classes()) {
    if (cls != spec::FileClass::kPreparedPfnmap && cls != spec::FileClass::kTwoHooks)
      options.file_classes.push_back(cls);
  }
  spec::Sequence sequence;
  const auto dies = [&](std::uint64_t seed, std::uint64_t index) {
    properties::generate(properties::sequence_seed(seed, index), options, sequence);
    const auto at = std::ranges::find_if(sequence, [](const spec::Step& step) {
      const auto* call = std::get_if<spec::Madvise>(&step.call);
      return call != nullptr && call->advice == spec::kMadvCold;
    });
    return at == sequence.end() ? -1 : at - sequence.begin();
  };
  constexpr std::uint64_t kSeeds = 20000;
  for (std::uint64_t seed = 1; seed < kSeeds; ++seed) {
    std::uint64_t deaths = 0;
    std::uint64_t where = 0;
    for (std::uint64_t index = 0; index < kDeathSequences; ++index) {
      if (dies(seed, index) < 0) continue;
      ++deaths;
      where = index;
    }
    if (deaths != 1 || where == 0 || where + 1 == kDeathSequences) continue;
    if (dies(seed, where) == 1) return seed;
  }
  ADD_FAILURE() << "no seed below " << kSeeds << " has MADV_COLD in just one sequence, and early";
  return 0;
}

// The kernel crashes at madvise(…, MADV_COLD), which one sequence in the middle has.
TEST(Guests, AKernelThatDiesIsAFindingAndTheCampaignGoesOn) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  const Scratch scratch;
  const auto ran =
      run_vmadiff({"check", "--systems", "guest", "--kernel", "debian-6.12", "--append",
                   "vmadiff.crash_on=28,20", "--properties", "SystemSurvives", "--sequences",
                   std::to_string(kDeathSequences), "--seed", std::to_string(seed_of_one_death())},
                  {.directory = scratch.path()});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("FINDING: SystemSurvives"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(">>>   1  madvise("), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("MADV_COLD) = died"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("sequences            12\n"), std::string::npos) << ran.out;
  std::string log;
  for (const auto& [name, text] : contents(scratch.path())) {
    if (name.ends_with(".log")) log = text;
  }
  EXPECT_NE(log.find("Kernel panic - not syncing: sysrq triggered crash"), std::string::npos)
      << log;
}

// Settings of a whole machine are tried on one of our own.
TEST(Guests, WhatAMachinesSysctlsChangeIsMeasured) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  const Scratch scratch;
  const std::string settings = "sysctl.vm.mmap_min_addr=65536 sysctl.vm.overcommit_memory=1";
  const auto doctor = run_vmadiff({"doctor", "--kernel", "debian-6.12", "--append", settings});
  const auto guest = doctor.out.substr(std::min(doctor.out.find("guest:"), doctor.out.size()));
  EXPECT_NE(guest.find("MAP_FIXED from 0x10000\n"), std::string::npos) << doctor.out;
  EXPECT_NE(guest.find("overcommit       always\n"), std::string::npos) << doctor.out;
  const auto ran = run_vmadiff(
      {"check", "--systems", "model,guest", "--kernel", "debian-6.12", "--append", settings,
       "--properties", "equivalence,SystemSurvives", "--ops", "6000", "--seed", "3"},
      {.directory = scratch.path()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("none: every property held"), std::string::npos) << ran.out;
}

/// A campaign of the code of 7.3, held to the profile of 6.12, which ends with so many findings.
CommandResult confirmed_by_7_3(const std::string& property, const std::string& findings,
                               const Scratch& scratch) {
  return run_vmadiff({"check", "--systems", "model,tree", "--tree", "linux-7.3", "--profile",
                      "linux-6.12", "--properties", property, "--sequences", "3000", "--seed", "5",
                      "--max-findings", findings, "--confirm", "guest:debian-7.3"},
                     {.directory = scratch.path()});
}

TEST(Guests, AreAskedAboutWhatATreesCodeShows) {
  if (const auto reason = why_no_guest("debian-7.3"); !reason.empty()) GTEST_SKIP() << reason;
  if (const auto source = kernel::find_source("linux-7.3"); !source) GTEST_SKIP() << source.error();
  const Scratch one;
  // Of several, since the first can be of a file that no booted kernel has.
  const auto errno_differs = confirmed_by_7_3("SystemsAgreeOnOutcomes", "4", one);
  EXPECT_EQ(errno_differs.status, 1) << errno_differs.out << errno_differs.err;
  EXPECT_TRUE(errno_differs.out.contains("booted\n  confirmed on guest:debian-7.3\n"))
      << errno_differs.out;
  // The first difference is one that only a tree's code shows.
  const Scratch two;
  const auto hidden = confirmed_by_7_3("SystemsAgreeOnLayout", "1", two);
  EXPECT_EQ(hidden.status, 1) << hidden.out << hidden.err;
  EXPECT_TRUE(hidden.out.contains("booted\n  not shown by guest:debian-7.3 (")) << hidden.out;
  for (const auto& [name, text] : contents(two.path())) {
    if (name.ends_with(".trace")) {
      EXPECT_TRUE(text.contains("# not shown by guest:debian-7.3 (")) << text;
    }
  }
}

TEST(Guests, StrictOvercommitIsRefusedWithTheRemedy) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  const auto ran = run_vmadiff({"check", "--systems", "model,guest", "--kernel", "debian-6.12",
                                "--append", "sysctl.vm.overcommit_memory=2", "--ops", "100"});
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("strict overcommit is not modelled: sysctl vm.overcommit_memory=0"),
            std::string::npos)
      << ran.err;
}

TEST(Guests, DiffNamesWhatChanged) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  if (!host_runs()) GTEST_SKIP() << "the host cannot run here";
  const auto host = run_vmadiff({"identify", "--systems", "host"});
  if (host.out.find("it is as the profile linux-6.18") == std::string::npos)
    GTEST_SKIP() << "this machine's kernel is none with the patch";
  const Scratch scratch;
  const auto expected = scratch.file("expected", "# the patch\nksm_brk = the patch\n");
  const auto ran = run_vmadiff({"diff", "--a", "guest:debian-6.12", "--b", "host", "--sequences",
                                "150", "--seed", "1", "--expected", expected},
                               {.directory = scratch.path()});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(count(ran.out, "\nDIFFERENCE: ksm_early\n"), 1U) << ran.out;
  EXPECT_NE(ran.out.find("never on guest:debian-6.12, no-file-or-shmem-or-mmap-prepare on host"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("\nEXPECTED: ksm_brk\n  because the patch\n"), std::string::npos)
      << ran.out;
  EXPECT_EQ(ran.out.find("unexplained"), std::string::npos) << ran.out;
  EXPECT_TRUE(contents(scratch.path()).contains("findings/diff-ksm_early.trace"));
}

TEST(Guests, RunAProgramThatSomebodyBrings) {
  if (const auto reason = why_no_guest(); !reason.empty()) GTEST_SKIP() << reason;
  const Scratch scratch;
  const auto source = scratch.file("who.c",
                                   "#include <stdio.h>\n#include <sys/utsname.h>\n"
                                   "int main(void) { struct utsname name; uname(&name);\n"
                                   "  printf(\"here is %.5s\\n\", name.release); return 3; }\n");
  const auto program = (scratch.path() / "who").string();
  const auto built = run_command({"clang-19", "-static", "-o", program, source});
  ASSERT_EQ(built.status, 0) << built.err;
  const auto ran = run_vmadiff({"kernels", "run", "--kernel", "debian-6.12", program});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.out, "here is 6.12.\n");
}

TEST(Guests, RunProgramsOnly) {
  const Scratch scratch;
  const auto text = scratch.file("text", "not a program\n");
  const auto ran = run_vmadiff({"kernels", "run", "--kernel", "debian-6.12", text});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("text: expected a program that was linked with -static"),
            std::string::npos)
      << ran.err;
}

TEST(Guests, SayWhatIsMissing) {
  const auto none = run_vmadiff({"check", "--systems", "guest"});
  EXPECT_EQ(none.status, 3);
  EXPECT_NE(none.err.find("--kernel must name one"), std::string::npos) << none.err;
  const auto unknown = run_vmadiff({"check", "--systems", "guest", "--kernel", "debian-0.1"});
  EXPECT_EQ(unknown.status, 3);
  EXPECT_NE(unknown.err.find("vmadiff kernels fetch debian-0.1"), std::string::npos) << unknown.err;
  const auto not_real = run_vmadiff({"identify", "--systems", "model"});
  EXPECT_EQ(not_real.status, 2);
  const Scratch scratch;
  const auto list = scratch.file("expected", "ksm_early\n");
  const auto bad = run_vmadiff({"diff", "--a", "host", "--b", "guest:x", "--expected", list});
  EXPECT_EQ(bad.status, 2);
  EXPECT_NE(bad.err.find("expected:1: expected NAME = REASON"), std::string::npos) << bad.err;
}

}  // namespace
}  // namespace vmadiff::tests
