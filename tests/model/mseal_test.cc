// tests/model: mseal, and what a sealed VMA refuses. For the advice it refuses see madvise.
#include <gtest/gtest.h>

#include "model/machine.h"
#include "model/sealing.h"
#include "process.h"

namespace vmadiff::model {
namespace {

TEST(Mseal, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 2);
  const auto call = [&process](Address addr, Address length, std::uint64_t flags = 0) {
    return process(Mseal{addr, length, flags});
  };
  EXPECT_EQ(call(kArena, 0, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena + 1, 0), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena, ~Address{0}), fails(Errno::kEINVAL));
  EXPECT_EQ(call(kArena, -kArena - kPageSize), fails(Errno::kENOMEM));
  EXPECT_EQ(call(page(8), 0), kOk);
  EXPECT_EQ(call(page(8), 1), fails(Errno::kENOMEM));
}

TEST(Mseal, OfARangeWithAHoleSealsNothing) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2);
  EXPECT_EQ(process.seal(0, 5), fails(Errno::kENOMEM));
  EXPECT_EQ(process.seal(3, 3), fails(Errno::kENOMEM));
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
}

TEST(Mseal, JoinsAtTheLowestAddressOfAll) {
  auto setup = Setup::standard();
  setup.mmap_min_addr = 0;
  Process process(kDefaultProfileName, setup);
  const Mmap at_zero{0, 2 * kPageSize, kReadWrite, kPrivateFixed | kMapAnonymous, {}, 0};
  ASSERT_EQ(process(at_zero), Outcome::ok(0));
  EXPECT_EQ(process(Mseal{kPageSize, kPageSize, 0}), kOk);
  EXPECT_EQ(process(Mseal{0, kPageSize, 0}), kOk);
  const auto vmas = process.snapshot().vmas;
  EXPECT_EQ(std::ranges::count_if(vmas, [](const Vma& v) { return v.start < 2 * kPageSize; }), 1);
}

TEST(Mseal, CutsAndJoins) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(process.seal(2, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.flags(2), "rd wr mr mw me ac sl");
  EXPECT_EQ(process.seal(2, 2), kOk);
  EXPECT_EQ(process.seal(0, 6), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

// As measured on 6.18.15.
TEST(Mseal, LeavesApartWhatLiesBehindAVmaThatItJoined) {
  for (const auto over : {MsealOverSealed::kLeavesTheRestApart, MsealOverSealed::kMerges}) {
    const bool apart = over == MsealOverSealed::kLeavesTheRestApart;
    const auto sealed = [over](std::uint64_t first, std::uint64_t pages) {
      Process process(with(&KernelProfile::mseal_over_sealed, over));
      (void)process.map(0, 10);
      (void)process.seal(2, 2);
      (void)process.seal(6, 2);
      EXPECT_EQ(process.seal(first, pages), kOk);
      EXPECT_EQ(process.vma(first + pages - 1).flags & kVmSealed, kVmSealed);
      return process.ruler(10);
    };
    EXPECT_EQ(sealed(0, 6), apart ? "AAAABBCCDD" : "AAAAAAAABB");
    EXPECT_EQ(sealed(0, 5), apart ? "AAAABCDDEE" : "AAAAABCCDD");
    // On neither side; but then all is as ever.
    EXPECT_EQ(sealed(0, 10), apart ? "AAAABBCCCC" : "AAAAAAAAAA");
    // Behind what was sealed and is joined with nothing there is nothing wrong.
    EXPECT_EQ(sealed(2, 3), "AABBBCDDEE");
    EXPECT_EQ(sealed(0, 4), "AAAABBCCDD");
  }
}

TEST(Mseal, KeepsAVmaFromBeingChanged) {
  Process process;
  (void)process.map(0, 4);
  (void)process.seal(1, 2);
  EXPECT_EQ(process.unmap(1, 1), fails(Errno::kEPERM));
  EXPECT_EQ(process.map(2, 1), fails(Errno::kEPERM));
  EXPECT_EQ(process.protect(1, 1, kRead), fails(Errno::kEPERM));
  EXPECT_EQ(process.protect(1, 1, kReadWrite), fails(Errno::kEPERM));  // even without a change
  EXPECT_EQ(process.resize(1, 2, 2), fails(Errno::kEPERM));
  EXPECT_EQ(process.move(1, 2, 8), fails(Errno::kEPERM));
  EXPECT_EQ(process.ruler(4), "ABBC");
  EXPECT_EQ(process.advise(1, 2, kMadvMergeable), kOk);
}

TEST(Mseal, StopsACallThatCameToItAndCutsStay) {
  Process process;
  (void)process.map(0, 3);
  (void)process.seal(2, 1);
  EXPECT_EQ(process.unmap(1, 2), fails(Errno::kEPERM));
  EXPECT_EQ(process.ruler(3), "ABC");  // nothing is unmapped, but the first VMA is two
  EXPECT_EQ(process.protect(0, 3, kRead), fails(Errno::kEPERM));
  EXPECT_EQ(process.flags(0), "rd mr mw me");
}

TEST(Mseal, ProtectsTheDestinationOfAMove) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(8, 2);
  (void)process.seal(9, 1);
  EXPECT_EQ(process.move(0, 2, 8), fails(Errno::kEPERM));
  EXPECT_EQ(process.ruler(12), "AA......BC..");
}

TEST(Mseal, KeepsTheBreakFromGoingDown) {
  Process process;
  const Address heap = spec::Setup::standard().start_brk;
  (void)process(Brk{heap + 2 * kPageSize});
  (void)process(Mseal{heap, kPageSize, 0});
  EXPECT_EQ(process(Brk{heap}), Outcome::ok(heap + 2 * kPageSize));
  EXPECT_EQ(process(Brk{heap + kPageSize}), Outcome::ok(heap + kPageSize));
}

TEST(Mseal, ADeniedPermissionWinsOverTheSeal) {
  Process process;
  (void)process.map_file(0, 1, kFileRo0, kRead, kSharedFixed);
  (void)process.seal(0, 1);
  EXPECT_EQ(process.protect(0, 1, kReadWrite), fails(Errno::kEACCES));
}

TEST(Sealing, ForbidsDiscardingWhatCannotBeWritten) {
  Machine machine;
  const AddressSpace old{*profile_named("linux-6.12"), machine};
  const AddressSpace now{*profile_named("linux-6.18"), machine};
  Vma vma;
  vma.flags = kVmRead | kVmSealed;
  EXPECT_TRUE(is_sealed_against(vma, kMadvDontneed, now));
  EXPECT_TRUE(is_sealed_against(vma, kMadvDontfork, now));
  EXPECT_FALSE(is_sealed_against(vma, kMadvDofork, now));
  EXPECT_FALSE(is_sealed_against(vma, kMadvMergeable, now));
  vma.file = kZero0;
  EXPECT_TRUE(is_sealed_against(vma, kMadvDontneed, now));
  EXPECT_FALSE(is_sealed_against(vma, kMadvDontneed, old));
  vma.file = kMemfd0;
  EXPECT_FALSE(is_sealed_against(vma, kMadvDontneed, now));
  vma.file = {};
  vma.flags = kVmRead | kVmWrite | kVmSealed;
  EXPECT_FALSE(is_sealed_against(vma, kMadvDontneed, now));
  vma.flags = kVmRead;
  EXPECT_FALSE(is_sealed_against(vma, kMadvDontneed, now));
}

}  // namespace
}  // namespace vmadiff::model
