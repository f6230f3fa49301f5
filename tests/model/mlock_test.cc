// tests/model: mlock, mlock2, munlock, mlockall, munlockall, and what they populate. Whether memory
// was populated shows in its anon_vma.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kOnfault = kMlockOnfault;

Outcome lock(Process& process, std::uint64_t first, std::uint64_t pages) {
  return process(Mlock{page(first), pages * kPageSize});
}
Outcome lock_on_fault(Process& process, std::uint64_t first, std::uint64_t pages) {
  return process(Mlock2{page(first), pages * kPageSize, kOnfault});
}
Outcome unlock(Process& process, std::uint64_t first, std::uint64_t pages) {
  return process(Munlock{page(first), pages * kPageSize});
}
bool is_locked(Process& process, std::uint64_t index) {
  return (process.vma(index).flags & kVmLocked) != 0;
}
bool is_populated(Process& process, std::uint64_t index) {
  return process.vma(index).anon_vma != kNoAnonVma;
}
std::uint64_t locked_pages(Process& process) { return process.snapshot().counters.locked_vm; }

TEST(Mlock, CutsItsRangeOutAndMunlockMergesItBack) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(lock(process, 2, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.flags(2), "rd wr mr mw me lo ac");
  EXPECT_EQ(locked_pages(process), 2U);
  EXPECT_EQ(unlock(process, 2, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
  EXPECT_EQ(locked_pages(process), 0U);
}

TEST(Mlock, RoundsItsRangeOutwards) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process(Mlock{page(1) + 100, kPageSize}), kOk);
  EXPECT_EQ(process.ruler(4), "ABBC");
  EXPECT_EQ(process(Mlock{page(1), 0}), kOk);
  EXPECT_EQ(process(Mlock{page(8), 0}), kOk);  // of nothing, a hole is none
}

TEST(Mlock, StopsAtAHoleAndLeavesWhatItLocked) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(3, 2);
  EXPECT_EQ(lock(process, 0, 5), fails(Errno::kENOMEM));
  EXPECT_TRUE(is_locked(process, 0));
  EXPECT_FALSE(is_locked(process, 3));
  // Populating comes after all of the range is locked.
  EXPECT_FALSE(is_populated(process, 0));
  EXPECT_EQ(unlock(process, 0, 5), fails(Errno::kENOMEM));
  EXPECT_FALSE(is_locked(process, 0));
}

TEST(Mlock, ChecksTheLimitBeforeTheRange) {
  Process process;
  EXPECT_EQ(process(Mlock{page(0), -kArena - kPageSize}), fails(Errno::kENOMEM));
  // munlock asks for no limit.
  EXPECT_EQ(process(Munlock{page(0), ~Address{0} - kPageSize}), fails(Errno::kEINVAL));
  (void)process.limit(kRlimitMemlock, 0);
  EXPECT_EQ(lock(process, 0, 1), fails(Errno::kEPERM));
  EXPECT_EQ(unlock(process, 0, 1), fails(Errno::kENOMEM));
}

TEST(Mlock, CountsPagesThatAreLockedAlreadyOnce) {
  Process process;
  (void)process.map(0, 6);
  (void)process.limit(kRlimitMemlock, 4 * kPageSize);
  EXPECT_EQ(lock(process, 0, 3), kOk);
  EXPECT_EQ(lock(process, 1, 3), kOk);
  EXPECT_EQ(lock(process, 3, 2), fails(Errno::kENOMEM));
  EXPECT_EQ(locked_pages(process), 4U);
}

TEST(Mlock, PopulatesWritablePrivateMemoryAsIfWritten) {
  Process process;
  (void)process.map(0, 2);
  (void)process.map(4, 2, kRead);
  (void)process.map(8, 2, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(lock(process, 0, 2), kOk);
  EXPECT_EQ(lock(process, 4, 2), kOk);
  EXPECT_EQ(lock(process, 8, 2), kOk);
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_FALSE(is_populated(process, 4));
  EXPECT_FALSE(is_populated(process, 8));
}

TEST(Mlock, CannotPopulateWhatMayNotBeAccessedButLocksIt) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(1, 1, kProtNone);
  (void)process.map(2, 1);
  EXPECT_EQ(lock(process, 0, 3), fails(Errno::kENOMEM));
  EXPECT_EQ(locked_pages(process), 3U);
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_FALSE(is_populated(process, 2));  // behind the error
}

