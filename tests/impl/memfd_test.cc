// Seals of memfds in one process, and who counts as a writer.
#include "impl/memfd.h"

#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr FileId kNoexec{FileClass::kMemfd, kNoexecMemfd};

struct Sealed : AddressSpace {
  Sealed() {
    seals.reset(mm.profile);
    mm.memfds = &seals;
  }
  Failure add(std::uint64_t more, FileId file = kMemfd) {
    return memfd_add_seals(mm, file, more, writers_of(mm, file));
  }
  MemfdSeals seals;
};

TEST(Memfd, a_shared_mapping_that_may_write_is_a_writer) {
  Sealed space;
  space.map(0, 1, kProtRead, kMapShared, kMemfd, 0);
  space.map(4, 1, kReadWrite, kMapPrivate, kMemfd, 0);
  EXPECT_EQ(writers_of(space.mm, kMemfd), 1U);
  EXPECT_EQ(space.add(kSealWrite), Errno::kEBUSY);
  EXPECT_EQ(space.add(kSealFutureWrite), std::nullopt);
  space.unmap(0, 1);
  space.map(0, 1, kProtRead, kMapShared, kMemfd, 0);
  EXPECT_EQ(writers_of(space.mm, kMemfd), 0U);
  EXPECT_EQ(space.add(kSealWrite), std::nullopt);
}

TEST(Memfd, a_seal_is_asked_before_anything_is_unmapped) {
  Sealed space;
  space.map(0, 1);
  EXPECT_EQ(space.add(kSealFutureWrite), std::nullopt);
  EXPECT_EQ(space.map(0, 1, kReadWrite, kMapShared, kMemfd, 0), Outcome::fail(Errno::kEPERM));
  EXPECT_EQ(space.ruler(1), "A");
}

TEST(Memfd, read_only_mappings_of_a_sealed_file_merge) {
  Sealed space;
  EXPECT_EQ(space.add(kSealFutureWrite), std::nullopt);
  space.map(0, 1, kProtRead, kMapShared, kMemfd, 0);
  space.map(1, 1, kProtRead, kMapShared, kMemfd, 1);
  EXPECT_EQ(space.ruler(2), "AA");
  EXPECT_EQ(space.at(0).vm_flags & kVmMaywrite, 0U);
}

TEST(Memfd, sealing_exec_of_what_is_executable_seals_it_against_writing) {
  Sealed space;
  EXPECT_EQ(space.add(kSealExec), std::nullopt);
  EXPECT_NE(file_seals(space.mm, kMemfd) & kSealWrite, 0U);
  EXPECT_EQ(space.add(kSealExec, kNoexec), std::nullopt);
  EXPECT_EQ(file_seals(space.mm, kNoexec), kSealExec);
  EXPECT_EQ(space.add(kSealSeal), std::nullopt);
  EXPECT_EQ(space.add(0), Errno::kEPERM);
  EXPECT_EQ(space.add(kSealWrite, {FileClass::kHugetlb, 0}), Errno::kEPERM);
  EXPECT_EQ(space.add(kSealWrite, {FileClass::kZero, 0}), Errno::kEINVAL);
}

}  // namespace
}  // namespace vmadiff::impl
