// tests of the whole command where a sandbox's policy answers in the kernel's place: what it
// answers is left out and named, and never told as a finding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include "../cli/command_run.h"

namespace vmadiff::tests {
namespace {

struct Policy {
  std::string answer;
  std::string rule;
  std::string named;  ///< what the head of the run must name
};

/// How the names of tests print it.
void PrintTo(const Policy& policy, std::ostream* out) {
  *out << policy.answer << ' ' << policy.rule;
}

CommandResult run_under(const Policy& policy, std::vector<std::string> words) {
  std::vector<std::string> all{UNDER_POLICY, policy.answer, policy.rule, "--",
                               std::string{VMADIFF_BINARY_DIR} + "/vmadiff"};
  all.insert(all.end(), words.begin(), words.end());
  return run_command(all);
}

class UnderPolicy : public ::testing::TestWithParam<Policy> {
 protected:
  void SetUp() override {
    if (!host_runs()) GTEST_SKIP() << "the host does not run here (vmadiff systems says why)";
    const auto control = run_under({"EPERM", "acct", ""}, {"--version"});
    if (control.status != 0) GTEST_SKIP() << "no seccomp policy can be set here: " << control.err;
  }
};

TEST_P(UnderPolicy, WhatIsNotGivenIsLeftOutAndNamed) {
  const Scratch scratch;
  const auto& policy = GetParam();
  const auto result =
      run_under(policy, {"check", "--systems", "model,host", "--ops", "6000", "--seed", "5",
                         "--jobs", "1", "--out", (scratch.path() / "findings").string()});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find(policy.named), std::string::npos) << result.out << result.err;
  EXPECT_NE(result.out.find("findings             none"), std::string::npos) << result.out;
}

INSTANTIATE_TEST_SUITE_P(
    Policies, UnderPolicy,
    ::testing::Values(
        Policy{"EPERM", "mseal", "does not give mseal (-1 EPERM)"},
        Policy{"kill", "mseal", "does not give mseal (killed by SIGSYS"},
        Policy{"ENOSYS", "mseal", "does not give mseal (-1 ENOSYS)"},
        Policy{"EPERM", "mlock2", "does not give mlock2 (-1 EPERM)"},
        Policy{"ENOSYS", "mlockall", "does not give mlockall (-1 ENOSYS)"},
        Policy{"EPERM", "userfaultfd", "does not give uffd_register (-1 EPERM)"},
        Policy{"kill", "userfaultfd", "does not give uffd_register (killed by SIGSYS"},
        Policy{"EPERM", "mbind", "does not give mbind (-1 EPERM)"},
        Policy{"kill", "mbind", "does not give mbind (killed by SIGSYS"},
        Policy{"EPERM", "set_mempolicy", "does not give set_mempolicy (-1 EPERM)"},
        Policy{"EPERM", "pkey_mprotect", "does not give pkey_mprotect (-1 EPERM)"},
        Policy{"EPERM", "remap_file_pages", "does not give remap_file_pages (-1 EPERM)"},
        Policy{"EPERM", "clone:0&0x8000", "does not give fork (-1 EPERM)"},
        Policy{"EPERM", "madvise:2=12", "does not give madvise with MADV_MERGEABLE (-1 EPERM)"},
        Policy{"kill", "madvise:2=22", "does not give madvise with MADV_POPULATE_READ (killed"},
        Policy{"EPERM", "mremap:3&4", "does not give mremap with MREMAP_DONTUNMAP (-1 EPERM)"},
        Policy{"EPERM", "mmap:2&6", "does not give mmap with PROT_WRITE|PROT_EXEC (-1 EPERM)"},
        Policy{"EACCES", "mprotect:2&4", "does not give mprotect with PROT_EXEC (-1 EACCES)"},
        Policy{"EPERM", "mmap:3&0x100", "does not give mmap with MAP_GROWSDOWN (-1 EPERM)"},
        Policy{"EPERM", "prctl:0=67", "no KSM calls"}),
    [](const auto& policy) {
      std::string name = policy.param.answer + "_" + policy.param.rule;
      std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

TEST_F(UnderPolicy, ATraceThatAsksForItIsNotRunOnTheHost) {
  const Scratch scratch;
  const auto trace =
      scratch.file("seal.trace",
                   "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
                   "-1, 0) = 0x100000000000\nmseal(0x100000000000, 0x1000, 0) = 0\n");
  const auto result = run_under({"EPERM", "mseal", ""}, {"replay", trace});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_NE(result.out.find("without host: call 2 is mseal, which host's machine does not give "
                            "(-1 EPERM)"),
            std::string::npos)
      << result.out;
}

// Of two kernels, what the machine of one does not give is no difference of the kernels.
TEST(GuestsUnderPolicy, WhatIsNotGivenIsNoDifference) {
  if (!host_runs()) GTEST_SKIP() << "the host does not run here (vmadiff systems says why)";
  if (run_vmadiff({"kernels"}).out.find("debian-6.12 ") == std::string::npos)
    GTEST_SKIP() << "no kernel: vmadiff kernels fetch debian-6.12";
  const auto qemu = run_command({"sh", "-c", "command -v qemu-system-x86_64"});
  if (qemu.status != 0) GTEST_SKIP() << "no QEMU: apt-get install qemu-system-x86";
  const Scratch scratch;
  const auto ran =
      run_under({"EPERM", "mlock2", ""},
                {"diff", "--a", "guest:debian-6.12", "--b", "host", "--sequences", "150", "--seed",
                 "1", "--out", (scratch.path() / "findings").string()});
  EXPECT_NE(ran.out.find("does not give mlock2 (-1 EPERM)"), std::string::npos)
      << ran.out << ran.err;
  EXPECT_EQ(ran.out.find("unexplained"), std::string::npos) << ran.out << ran.err;
}

}  // namespace
}  // namespace vmadiff::tests
