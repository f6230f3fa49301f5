// tests of kernel: calls as records, results as outcomes.
#include "kernel/host/program.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <vector>

#include "kernel/host/agent_files.h"

namespace vmadiff::kernel {
namespace {

using spec::Access;
using spec::Outcome;
using spec::Touch;

constexpr spec::Address kTaskSize = 0x7ffffffff000;

std::uint64_t minus(int error) { return static_cast<std::uint64_t>(-std::int64_t{error}); }

TEST(RecordOf, PassesEveryArgument) {
  const spec::FileId file{spec::FileClass::kZero, 2};
  const auto record = record_of(spec::Mmap{1, 2, 3, 4, file, 5}, kTaskSize);
  EXPECT_EQ(record.number, static_cast<std::uint32_t>(SYS_mmap));
  const std::uint64_t expected[] = {1, 2, 3, 4, static_cast<std::uint64_t>(descriptor_of(file)), 5};
  EXPECT_TRUE(std::ranges::equal(record.argument, expected));
  EXPECT_EQ(record_of(spec::Mmap{}, kTaskSize).argument[4], ~std::uint64_t{0});
}

TEST(RecordOf, AdviceIsSignExtended) {
  EXPECT_EQ(record_of(spec::Madvise{0, 0, -1}, kTaskSize).argument[2], ~std::uint64_t{0});
}

TEST(RecordOf, TouchCoversTheOverlappedPages) {
  const auto record = record_of(Touch{0x1fff, 2, Access::kWrite}, kTaskSize);
  EXPECT_EQ(record.number, kTouchWrite);
  EXPECT_EQ(record.argument[0], 0x1000U);
  EXPECT_EQ(record.argument[1], 2U);
}

TEST(RecordOf, TouchOfNothingAndOfNoMemoryAccessesNothing) {
  const auto given = [](const Touch& touch) {
    const auto record = record_of(touch, kTaskSize);
    EXPECT_EQ(record.number, kGive);
    return outcome_of(touch, record.argument[0]);
  };
  EXPECT_EQ(given({0x1000, 0, Access::kRead}), Outcome::ok());
  for (const auto& touch :
       {Touch{0, spec::kTouchBytesMax + 1, Access::kRead}, Touch{~0ULL, 2, Access::kWrite},
        Touch{kTaskSize, 1, Access::kRead}, Touch{kTaskSize - 1, 2, Access::kRead}})
    EXPECT_EQ(given(touch), Outcome::fail(spec::Errno::kSIGSEGV));
  EXPECT_EQ(record_of(Touch{kTaskSize - 1, 1, Access::kRead}, kTaskSize).number, kTouchRead);
}

TEST(OutcomeOf, TellsValuesFromErrors) {
  EXPECT_EQ(outcome_of(spec::Mmap{}, 0x7fff0000), Outcome::ok(0x7fff0000));
  EXPECT_EQ(outcome_of(spec::Mmap{}, minus(12)), Outcome::fail(spec::Errno::kENOMEM));
  EXPECT_EQ(outcome_of(spec::Munmap{}, minus(4095)), Outcome::fail(static_cast<spec::Errno>(4095)));
  EXPECT_EQ(outcome_of(spec::Munmap{}, minus(4096)), Outcome::ok(minus(4096)));
  EXPECT_EQ(outcome_of(Touch{}, 7), Outcome::fail(spec::Errno::kSIGBUS));
  EXPECT_EQ(outcome_of(spec::Brk{}, 0x20020000), Outcome::ok(0x20020000));
}

TEST(DescriptorOf, IsUniqueAndInRange) {
  std::vector<int> seen;
  for (const auto cls : spec::mappable_file_classes()) {
    for (std::uint32_t number = 0; number < spec::kFilesPerClass; ++number) {
      const int descriptor = descriptor_of({cls, number});
      EXPECT_GE(descriptor, kFirstFileDescriptor);
      EXPECT_LT(descriptor, kDescriptorEnd);
      EXPECT_EQ(std::ranges::count(seen, descriptor), 0);
      seen.push_back(descriptor);
    }
  }
  EXPECT_EQ(descriptor_of({}), -1);
  EXPECT_EQ(descriptor_of({spec::FileClass::kAnonShared, 0}), -1);
}

}  // namespace
}  // namespace vmadiff::kernel
