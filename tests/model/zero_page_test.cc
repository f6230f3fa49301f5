// tests/model: what reading leaves behind on a machine that maps the zero page, and on one that
// does not: there a read fault of private anonymous memory takes a page of its own, and an
// anon_vma.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "process.h"

namespace vmadiff::model {
namespace {

Setup machine(bool zero_page) {
  Setup setup = Setup::standard();
  setup.zero_page = zero_page;
  return setup;
}

class ZeroPage : public ::testing::TestWithParam<bool> {
 protected:
  bool has_anon_vma(std::uint64_t index) { return process.vma(index).anon_vma != kNoAnonVma; }

  const bool own_page = !GetParam();
  Process process{kDefaultProfileName, machine(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(Machines, ZeroPage, ::testing::Bool(), [](const auto& machine) {
  return machine.param ? "that_map_it" : "that_do_not";
});

TEST_P(ZeroPage, DecidesForEachWayToRead) {
  struct Way {
    const char* name;
    std::function<void(Process&)> read;
  };
  const std::array ways{
      Way{"touch", [](Process& p) { (void)p.read(0); }},
      Way{"MADV_POPULATE_READ", [](Process& p) { (void)p.advise(0, 1, kMadvPopulateRead); }},
      Way{"mlock", [](Process& p) { (void)p(Mlock{kArena, kPageSize}); }},
      Way{"mlockall", [](Process& p) { (void)p(Mlockall{kMclCurrent}); }},
      Way{"MAP_POPULATE",
          [](Process& p) { (void)p.map(0, 1, kRead, kAnonymousFixed | kMapPopulate); }},
      Way{"MAP_LOCKED", [](Process& p) { (void)p.map(0, 1, kRead, kAnonymousFixed | kMapLocked); }},
  };
  for (const auto& [name, read] : ways) {
    (void)process.unmap(0, 1);
    (void)process.map(0, 1, kRead);
    ASSERT_FALSE(has_anon_vma(0));
    read(process);
    EXPECT_EQ(has_anon_vma(0), own_page) << name;
    (void)process(Munlockall{});
  }
}

TEST_P(ZeroPage, DecidesForPrivateAnonymousMemoryAlone) {
  (void)process.map_file(0, 1, kZero0);
  (void)process.map_file(2, 1, kFile0);
  (void)process.map_file(4, 1, kMemfd0);
  (void)process.map(6, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  // Its object is as large as the mapping, and begins at its offset 0.
  (void)process(Mmap{page(8), kPageSize, kReadWrite, kSharedFixed, kZero0, 0});
  for (std::uint64_t i = 0; i < 10; i += 2) EXPECT_EQ(process.read(i), kOk) << i;
  EXPECT_EQ(has_anon_vma(0), own_page);
  for (std::uint64_t i = 2; i < 10; i += 2) EXPECT_FALSE(has_anon_vma(i)) << i;
}

TEST_P(ZeroPage, IsNotAskedBehindAGuard) {
  (void)process.map_file(0, 2, kZero0);
  ASSERT_EQ(process.advise(0, 1, kMadvGuardInstall), kOk);
  const auto by_guard = process.vma(0).anon_vma;
  EXPECT_EQ(process.read(0), fails(Errno::kSIGSEGV));
  EXPECT_EQ(process.vma(0).anon_vma, by_guard);
}

TEST_P(ZeroPage, MakesWatchedMemoryThatWasReadStayApart) {
  // Of two VMAs with anon_vmas of their own, watched together, none becomes one with the other.
  (void)process.map(0, 1);
  (void)process.read(0);
  (void)process.map(2, 1);
  (void)process.read(2);
  ASSERT_EQ(process.watch(0, 3), kOk);
  ASSERT_EQ(process.unwatch(0, 3), kOk);
  (void)process.map(1, 1);
  EXPECT_EQ(process.ruler(4), own_page ? "AAB." : "AAA.");
}

TEST_P(ZeroPage, IsTheChildsMachineToo) {
  (void)process.map(0, 1);
  (void)process.map(4, 1);
  (void)process.read(0);
  ASSERT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  EXPECT_EQ(process.vma(0).anon_vma_links, own_page ? 2U : 0U);
  (void)process.read(4);
  EXPECT_EQ(process.vma(4).anon_vma_links, own_page ? 1U : 0U);
  // Inherited, its chain is too long for new memory beside it.
  (void)process.map(1, 1);
  EXPECT_EQ(process.ruler(6), own_page ? "AB..C." : "AA..B.");
}

TEST_P(ZeroPage, LetsMemoryThatWasOnlyReadMoveToANeighbour) {
  (void)process.map(0, 1);
  (void)process.write(0);
  (void)process.map(5, 1);
  (void)process.read(5);
  ASSERT_TRUE(process.move(5, 1, 1).is_ok());
  EXPECT_EQ(process.ruler(3), own_page ? "AB." : "AA.");
}

}  // namespace
}  // namespace vmadiff::model