TEST(Mlock, CannotPopulateBehindTheEndOfAFile) {
  Process process;
  const Mmap end_of_file{page(0),       2 * kPageSize, kReadWrite,
                         kPrivateFixed, kMemfd0,       (kFileSizePages - 1) * kPageSize};
  (void)process(end_of_file);
  EXPECT_EQ(lock(process, 0, 2), fails(Errno::kENOMEM));
  EXPECT_EQ(locked_pages(process), 2U);
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_EQ(lock(process, 0, 1), kOk);
}

TEST(Mlock, PassesOverWhatCannotBeLocked) {
  Process process;
  (void)process.map_file(0, 2, kPfnmap0);
  (void)process.map(2, 2, kReadWrite, kMapDroppable | kMapFixed | kMapAnonymous);
  EXPECT_EQ(lock(process, 0, 4), kOk);
  EXPECT_EQ(locked_pages(process), 0U);
}

// Its lock is for good: munlock passes over what mlock does.
TEST(Mlockall, LocksNewDroppableMemoryWhereItWasForgotten) {
  for (const auto lock : {DroppableLock::kLocked, DroppableLock::kNeverLocked}) {
    const bool is_locked = lock == DroppableLock::kLocked;
    Process process(with(&KernelProfile::droppable_lock, lock));
    (void)process(Mlockall{kMclFuture});
    (void)process.map(0, 2, kReadWrite, kMapDroppable | kMapFixed | kMapAnonymous);
    EXPECT_EQ((process.vma(0).flags & kVmLocked) != 0, is_locked);
    EXPECT_EQ(locked_pages(process), is_locked ? 2U : 0U);
    EXPECT_EQ(process(Munlockall{}), kOk);
    EXPECT_EQ(locked_pages(process), is_locked ? 2U : 0U);
    (void)process.map_file(4, 2, kPfnmap0, kReadWrite, kPrivateFixed);
    EXPECT_EQ(locked_pages(process), is_locked ? 2U : 0U);
  }
}

TEST(Mlock2, OnFaultLocksAndPopulatesNothing) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(lock_on_fault(process, 0, 2), kOk);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me lo lf ac");
  EXPECT_FALSE(is_populated(process, 0));
  EXPECT_EQ(process(Mlock2{page(0), kPageSize, 0}), kOk);  // as mlock
  EXPECT_EQ(process.ruler(2), "AB");
  EXPECT_EQ(process.flags(0), "rd wr mr mw me lo ac");
}

TEST(Mlock2, ChecksItsFlagsFirstAndTakesThemAsAnInt) {
  Process process;
  (void)process.limit(kRlimitMemlock, 0);
  EXPECT_EQ(process(Mlock2{page(0), kPageSize, 2}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mlock2{page(0), kPageSize, std::uint64_t{1} << 32}), fails(Errno::kEPERM));
}

TEST(Mlockall, ChecksItsFlagsThenTheLimit) {
  Process process;
  EXPECT_EQ(process(Mlockall{0}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mlockall{kMclOnfault}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mlockall{8 | kMclFuture}), fails(Errno::kEINVAL));
  (void)process.limit(kRlimitMemlock, kPageSize);
  EXPECT_EQ(process(Mlockall{kMclCurrent}), fails(Errno::kENOMEM));
  EXPECT_EQ(process(Mlockall{kMclFuture}), kOk);  // nothing is locked now
  (void)process.limit(kRlimitMemlock, 0);
  EXPECT_EQ(process(Mlockall{kMclOnfault}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mlockall{kMclFuture}), fails(Errno::kEPERM));
}

