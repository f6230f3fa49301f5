// userfaultfd: faults that its reader answers, and marks on pages.
#include <gtest/gtest.h>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr FileId kHugetlb{FileClass::kHugetlb, 0};
constexpr std::uint64_t kHugePages = kHugePageSize / kPageSize;

Outcome watch_faults(AddressSpace& space, std::uint64_t first, std::uint64_t pages,
                     std::uint64_t mode) {
  return userfaultfd_register(space.mm, {page(first), bytes(pages), mode});
}
Outcome mark(AddressSpace& space, std::uint64_t first, std::uint64_t pages,
             std::uint64_t mode = kUffdProtect) {
  return userfaultfd_writeprotect(space.mm, {page(first), bytes(pages), mode});
}
Outcome refused(Errno error) { return Outcome::fail(error); }

TEST(UserfaultfdMissing, zeropage_prepares_an_anon_vma) {
  AddressSpace space;
  space.map(0, 1);
  space.map(2, 1);
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(watch_faults(space, 2, 1, kUffdModeWp), Outcome::ok());
  EXPECT_EQ(space.read(0), Outcome::ok());
  EXPECT_EQ(space.read(2), Outcome::ok());
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.at(2).anon_vma, kNoAnonVma);
}

TEST(UserfaultfdMinor, continue_prepares_an_anon_vma_of_private_shmem) {
  AddressSpace space;
  space.map(0, 1, kProtRead, kMapPrivate, kMemfd);
  space.map(2, 1, kProtRead, kMapShared, kMemfd);
  space.map(4, 1, kProtRead, kMapPrivate, kMemfd, kFileSizePages);
  space.map(6, 1, kProtRead, kMapPrivate, kMemfd);
  for (const std::uint64_t at : {0U, 2U, 4U})
    EXPECT_EQ(watch_faults(space, at, 1, kUffdModeMinor), Outcome::ok());
  EXPECT_EQ(watch_faults(space, 6, 1, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(space.read(0), Outcome::ok());
  EXPECT_EQ(space.read(2), Outcome::ok());
  EXPECT_EQ(space.read(4), refused(Errno::kSIGBUS));
  EXPECT_EQ(space.read(6), Outcome::ok());
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  for (const std::uint64_t at : {2U, 4U, 6U}) EXPECT_EQ(space.at(at).anon_vma, kNoAnonVma);
}

TEST(UserfaultfdMinor, is_not_for_anonymous_memory) {
  AddressSpace space;
  space.map(0, 1);
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMinor), refused(Errno::kEINVAL));
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMinor | kUffdModeMissing), refused(Errno::kEINVAL));
}

TEST(UserfaultfdMissing, private_dev_zero_is_over_the_size_of_its_file) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapPrivate, kZero);
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(space.read(0, 2), Outcome::ok());
  EXPECT_EQ(space.ruler(3), "AA.");
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(userfaultfd_close(space.mm, {0}), refused(Errno::kEBADF));
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

TEST(UserfaultfdMissing, private_dev_zero_that_is_populated_goes_on_with_the_next) {
  AddressSpace space;
  space.map(0, 4, kReadWrite, kMapPrivate, kZero);
  EXPECT_EQ(watch_faults(space, 0, 2, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(space.advise(0, 4, kMadvPopulateWrite), Outcome::ok());
  EXPECT_EQ(space.ruler(5), "AAAA.");
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

// populate_vma_page_range without `locked`: no FAULT_FLAG_ALLOW_RETRY, no message.
TEST(UserfaultfdMissing, is_not_told_of_what_mprotect_populates) {
  AddressSpace space;
  space.map(0, 2, kProtRead, kMapPrivate, kZero);
  EXPECT_EQ(sys_mlock(space.mm, {page(0), 2 * kPageSize}), Outcome::ok());
  EXPECT_EQ(watch_faults(space, 0, 2, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(space.protect(0, 2, kReadWrite), Outcome::ok());
  EXPECT_NE(space.at(0).vm_flags & kVmUffdMissing, 0U);
  EXPECT_NE(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.read(0, 1), Outcome::ok());
  EXPECT_EQ(space.at(0).vm_flags & kVmUffdMissing, 0U);
  EXPECT_EQ(space.mm.broken_invariant(), std::nullopt);
}

TEST(UserfaultfdMissing, a_huge_page_closes_it) {
  spec::Setup setup = spec::Setup::standard();
  setup.nr_hugepages = 1;
  AddressSpace space{kDefaultProfileName, setup};
  space.map(0, 2 * kHugePages, kReadWrite, kMapPrivate | kMapNoreserve, kHugetlb);
  EXPECT_EQ(space.write(0), Outcome::ok());
  EXPECT_EQ(watch_faults(space, kHugePages, kHugePages, kUffdModeMissing), Outcome::ok());
  EXPECT_EQ(space.read(0), Outcome::ok());
  EXPECT_NE(space.at(kHugePages).vm_flags & kVmUffdMissing, 0U);
  EXPECT_EQ(space.read(kHugePages), refused(Errno::kSIGBUS));
  EXPECT_EQ(space.at(kHugePages).vm_flags & kVmUffd, 0U);
}

TEST(UserfaultfdMissing, zaps_what_is_there_first) {
  AddressSpace space;
  space.map(0, 1, kProtRead);
  EXPECT_EQ(sys_mseal(space.mm, {page(0), bytes(1), 0}), Outcome::ok());
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMissing), refused(Errno::kEPERM));
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeWp), Outcome::ok());
}

TEST(UserfaultfdMissing, wants_the_faults_of_the_kernel) {
  spec::Setup setup = spec::Setup::standard();
  setup.uffd_kernel_faults = false;
  AddressSpace space{kDefaultProfileName, setup};
  space.map(0, 1);
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMissing), refused(Errno::kEPERM));
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeWp), Outcome::ok());
  EXPECT_EQ(mark(space, 0, 1), refused(Errno::kEPERM));
}

