// tests/model: mprotect.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Mprotect, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 2);
  const auto call = [&process](Address addr, Address length, std::uint64_t prot) {
    return process(Mprotect{addr, length, prot});
  };
  EXPECT_EQ(call(kArena, 0, kProtGrowsdown | kProtGrowsup), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena + 1, 0, kRead), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena, 0, 0x1000), kOk);  // nothing to do comes before a bad protection
  EXPECT_EQ(call(kArena, ~Address{0}, 0x1000), fails(Errno::kENOMEM));
  EXPECT_EQ(call(kArena, -kArena, 0x1000), fails(Errno::kENOMEM));
  EXPECT_EQ(call(kArena, kPageSize, 0x10), fails(Errno::kEINVAL));
  EXPECT_EQ(call(page(4), kPageSize, kRead), fails(Errno::kENOMEM));
  EXPECT_EQ(call(kArena, kPageSize, kRead | kProtGrowsdown), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena, kPageSize, kRead | kProtGrowsup), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena - kPageSize, 2 * kPageSize, kRead | kProtGrowsup), fails(Errno::kENOMEM));
  EXPECT_EQ(call(kArena - kPageSize, 2 * kPageSize, kRead | kProtGrowsdown), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena, kPageSize, kReadWrite | kProtSem), kOk);
}

TEST(Mprotect, CutsItsRangeOut) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(process.protect(2, 2, kRead), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.vma(2).pgoff, page(2) >> kPageShift);
}

TEST(Mprotect, ThereAndBackIsOneVmaAgain) {
  Process process;
  (void)process.map(0, 6);
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  (void)process.protect(2, 2, kReadWrite);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Mprotect, MergesThePartNextToTheLeftNeighbour) {
  Process process;
  (void)process.map(0, 2, kRead, kAnonymousFixed | kMapNoreserve);
  (void)process.map(2, 4, kReadWrite, kAnonymousFixed | kMapNoreserve);
  EXPECT_EQ(process.ruler(6), "AABBBB");
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.ruler(6), "AAAABB");
}

TEST(Mprotect, MergesThePartNextToTheRightNeighbour) {
  Process process;
  (void)process.map(0, 4, kReadWrite, kAnonymousFixed | kMapNoreserve);
  (void)process.map(4, 2, kRead, kAnonymousFixed | kMapNoreserve);
  EXPECT_EQ(process.ruler(6), "AAAABB");
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.ruler(6), "AABBBB");
}

TEST(Mprotect, MergesTheWholeWithBoth) {
  Process process;
  const std::uint64_t flags = kAnonymousFixed | kMapNoreserve;
  (void)process.map(0, 2, kRead, flags);
  (void)process.map(2, 2, kReadWrite, flags);
  (void)process.map(4, 2, kRead, flags);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Mprotect, WithoutAChangeDoesNothing) {
  Process process("linux-6.12");
  (void)process.merge_any(true);
  (void)process.map(0, 2);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(4), "AABB");                // equal, and apart
  EXPECT_EQ(process.protect(0, 2, kReadWrite), kOk);  // neither joined,
  EXPECT_EQ(process.protect(3, 1, kReadWrite), kOk);  // nor cut
  EXPECT_EQ(process.ruler(4), "AABB");
}

TEST(Mprotect, StopsAtAHoleAndWhatCameBeforeStaysChanged) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2);
  EXPECT_EQ(process.protect(1, 4, kRead), fails(Errno::kENOMEM));
  EXPECT_EQ(process.ruler(6), "AB.CC.");
  EXPECT_EQ(process.flags(3), "rd wr mr mw me ac");
}

TEST(Mprotect, OfWhatTheFileDoesNotAllowIsEaccesAndWhatCameBeforeStaysChanged) {
  Process process;
  (void)process.map(0, 1, kRead);
  (void)process.map_file(1, 1, kFileRo0, kRead, kSharedFixed);
  (void)process.map(2, 1, kRead);
  EXPECT_EQ(process.protect(0, 3, kReadWrite), fails(Errno::kEACCES));
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  EXPECT_EQ(process.flags(2), "rd mr mw me");
}

TEST(Mprotect, AccountsWhatBecomesWritable) {
  Process process;
  (void)process.map(0, 1, kRead);
  (void)process.protect(0, 1, kReadWrite);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  (void)process.map(2, 1, kRead, kAnonymousFixed | kMapNoreserve);
  (void)process.protect(2, 1, kReadWrite);
  EXPECT_EQ(process.flags(2), "rd wr mr mw me nr");
}

TEST(Mprotect, TakesTheAccountOffAnonymousMemoryThatWasNeverWritten) {
  Process process;
  for (const FileId file : {FileId{}, kZero0}) {
    const std::uint64_t flags = file.is_none() ? kAnonymousFixed : kPrivateFixed;
    (void)process.map_file(0, 1, file, kReadWrite, flags);
    (void)process.protect(0, 1, kRead);
    EXPECT_EQ(process.flags(0), "rd mr mw me");
    (void)process.map_file(2, 1, file, kReadWrite, flags);
    (void)process.write(2);
    (void)process.protect(2, 1, kRead);
    EXPECT_EQ(process.flags(2), "rd mr mw me ac");
  }
  (void)process.map_file(4, 1, kMemfd0, kReadWrite);
  (void)process.protect(4, 1, kRead);
  EXPECT_EQ(process.flags(4), "rd mr mw me ac");
}

TEST(Mprotect, ARefusedChargeIsEnomem) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 3;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 4, kRead);
  EXPECT_EQ(process.protect(0, 4, kReadWrite), fails(Errno::kENOMEM));
  EXPECT_EQ(process.protect(0, 3, kReadWrite), kOk);
  EXPECT_EQ(process.protect(3, 1, kReadWrite), kOk);  // each charge is asked for itself
}

TEST(Mprotect, OfHugetlbIsInWholeHugePages) {
  Process process;
  const Mmap call{kArena, 2 * kHugePageSize, kRead, kPrivateFixed | kMapNoreserve, kHugetlb0, 0};
  ASSERT_TRUE(process(call).is_ok());
  EXPECT_EQ(process(Mprotect{kArena, kPageSize, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mprotect{kArena + kHugePageSize, kHugePageSize, 0}), kOk);
  EXPECT_EQ(process.vma(0).end, kArena + kHugePageSize);
}

TEST(Mprotect, NeverMergesSpecialMappings) {
  Process process;
  (void)process.map_file(0, 2, kPfnmap0, kReadWrite);
  (void)process.protect(1, 1, kRead);
  (void)process.protect(1, 1, kReadWrite);
  EXPECT_EQ(process.ruler(2), "AB");
}

TEST(Mprotect, ToReadOnlyGivesBackTheChargeOfWhatWasNeverWrittenOrNone) {
  for (const auto rule : {MprotectUncharge::kNever, MprotectUncharge::kUnwritten}) {
    Process process(with(&KernelProfile::mprotect_uncharge, rule));
    (void)process.map(0, 4);
    (void)process.write(2);
    (void)process.protect(0, 1, kRead);
    EXPECT_EQ(process.flags(0), "rd mr mw me ac");  // it was written to, next to it
    (void)process.map(6, 1);
    (void)process.protect(6, 1, kRead);
    EXPECT_EQ(process.flags(6),
              rule == MprotectUncharge::kNever ? "rd mr mw me ac" : "rd mr mw me");
  }
}

}  // namespace
}  // namespace vmadiff::model
