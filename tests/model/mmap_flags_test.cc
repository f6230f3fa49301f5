// tests/model: the flags, offset and file that a new mapping has.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(MmapFlags, PrivateWritableMemoryIsAccounted) {
  Process process;
  (void)process.map(0, 1, kReadWrite);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  (void)process.map(2, 1, kRead);
  EXPECT_EQ(process.flags(2), "rd mr mw me");
  (void)process.map(4, 1, kReadWrite, kAnonymousFixed | kMapNoreserve);
  EXPECT_EQ(process.flags(4), "rd wr mr mw me nr");
  (void)process.map_file(6, 1, kFile0, kReadWrite);
  EXPECT_EQ(process.flags(6), "rd wr mr mw me ac");
}

TEST(MmapFlags, SharedMemoryIsNot) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(process.flags(0), "rd wr sh mr mw me ms");
}

TEST(MmapFlags, DroppableMemoryIsWipedOnForkAndNotDumpedNorReserved) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kMapDroppable | kMapAnonymous | kMapFixed);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me nr wf dd dp");
}

TEST(MmapFlags, MapStackMeansNoHugePages) {
  Process process;
  (void)process.map(0, 1, kRead, kAnonymousFixed | kMapStack);
  EXPECT_EQ(process.flags(0), "rd mr mw me nh");
}

TEST(MmapFlags, UnknownProtectionBitsAreIgnored) {
  Process process;
  (void)process.map(0, 1, ~std::uint64_t{7} | kRead);
  EXPECT_EQ(process.flags(0), "rd mr mw me");
}

TEST(MmapFlags, HooksOfDriversMakeTheMappingSpecial) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map_file(0, 1, kPfnmap0, kRead);
    EXPECT_EQ(process.flags(0), "rd mr mw me pf io de dd") << profile.name;
    (void)process.map_file(2, 1, kPreparedPfnmap0, kRead);
    EXPECT_EQ(process.flags(2), "rd mr mw me pf io de dd") << profile.name;
  }
}

TEST(MmapFlags, TheOffsetIsTheFilesOrTheAddressOrZero) {
  Process process;
  (void)process(Mmap{page(0), kPageSize, kRead, kPrivateFixed, kMemfd0, 5 * kPageSize});
  EXPECT_EQ(process.vma(0).pgoff, 5U);
  (void)process(Mmap{page(2), kPageSize, kRead, kAnonymousFixed, {}, 5 * kPageSize});
  EXPECT_EQ(process.vma(2).pgoff, page(2) >> kPageShift);
  (void)process(Mmap{page(4), kPageSize, kRead, kSharedFixed | kMapAnonymous, {}, 5 * kPageSize});
  EXPECT_EQ(process.vma(4).pgoff, 0U);
}

TEST(MmapFlags, SharedAnonymousMemoryAndSharedDevZeroHaveAnObjectOfTheirOwnEach) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map(1, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map_file(2, 1, kZero0, kReadWrite, kSharedFixed);
  EXPECT_EQ(process.ruler(4), "ABC.");
  EXPECT_EQ(process.vma(0).file.cls, FileClass::kAnonShared);
  EXPECT_EQ(process.vma(2).file.cls, FileClass::kAnonShared);
  EXPECT_NE(process.vma(0).file, process.vma(1).file);
  EXPECT_NE(process.vma(1).file, process.vma(2).file);
  EXPECT_EQ(process.vma(2).pgoff, 2U);  // /dev/zero keeps the offset that was asked for
}

TEST(MmapFlags, WithMapAnonymousTheFileIsIgnored) {
  Process process;
  (void)process.map_file(0, 1, kFile0, kReadWrite, kAnonymousFixed);
  EXPECT_TRUE(process.vma(0).file.is_none());
}

TEST(Counters, AreWhatTheVmasAddUpTo) {
  Process process;
  const Counters before = process.snapshot().counters;
  (void)process.map(0, 2, kReadWrite);
  (void)process.map(2, 3, kRead | kProtExec);
  (void)process.map(5, 4, kReadWrite, kSharedFixed | kMapAnonymous);
  (void)process.map(9, 1, kReadWrite | kProtExec);
  const Counters& after = process.snapshot().counters;
  EXPECT_EQ(after.map_count - before.map_count, 4U);
  EXPECT_EQ(after.total_vm - before.total_vm, 10U);
  EXPECT_EQ(after.data_vm - before.data_vm, 3U);
  EXPECT_EQ(after.exec_vm - before.exec_vm, 3U);
  EXPECT_EQ(after.stack_vm, before.stack_vm);
}

}  // namespace
}  // namespace vmadiff::model