TEST(UserfaultfdRegister, a_switch_that_drops_marks) {
  for (const auto rule : {UffdRemode::kReplaces, UffdRemode::kRefused}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_remode>(rule)};
    space.map(0, 1);
    EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeWp), Outcome::ok());
    const bool may = rule == UffdRemode::kReplaces;
    EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeMissing),
              may ? Outcome::ok() : refused(Errno::kEBUSY));
    EXPECT_EQ(space.at(0).vm_flags & kVmUffd, may ? kVmUffdMissing : kVmUffdWp);
  }
}

TEST(UserfaultfdWriteprotect, arguments) {
  AddressSpace space;
  space.map(0, 2);
  EXPECT_EQ(mark(space, 0, 1), refused(Errno::kENOENT));
  EXPECT_EQ(mark(space, 4, 1), refused(Errno::kENOENT));
  EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeWp), Outcome::ok());
  EXPECT_EQ(mark(space, 0, 1), Outcome::ok());
  EXPECT_EQ(mark(space, 0, 1, 0), Outcome::ok());
  EXPECT_EQ(mark(space, 0, 1, kUffdProtect | kUffdDontwake), refused(Errno::kEINVAL));
  EXPECT_EQ(mark(space, 0, 1, 8), refused(Errno::kEINVAL));
  EXPECT_EQ(mark(space, 0, 2), refused(Errno::kENOENT));
  EXPECT_EQ(mark(space, 0, 0), refused(Errno::kEINVAL));
  EXPECT_EQ(userfaultfd_writeprotect(space.mm, {page(0), bytes(1), kUffdProtect, 9}),
            refused(Errno::kEBADF));
}

TEST(UserfaultfdWriteprotect, one_vma_or_many) {
  for (const auto rule : {UffdMarks::kOneVma, UffdMarks::kManyVmas}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_marks>(rule)};
    space.map(0, 1);
    space.map(1, 1, kProtRead);
    EXPECT_EQ(watch_faults(space, 0, 2, kUffdModeWp), Outcome::ok());
    EXPECT_EQ(mark(space, 0, 1), Outcome::ok());
    const bool may = rule == UffdMarks::kManyVmas;
    EXPECT_EQ(mark(space, 0, 2), may ? Outcome::ok() : refused(Errno::kENOENT));
    EXPECT_EQ(mark(space, 1, 2), may ? Outcome::ok() : refused(Errno::kENOENT));
  }
}

TEST(UserfaultfdRwprotect, is_an_ioctl_of_its_kernels) {
  for (const auto features : {UffdFeatures::kWpAsync, UffdFeatures::kRwp}) {
    AddressSpace space{profile_with<&KernelProfile::uffd_features>(features)};
    space.map(0, 1);
    const bool is_known = features == UffdFeatures::kRwp;
    EXPECT_EQ(userfaultfd_open(space.mm, {0, is_known ? kUffdRwp : 0}), Outcome::ok());
    const UffdRwprotect call{page(0), bytes(1), kUffdProtect, 0};
    EXPECT_EQ(userfaultfd_rwprotect(space.mm, call),
              refused(is_known ? Errno::kENOENT : Errno::kEINVAL));
    if (!is_known) continue;
    EXPECT_EQ(watch_faults(space, 0, 1, kUffdModeRwp), Outcome::ok());
    EXPECT_EQ(userfaultfd_rwprotect(space.mm, call), Outcome::ok());
  }
}

}  // namespace
}  // namespace vmadiff::impl
