// tests/model: MAP_GROWSDOWN: growth on a touch below, and what forbids it; the guard gap.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kStack = kAnonymousFixed | kMapGrowsdown;
constexpr std::uint64_t kGap = 256;  // pages

TEST(Stack, GrowsDownToThePageThatIsTouched) {
  Process process;
  (void)process.map(20, 1, kReadWrite, kStack);
  EXPECT_EQ(process.read(15), kOk);
  EXPECT_EQ(process.vma(20).start, page(15));
  EXPECT_EQ(process.vma(20).pgoff, page(15) >> kPageShift);
  EXPECT_EQ(process.snapshot().counters.stack_vm, 6U);
  // Growing makes the anon_vma, whatever the access.
  EXPECT_NE(process.vma(20).anon_vma, kNoAnonVma);
}

TEST(Stack, IsAnonymousAndPrivate) {
  Process process;
  EXPECT_EQ(process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous | kMapGrowsdown),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process.map_file(0, 1, kMemfd0, kReadWrite, kPrivateFixed | kMapGrowsdown),
            fails(Errno::kEINVAL));
}

TEST(Stack, KeepsTheGapToWhatLiesBelow) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(kGap + 10, 1, kReadWrite, kStack);
  EXPECT_EQ(process.write(kGap), kSegv);
  EXPECT_EQ(process.write(kGap + 1), kOk);
}

TEST(Stack, KeepsNoGapToAnotherStackOrToWhatCannotBeAccessed) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kStack);
  (void)process.map(4, 1, kReadWrite, kStack);
  EXPECT_EQ(process.write(2), kOk);
  (void)process.map(20, 1, kProtNone);
  (void)process.map(24, 1, kReadWrite, kStack);
  EXPECT_EQ(process.write(21), kOk);
}

TEST(Stack, GrowsNoFurtherThanItsLimit) {
  Process process;
  (void)process.map(20, 1, kReadWrite, kStack);
  (void)process.limit(kRlimitStack, 3 * kPageSize);
  EXPECT_EQ(process.write(18), kOk);
  EXPECT_EQ(process.write(17), kSegv);
}

TEST(Stack, GrowsNoFurtherThanItMayBeLocked) {
  Process process;
  (void)process.map(20, 1, kReadWrite, kStack | kMapLocked);
  (void)process.limit(kRlimitMemlock, 2 * kPageSize);
  EXPECT_EQ(process.write(19), kOk);
  EXPECT_EQ(process.write(18), kSegv);
  EXPECT_EQ(process.snapshot().counters.locked_vm, 2U);
}

TEST(Stack, GrowsBeforeItsPermissionsAreAsked) {
  Process process;
  (void)process.map(20, 1, kProtNone, kStack);
  EXPECT_EQ(process.read(18), kSegv);
  EXPECT_EQ(process.vma(20).start, page(18));
}

TEST(Stack, KeepsMappingsOutOfItsGapUnlessTheyAreFixed) {
  Process process;
  (void)process.map(kGap + 10, 1, kReadWrite, kStack);
  const auto hinted = [&process](std::uint64_t index) {
    return process.map(index, 1, kReadWrite, kMapPrivate | kMapAnonymous);
  };
  EXPECT_NE(hinted(10), Outcome::ok(page(10)));
  EXPECT_EQ(hinted(9), Outcome::ok(page(9)));
  EXPECT_EQ(process.map(10, 1), Outcome::ok(page(10)));
}

TEST(Stack, MprotectGrowsdownBeginsWithTheStack) {
  Process process;
  (void)process.map(4, 4, kReadWrite, kStack);
  EXPECT_EQ(process.protect(6, 1, kRead | kProtGrowsdown), kOk);
  EXPECT_EQ(process.ruler(8), "....AAAB");
  // From a hole too; and what follows the stack is not part of it.
  EXPECT_EQ(process.protect(2, 3, kReadWrite | kProtGrowsdown), kOk);
  EXPECT_EQ(process.ruler(8), "....ABBC");
  EXPECT_EQ(process.protect(4, 6, kRead | kProtGrowsdown), fails(Errno::kENOMEM));
  EXPECT_EQ(process.flags(7), "rd mr mw me gd");
}

}  // namespace
}  // namespace vmadiff::model