TEST(Mlockall, CurrentGoesOnBehindWhatCannotBePopulated) {
  Process process;
  (void)process.map(0, 1, kProtNone);
  (void)process.map(2, 1);
  EXPECT_EQ(process(Mlockall{kMclCurrent}), kOk);
  EXPECT_TRUE(is_locked(process, 0));
  EXPECT_TRUE(is_populated(process, 2));
  (void)process.map(4, 1);
  EXPECT_FALSE(is_locked(process, 4));
  EXPECT_EQ(process(Munlockall{}), kOk);
  EXPECT_EQ(locked_pages(process), 0U);
}

TEST(Mlockall, FutureLocksWhatIsMappedLater) {
  Process process;
  EXPECT_EQ(process(Mlockall{kMclFuture}), kOk);
  (void)process.map(0, 1);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me lo ac");
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_EQ(process(Mlockall{kMclFuture | kMclOnfault}), kOk);
  (void)process.map(2, 1);
  EXPECT_EQ(process.flags(2), "rd wr mr mw me lo lf ac");
  EXPECT_FALSE(is_populated(process, 2));
  EXPECT_EQ(process(Mlockall{kMclCurrent}), kOk);  // takes MCL_FUTURE back
  (void)process.map(4, 1);
  EXPECT_FALSE(is_locked(process, 4));
}

TEST(Mlockall, FutureHoldsForBrkToo) {
  Process process;
  const Address heap = spec::Setup::standard().start_brk;
  (void)process(Mlockall{kMclFuture});
  (void)process.limit(kRlimitMemlock, 2 * kPageSize);
  EXPECT_EQ(process(Brk{heap + 2 * kPageSize}), Outcome::ok(heap + 2 * kPageSize));
  EXPECT_NE(process.at(heap).anon_vma, kNoAnonVma);
  EXPECT_EQ(process(Brk{heap + 3 * kPageSize}), Outcome::ok(heap + 2 * kPageSize));
  EXPECT_EQ(process.map(0, 1), fails(Errno::kEAGAIN));
  EXPECT_EQ(process(Brk{heap}), Outcome::ok(heap));
  EXPECT_EQ(locked_pages(process), 0U);
}

TEST(MapLocked, ChecksTheLimitAndPopulates) {
  Process process;
  (void)process.limit(kRlimitMemlock, 2 * kPageSize);
  EXPECT_TRUE(process.map(0, 2, kReadWrite, kAnonymousFixed | kMapLocked).is_ok());
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_EQ(process.map(4, 1, kReadWrite, kAnonymousFixed | kMapLocked), fails(Errno::kEAGAIN));
  // Locked memory that would be replaced counts all the same.
  EXPECT_EQ(process.map(0, 1, kReadWrite, kAnonymousFixed | kMapLocked), fails(Errno::kEAGAIN));
  (void)process.limit(kRlimitMemlock, 0);
  EXPECT_EQ(process.map(4, 1, kReadWrite, kAnonymousFixed | kMapLocked), fails(Errno::kEPERM));
}

TEST(MapPopulate, IsUndoneByMapNonblock) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kAnonymousFixed | kMapPopulate);
  (void)process.map(2, 1, kReadWrite, kAnonymousFixed | kMapPopulate | kMapNonblock);
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_FALSE(is_populated(process, 2));
}

TEST(Mprotect, WritesToLockedMemoryThatBecomesWritable) {
  Process process;
  (void)process.map(0, 1, kRead);
  (void)process.map(2, 1, kRead);
  (void)lock(process, 0, 1);
  (void)lock_on_fault(process, 2, 1);
  EXPECT_FALSE(is_populated(process, 0));
  EXPECT_EQ(process.protect(0, 1, kReadWrite), kOk);
  EXPECT_EQ(process.protect(2, 1, kReadWrite), kOk);
  EXPECT_TRUE(is_populated(process, 0));
  EXPECT_FALSE(is_populated(process, 2));
}

}  // namespace
}  // namespace vmadiff::model
