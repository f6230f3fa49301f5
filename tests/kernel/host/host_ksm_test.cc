// tests of kernel: KSM as this kernel shows it. The patch (6.17) is visible from here.
#include <cstdio>

#include "host_fixture.h"

namespace vmadiff::kernel {
namespace {

class HostKsm : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!capabilities_.ksm) GTEST_SKIP() << capabilities_.ksm_note;
    int major = 0;
    int minor = 0;
    ASSERT_EQ(std::sscanf(capabilities_.release.c_str(), "%d.%d", &major, &minor), 2);
    is_patched_ = major > 6 || (major == 6 && minor >= 17);
  }

  bool is_patched_ = false;
};

TEST_F(HostKsm, TheFlagIsSeenAndGiven) {
  EXPECT_EQ(run("prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0)\n"
                "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
                "prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0)\n"
                "prctl(PR_SET_MEMORY_MERGE, 1, 1, 0, 0)\n"),
            "0\n0\n1\n-1 EINVAL\n");
  EXPECT_TRUE(snapshot().merge_any);
}

TEST_F(HostKsm, TurningItOnMarksThePrivateMappings) {
  run("prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n");
  const auto vmas = snapshot().vmas;
  ASSERT_EQ(vmas.size(), 3U);
  EXPECT_EQ(vmas[0].flags & spec::kVmMergeable, 0U) << "the window is shared";
  EXPECT_NE(vmas[1].flags & spec::kVmMergeable, 0U);
  EXPECT_NE(vmas[2].flags & spec::kVmMergeable, 0U);
}

TEST_F(HostKsm, AdjacentAnonymousMappingsAreOneVmaSinceThePatch) {
  if (!is_patched_) GTEST_SKIP() << "this kernel is from before the patch (Linux 6.17)";
  run("prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
      "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n");
  EXPECT_EQ(layout(), "100000000000-100000004000 rw-p 00000000 anon [rd wr mr mw me ac mg]\n");
}

constexpr std::string_view kTwoPrivateZero =
    "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n"
    "mmap(0x100000002000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0x2000)\n";

TEST_F(HostKsm, PrivateZeroMergesWithKsmOff) {
  run(kTwoPrivateZero);
  EXPECT_EQ(layout(), "100000000000-100000004000 r--p 00000000 zero:0 [rd mr mw me]\n");
}

TEST_F(HostKsm, PrivateZeroDoesNotMergeWithKsmOn) {
  run("prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n" + std::string{kTwoPrivateZero});
  EXPECT_EQ(layout(),
            "100000000000-100000002000 r--p 00000000 zero:0 [rd mr mw me mg]\n"
            "100000002000-100000004000 r--p 00002000 zero:0 [rd mr mw me mg]\n");
}

TEST_F(HostKsm, AdviceMarksARange) {
  EXPECT_EQ(run("mmap(0x100000000000, 0x3000, PROT_READ, "
                "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                "madvise(0x100000001000, 0x1000, MADV_MERGEABLE)\n"),
            "0x100000000000\n0\n");
  EXPECT_EQ(layout(),
            "100000000000-100000001000 r--p 00000000 anon [rd mr mw me]\n"
            "100000001000-100000002000 r--p 00000000 anon [rd mr mw me mg]\n"
            "100000002000-100000003000 r--p 00000000 anon [rd mr mw me]\n");
}

}  // namespace
}  // namespace vmadiff::kernel
