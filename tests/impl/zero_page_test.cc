// Read faults: the zero page, or where the machine forbids it (mm_forbids_zeropage) an anonymous
// page, with the anon_vma that it needs.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/fork.h"
#include "impl/mlock.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr FileId kFile{FileClass::kFile, 0};

Setup with_zero_page(bool zero_page) {
  Setup setup = Setup::standard();
  setup.zero_page = zero_page;
  return setup;
}

struct Machine : AddressSpace {
  explicit Machine(bool zero_page) : AddressSpace(kDefaultProfileName, with_zero_page(zero_page)) {}
  [[nodiscard]] bool is_faulted(std::uint64_t n) const { return at(n).anon_vma != kNoAnonVma; }
};

class ReadFault : public ::testing::TestWithParam<bool> {
 protected:
  const bool forbidden = !GetParam();
  Machine space{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(ZeroPage, ReadFault, ::testing::Bool(), [](const auto& zero_page) {
  return zero_page.param ? "mapped" : "forbidden";
});

TEST_P(ReadFault, of_a_touch) {
  space.map(0, 4);
  space.map(6, 1, kReadWrite, kAnonymous, kZero);
  EXPECT_TRUE(space.read(1, 2).is_ok());
  EXPECT_TRUE(space.read(6).is_ok());
  EXPECT_EQ(space.is_faulted(0), forbidden);
  EXPECT_EQ(space.is_faulted(6), forbidden);
}

TEST_P(ReadFault, of_memory_that_only_executes) {
  space.map(0, 1, kProtExec);
  EXPECT_TRUE(space.read(0).is_ok());
  EXPECT_EQ(space.is_faulted(0), forbidden);
}

TEST_P(ReadFault, of_populating) {
  space.map(0, 1, kProtRead);
  space.map(2, 1, kProtRead, kAnonymous | kMapPopulate);
  space.map(4, 1, kProtRead, kAnonymous | kMapLocked);
  space.map(6, 1);
  EXPECT_FALSE(space.is_faulted(0));
  EXPECT_EQ(space.is_faulted(2), forbidden);
  EXPECT_EQ(space.is_faulted(4), forbidden);
  EXPECT_TRUE(sys_mlock(space.mm, {page(0), bytes(1)}).is_ok());
  EXPECT_EQ(space.is_faulted(0), forbidden);
  EXPECT_TRUE(space.advise(6, 1, kMadvPopulateRead).is_ok());
  EXPECT_EQ(space.is_faulted(6), forbidden);
}

TEST_P(ReadFault, of_mlockall) {
  space.map(0, 1, kProtRead);
  EXPECT_TRUE(sys_mlockall(space.mm, {kMclCurrent}).is_ok());
  EXPECT_EQ(space.is_faulted(0), forbidden);
}

TEST_P(ReadFault, that_never_comes) {
  space.map(0, 1, kProtNone);
  EXPECT_FALSE(space.read(0).is_ok());
  EXPECT_FALSE(space.is_faulted(0));
  space.map(2, 1);
  EXPECT_TRUE(sys_mlock2(space.mm, {page(2), bytes(1), kMlockOnfault}).is_ok());
  EXPECT_FALSE(space.is_faulted(2));
}

TEST_P(ReadFault, of_a_file) {
  space.map(0, 1, kReadWrite, kMapPrivate, kMemfd);
  space.map(2, 1, kReadWrite, kMapPrivate, kFile);
  space.map(4, 1, kReadWrite, kMapShared | kMapAnonymous);
  space.map(6, 1, kReadWrite, kMapShared, kZero);
  for (std::uint64_t n = 0; n < 8; n += 2) {
    EXPECT_TRUE(space.read(n).is_ok()) << n;
    EXPECT_FALSE(space.is_faulted(n)) << n;
  }
}

TEST_P(ReadFault, decides_about_merging) {
  space.map(0, 1);
  space.read(0);
  space.map(2, 1);
  space.read(2);
  space.map(1, 1);
  EXPECT_EQ(space.ruler(4), forbidden ? "AAB." : "AAA.");
}

TEST_P(ReadFault, decides_about_watched_memory) {
  space.map(0, 1);
  EXPECT_TRUE(userfaultfd_register(space.mm, {page(0), bytes(1), kUffdModeWp}).is_ok());
  EXPECT_TRUE(space.read(0).is_ok());
  EXPECT_EQ(space.is_faulted(0), forbidden);
}

TEST_P(ReadFault, is_inherited) {
  space.map(0, 1);
  space.read(0);
  const auto child = space.fork();
  ASSERT_TRUE(child);
  EXPECT_EQ(child->vma_lookup(page(0))->anon_vma_chain, forbidden ? 2U : 0U);
  EXPECT_EQ(child->setup->zero_page, !forbidden);
}

}  // namespace
}  // namespace vmadiff::impl
