// tests/model: process_madvise of the process itself.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

Outcome advise(Process& process, std::int32_t advice, std::uint64_t first, std::uint64_t pages,
               std::uint64_t second = 0, std::uint64_t second_pages = 0) {
  return process(ProcessMadvise{.addr = page(first),
                                .length = pages * kPageSize,
                                .second_addr = second_pages == 0 ? 0 : page(second),
                                .second_length = second_pages * kPageSize,
                                .advice = advice});
}

TEST(ProcessMadvise, AnswersTheBytesThatWereDone) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(advise(process, kMadvDontdump, 0, 1, 2, 1), Outcome::ok(2 * kPageSize));
  EXPECT_EQ(process.ruler(4), "ABCD");
  EXPECT_EQ(advise(process, kMadvDodump, 2, 1, 3, 2), Outcome::ok(kPageSize));
  EXPECT_EQ(process.ruler(4), "ABBB");
  EXPECT_EQ(advise(process, kMadvNormal, 3, 2, 0, 1), fails(Errno::kENOMEM));
  EXPECT_EQ(advise(process, kMadvNormal, 9, 0, 0, 1), Outcome::ok(kPageSize));
  EXPECT_EQ(advise(process, kMadvNormal, 9, 0), kOk);
  EXPECT_EQ(process(ProcessMadvise{.addr = 1, .second_addr = kArena, .second_length = kPageSize}),
            fails(Errno::kEINVAL));
}

TEST(ProcessMadvise, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process(ProcessMadvise{.addr = kArena, .length = kPageSize, .flags = 1}),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process(ProcessMadvise{.second_addr = kArena, .second_length = Address{1} << 63}),
            fails(Errno::kEINVAL));
  EXPECT_EQ(advise(process, 99, 0, 1), fails(Errno::kEINVAL));
}

// Measured on 6.16.12, 6.18.15, 6.18.44, 7.1.13 (all), 7.2.13 and 7.3.4 (known).
TEST(ProcessMadvise, OfNoBytesAnyAdviceIsTakenWhereItIsAskedRangeByRange) {
  Process all{with(&KernelProfile::own_process_madvise, OwnProcessMadvise::kAll)};
  EXPECT_EQ(advise(all, 99, 0, 0), kOk);
  EXPECT_EQ(advise(all, 99, 0, 0, 0, 1), fails(Errno::kEINVAL));
  Process known{with(&KernelProfile::own_process_madvise, OwnProcessMadvise::kKnown)};
  EXPECT_EQ(advise(known, 99, 0, 0), fails(Errno::kEINVAL));
  EXPECT_EQ(advise(known, kMadvNormal, 0, 0), kOk);
}

// Measured on 6.1 and 6.12.118.
TEST(ProcessMadvise, TakesLessInOlderKernels) {
  Process hints{with(&KernelProfile::own_process_madvise, OwnProcessMadvise::kHints)};
  (void)hints.map(0, 1);
  EXPECT_EQ(advise(hints, kMadvCold, 0, 1), Outcome::ok(kPageSize));
  EXPECT_EQ(advise(hints, kMadvNormal, 0, 1), fails(Errno::kEINVAL));
  Process none{with(&KernelProfile::own_process_madvise, OwnProcessMadvise::kNone)};
  EXPECT_EQ(advise(none, kMadvCold, 0, 1), fails(Errno::kEPERM));
  EXPECT_EQ(advise(none, kMadvNormal, 0, 1), fails(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::model
