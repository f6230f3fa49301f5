// tests/model: seals of memfds.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr FileId kNoexec{FileClass::kMemfd, kNoexecMemfd};

Outcome seal(Process& process, std::uint64_t seals, FileId file = kMemfd0) {
  return process(AddSeals{file, seals});
}

TEST(Seals, AreOfMemfds) {
  Process process;
  EXPECT_EQ(seal(process, kSealWrite, {}), fails(Errno::kEBADF));
  EXPECT_EQ(seal(process, kSealWrite, kFile0), fails(Errno::kEINVAL));
  EXPECT_EQ(seal(process, 0x40, kFileRo0), fails(Errno::kEPERM));
  EXPECT_EQ(seal(process, kSealWrite, kHugetlb0), fails(Errno::kEPERM));
  EXPECT_EQ(seal(process, 0x40, kHugetlb0), fails(Errno::kEINVAL));
  EXPECT_EQ(seal(process, 0x40), fails(Errno::kEINVAL));
  EXPECT_EQ(seal(process, kSealSeal), kOk);
  EXPECT_EQ(seal(process, kSealGrow), fails(Errno::kEPERM));
  EXPECT_EQ(seal(process, 0), fails(Errno::kEPERM));
}

TEST(Seals, AWriterStandsAgainstTheSeal) {
  Process process;
  (void)process.map_file(0, 2, kMemfd0, kRead, kSharedFixed);
  (void)process.map_file(4, 2, kMemfd0);
  EXPECT_EQ(seal(process, kSealWrite), fails(Errno::kEBUSY));
  EXPECT_EQ(seal(process, kSealExec), fails(Errno::kEBUSY));
  EXPECT_EQ(seal(process, kSealFutureWrite), kOk);
  (void)process.unmap(0, 2);
  (void)process.map_file(0, 2, kMemfd0, kRead, kSharedFixed);
  EXPECT_EQ(process.flags(0), "rd sh mr me ms");
  EXPECT_EQ(seal(process, kSealWrite), kOk);
}

TEST(Seals, ForbidToMapAndToProtect) {
  Process process;
  (void)process.map_file(0, 1, kMemfd0, kRead, kSharedFixed);
  EXPECT_EQ(seal(process, kSealFutureWrite), kOk);
  EXPECT_EQ(process.map_file(0, 1, kMemfd0, kReadWrite, kSharedFixed), fails(Errno::kEPERM));
  (void)process.map_file(1, 1, kMemfd0, kRead, kSharedFixed);
  EXPECT_EQ(process.ruler(2), "AB");
  EXPECT_EQ(process.protect(1, 1, kReadWrite), fails(Errno::kEACCES));
  EXPECT_EQ(process.protect(0, 1, kReadWrite), kOk);
  EXPECT_EQ(process.advise(0, 1, kMadvRemove), fails(Errno::kEPERM));
  EXPECT_TRUE(process.map_file(4, 1, kMemfd0).is_ok());
}

TEST(Seals, OfWhatIsExecutableAreAgainstWritingToo) {
  Process process;
  EXPECT_EQ(seal(process, kSealExec), kOk);
  EXPECT_EQ(process.map_file(0, 1, kMemfd0, kReadWrite, kSharedFixed), fails(Errno::kEPERM));
  EXPECT_EQ(seal(process, kSealExec, kNoexec), kOk);
  EXPECT_TRUE(process.map_file(0, 1, kNoexec, kReadWrite, kSharedFixed).is_ok());
  Process old{with(&KernelProfile::exec_seal, ExecSeal::kAbsent)};
  EXPECT_EQ(seal(old, kSealExec), fails(Errno::kEINVAL));
}

TEST(Seals, AreSharedByAllProcessesAndGoWithTheSequence) {
  Process process;
  (void)process(Fork{});
  process.become(1);
  (void)process.map_file(0, 1, kMemfd0, kRead, kSharedFixed);
  process.become(0);
  EXPECT_EQ(seal(process, kSealWrite), fails(Errno::kEBUSY));
  process.become(1);
  (void)process(Exec{});
  EXPECT_EQ(seal(process, kSealWrite), kOk);
  (void)process(Exec{});
  process.become(0);
  EXPECT_EQ(process.map_file(0, 1, kMemfd0, kReadWrite, kSharedFixed), fails(Errno::kEPERM));
}

}  // namespace
}  // namespace vmadiff::model
