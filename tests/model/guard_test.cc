// tests/model: MADV_GUARD_INSTALL and MADV_GUARD_REMOVE, as measured on 6.18.44.
#include <gtest/gtest.h>

#include "model/guard_pages.h"
#include "process.h"

namespace vmadiff::model {
namespace {

constexpr Outcome kSegfault = Outcome::fail(Errno::kSIGSEGV);

constexpr spec::Range pages(std::uint64_t first, std::uint64_t end) {
  return {page(first), page(end)};
}

TEST(GuardPages, AreFoundByTheFirstOfARange) {
  GuardPages guards;
  EXPECT_EQ(guards.first_in(pages(0, 8)), page(8));
  guards.install(pages(2, 4));
  EXPECT_EQ(guards.first_in(pages(0, 8)), page(2));
  EXPECT_EQ(guards.first_in(pages(3, 8)), page(3));
  EXPECT_EQ(guards.first_in(pages(4, 8)), page(8));
  EXPECT_EQ(guards.first_in(pages(0, 2)), page(2));
  guards.remove(pages(1, 3));
  EXPECT_EQ(guards.first_in(pages(0, 8)), page(3));
}

TEST(GuardPages, MoveAsFarAsTheyLieInTheRange) {
  GuardPages guards;
  guards.install(pages(0, 2));
  guards.install(pages(3, 9));
  guards.move(page(1), page(16), 4 * kPageSize);
  EXPECT_EQ(guards.first_in(pages(0, 1)), page(0));
  EXPECT_EQ(guards.first_in(pages(1, 5)), page(5));
  EXPECT_EQ(guards.first_in(pages(5, 9)), page(5));
  EXPECT_EQ(guards.first_in(pages(16, 32)), page(16));
  EXPECT_EQ(guards.first_in(pages(17, 32)), page(18));
  EXPECT_EQ(guards.first_in(pages(20, 32)), page(32));
}

TEST(Guard, FaultsWithoutSplitting) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process.advise(1, 2, kMadvGuardInstall), kOk);
  EXPECT_EQ(process.ruler(4), "AAAA");
  EXPECT_NE(process.flags(0).find("gu"), std::string::npos);
  EXPECT_EQ(process.read(0), kOk);
  EXPECT_EQ(process.read(1), kSegfault);
  EXPECT_EQ(process.write(2), kSegfault);
  EXPECT_EQ(process.advise(1, 1, kMadvGuardRemove), kOk);
  EXPECT_EQ(process.write(0, 2), kOk);
  EXPECT_EQ(process.write(0, 3), kSegfault);
  EXPECT_NE(process.flags(0).find("gu"), std::string::npos);
}

TEST(Guard, StaysWhereItsVmaIsCutAndGoesWithItsPages) {
  Process process;
  (void)process.map(0, 4);
  (void)process.advise(1, 2, kMadvGuardInstall);
  (void)process.protect(2, 2, kRead);
  EXPECT_EQ(process.read(1), kSegfault);
  EXPECT_EQ(process.read(2), kSegfault);
  (void)process.unmap(1, 1);
  (void)process.map(1, 1);
  EXPECT_EQ(process.read(1), kOk);
  EXPECT_EQ(process.read(2), kSegfault);
}

TEST(Guard, MarksStickToWhatMergesFromEitherSide) {
  Process process;
  (void)process.map(0, 1);
  (void)process.advise(0, 1, kMadvGuardInstall);
  (void)process.map(1, 1);
  EXPECT_EQ(process.ruler(4), "AA..");
  EXPECT_NE(process.flags(1).find("gu"), std::string::npos);
  (void)process.map(5, 1);
  (void)process.advise(5, 1, kMadvGuardInstall);
  (void)process.map(4, 1);
  EXPECT_EQ(process.ruler(6), "AA..BB");
  EXPECT_NE(process.flags(4).find("gu"), std::string::npos);
}

TEST(Guard, GivesMemoryWithoutPagesOfAFileAnAnonVma) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(2, 1, kZero0, 0);
  (void)process.map_file(4, 1, kFile0, 0);
  EXPECT_EQ(process.advise(0, 5, kMadvGuardInstall), fails(Errno::kENOMEM));
  EXPECT_NE(process.vma(0).anon_vma, kNoAnonVma);
  EXPECT_NE(process.vma(2).anon_vma, kNoAnonVma);
  EXPECT_EQ(process.vma(4).anon_vma, kNoAnonVma);
  Process before{"patch-v2"};
  (void)before.map_file(0, 1, kFile0, 0);
  EXPECT_EQ(before.advise(0, 1, kMadvGuardInstall), kOk);
  EXPECT_NE(before.vma(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(before.flags(0).find("gu"), std::string::npos);
}

TEST(Guard, IsRefusedWhereNoPagesAreOrTheyAreLocked) {
  Process process;
  (void)process.map(0, 3);
  (void)process(Mlock{page(1), kPageSize});
  EXPECT_EQ(process.advise(0, 3, kMadvGuardInstall), fails(Errno::kEINVAL));
  EXPECT_EQ(process.read(0), kSegfault);
  EXPECT_EQ(process.read(2), kOk);
  EXPECT_EQ(process.advise(0, 3, kMadvGuardRemove), kOk);
  (void)process.map_file(8, 1, kPfnmap0);
  EXPECT_EQ(process.advise(8, 1, kMadvGuardInstall), fails(Errno::kEINVAL));
  EXPECT_EQ(process.advise(8, 1, kMadvGuardRemove), fails(Errno::kEINVAL));
  Process old{"linux-6.12"};
  (void)old.map(0, 1);
  EXPECT_EQ(old.advise(0, 1, kMadvGuardInstall), fails(Errno::kEINVAL));
}

TEST(Guard, EndsPopulatingAndLocking) {
  Process process;
  (void)process.map(0, 4);
  (void)process.advise(2, 1, kMadvGuardInstall);
  EXPECT_EQ(process.advise(0, 2, kMadvPopulateWrite), kOk);
  EXPECT_EQ(process.advise(0, 4, kMadvPopulateRead), fails(Errno::kEFAULT));
  EXPECT_EQ(process(Mlock{page(0), 4 * kPageSize}), fails(Errno::kENOMEM));
  EXPECT_NE(process.flags(0).find("lo"), std::string::npos);
  EXPECT_EQ(process(Mlockall{kMclCurrent}), kOk);
}

TEST(Guard, IsInheritedUnlessItsMemoryIsWiped) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1);
  (void)process.map(4, 1);
  (void)process.advise(2, 1, kMadvWipeonfork);
  (void)process.advise(4, 1, kMadvDontfork);
  for (const std::uint64_t n : {0U, 2U, 4U}) (void)process.advise(n, 1, kMadvGuardInstall);
  (void)process(Fork{});
  process.become(1);
  (void)process.map(4, 1);
  EXPECT_EQ(process.read(0), kSegfault);
  EXPECT_EQ(process.read(2), kOk);
  EXPECT_EQ(process.read(4), kOk);
  (void)process.advise(0, 1, kMadvGuardRemove);
  process.become(0);
  EXPECT_EQ(process.read(0), kSegfault);
}

}  // namespace
}  // namespace vmadiff::model
