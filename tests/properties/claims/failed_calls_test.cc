// tests/properties: what a failed call may leave behind.
#include "properties/claims/failed_calls.h"

#include <gtest/gtest.h>

#include "../support.h"

namespace vmadiff::properties {
namespace {

using spec::Errno;
using spec::Outcome;
using spec::Snapshot;
using spec::Vma;

constexpr spec::VmFlags kReadable =
    spec::kVmRead | spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;
constexpr spec::VmFlags kWritable = kReadable | spec::kVmWrite;

Vma seen_vma(std::uint64_t first, std::uint64_t last, spec::VmFlags flags = kWritable) {
  return {page(first), page(last), flags, page(first) >> spec::kPageShift, {}, 0, 0};
}
Snapshot of_vmas(std::vector<Vma> vmas) {
  return {.vmas = std::move(vmas), .counters = {}, .huge_pages = {}};
}

class FailedCalls : public testing::Test {
 protected:
  bool may(const spec::Syscall& call, Errno error, const Snapshot& before, const Snapshot& after) {
    return !change_by_failed_call(call, Outcome::fail(error), before, after, {}, profile_, counts_);
  }
  spec::KernelProfile profile_ = spec::profile_named(spec::kDefaultProfileName).value();
  ExemptionCounts counts_;
};

TEST_F(FailedCalls, SuccessIsNotAsked) {
  EXPECT_FALSE(change_by_failed_call(spec::Munmap{page(0), spec::kPageSize}, Outcome::ok(),
                                     of_vmas({seen_vma(0, 1)}), of_vmas({}), {}, profile_,
                                     counts_));
}

TEST_F(FailedCalls, MunmapThatFailsUnmapsNothing) {
  const spec::Munmap call{page(0), spec::kPageSize};
  EXPECT_TRUE(may(call, Errno::kEINVAL, of_vmas({seen_vma(0, 2)}), of_vmas({seen_vma(0, 2)})));
  EXPECT_FALSE(may(call, Errno::kEINVAL, of_vmas({seen_vma(0, 2)}), of_vmas({seen_vma(1, 2)})));
}

// Measured on 6.18: an end inside a huge page leaves the split at the start.
TEST_F(FailedCalls, ASplitAtTheStartMayRemain) {
  const spec::Munmap call{page(1), 600 * spec::kPageSize};
  EXPECT_TRUE(may(call, Errno::kEINVAL, of_vmas({seen_vma(0, 2)}),
                  of_vmas({seen_vma(0, 1), seen_vma(1, 2)})));
  const spec::Madvise other{page(1), spec::kPageSize, spec::kMadvMergeable};
  EXPECT_FALSE(may(other, Errno::kEINVAL, of_vmas({seen_vma(0, 2)}),
                   of_vmas({seen_vma(0, 1), seen_vma(1, 2)})));
}

TEST_F(FailedCalls, MprotectMayStopMidwayButTouchesNothingElse) {
  const spec::Mprotect call{page(1), 4 * spec::kPageSize, spec::kProtRead};
  const Snapshot before = of_vmas({seen_vma(0, 3)});
  EXPECT_TRUE(
      may(call, Errno::kENOMEM, before, of_vmas({seen_vma(0, 1), seen_vma(1, 3, kReadable)})));
  EXPECT_FALSE(may(call, Errno::kENOMEM, before, of_vmas({seen_vma(0, 3, kReadable)})));
}

TEST_F(FailedCalls, MadviseGoesOnOnlyOverHoles) {
  const spec::Madvise call{page(0), 4 * spec::kPageSize, spec::kMadvMergeable};
  const Snapshot before = of_vmas({seen_vma(0, 1), seen_vma(2, 3)});
  const Snapshot after = of_vmas({seen_vma(0, 1, kWritable | spec::kVmMergeable), seen_vma(2, 3)});
  EXPECT_TRUE(may(call, Errno::kENOMEM, before, after));
  EXPECT_FALSE(may(call, Errno::kEINVAL, before, after));
}

TEST_F(FailedCalls, AFailedHookLeavesAHoleAndNothingNew) {
  spec::Mmap call{.addr = page(1),
                  .length = spec::kPageSize,
                  .prot = spec::kProtRead,
                  .flags = spec::kMapPrivate | spec::kMapFixed,
                  .file = {spec::FileClass::kHugetlb, 0},
                  .offset = 0};
  const Snapshot before = of_vmas({seen_vma(0, 3)});
  EXPECT_TRUE(may(call, Errno::kENOMEM, before, of_vmas({seen_vma(0, 1), seen_vma(2, 3)})));
  EXPECT_FALSE(may(call, Errno::kENOMEM, before,
                   of_vmas({seen_vma(0, 1), seen_vma(1, 2, kReadable), seen_vma(2, 3)})));
  call.flags |= spec::kMapAnonymous;
  call.file = {};
  EXPECT_FALSE(may(call, Errno::kENOMEM, before, of_vmas({seen_vma(0, 1), seen_vma(2, 3)})));
}

TEST_F(FailedCalls, ATouchMayMakeAnAnonVmaAndNothingElse) {
  const spec::Touch call{page(0), 2 * spec::kPageSize, spec::Access::kWrite};
  Vma touched = seen_vma(0, 1);
  touched.anon_vma = 1;
  touched.anon_vma_links = 1;
  EXPECT_TRUE(may(call, Errno::kSIGSEGV, of_vmas({seen_vma(0, 1)}), of_vmas({touched})));
  EXPECT_FALSE(may(call, Errno::kSIGSEGV, of_vmas({seen_vma(0, 1)}), of_vmas({seen_vma(0, 2)})));
}

// Missing pages of huge pages and of private /dev/zero cannot be brought (spec::UffdRegister).
TEST_F(FailedCalls, AUserfaultfdMayBeGivenUpWherePagesCannotBeBrought) {
  constexpr spec::VmFlags kMissing = kWritable | spec::kVmUffdMissing;
  const spec::Touch call{page(0), 2 * spec::kPageSize, spec::Access::kRead};
  const Vma other = seen_vma(4, 5, kWritable | spec::kVmUffdWp);
  for (const bool is_zero : {false, true}) {
    Vma watched = seen_vma(0, 1, is_zero ? kMissing : kMissing | spec::kVmHugetlb);
    if (is_zero) watched.file = {spec::FileClass::kZero, 0};
    Vma let_go = watched;
    let_go.flags &= ~spec::kVmUffd;
    const Snapshot before = of_vmas({watched, other});
    EXPECT_TRUE(may(call, Errno::kSIGSEGV, before, of_vmas({let_go, seen_vma(4, 5)})));
    std::map<std::string, std::uint64_t, std::less<>> used;
    counts_.add_to(used);
    EXPECT_GE(used["UserfaultfdIsGivenUp"], is_zero ? 2U : 1U);
    // Nothing else may change, and it is not let go for nothing.
    EXPECT_FALSE(may(call, Errno::kSIGSEGV, before, of_vmas({let_go, seen_vma(4, 5, kReadable)})));
    EXPECT_FALSE(may(call, Errno::kSIGSEGV, before, of_vmas({watched, seen_vma(4, 5)})));
  }
  EXPECT_FALSE(may(call, Errno::kSIGSEGV, of_vmas({seen_vma(0, 1, kMissing), other}),
                   of_vmas({seen_vma(0, 1), seen_vma(4, 5)})));
}

TEST_F(FailedCalls, ABreakThatIsRefusedStays) {
  Snapshot before = of_vmas({});
  before.brk = 0x1000;
  Snapshot after = before;
  after.brk = 0x2000;
  const spec::Brk call{0x5000};
  EXPECT_TRUE(
      change_by_failed_call(call, Outcome::ok(0x1000), before, after, {}, profile_, counts_));
  EXPECT_FALSE(
      change_by_failed_call(call, Outcome::ok(0x5000), before, after, {}, profile_, counts_));
}

TEST_F(FailedCalls, ARefusedChargeLeavesAHoleWhereItIsAskedForAfterUnmapping) {
  constexpr std::uint64_t kFlags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed;
  const spec::Mmap call{page(1), spec::kPageSize, spec::kProtRead, kFlags, {}, 0};
  const Snapshot whole = of_vmas({seen_vma(0, 3)});
  EXPECT_FALSE(may(call, Errno::kENOMEM, whole, of_vmas({seen_vma(0, 1), seen_vma(2, 3)})));
  profile_.mmap_replace = spec::MmapReplace::kUnmapsThenCharges;
  EXPECT_TRUE(may(call, Errno::kENOMEM, whole, of_vmas({seen_vma(0, 1), seen_vma(2, 3)})));
  EXPECT_FALSE(may(call, Errno::kENOMEM, whole, of_vmas({seen_vma(0, 1)})));
  EXPECT_FALSE(may(call, Errno::kENOMEM, whole,
                   of_vmas({seen_vma(0, 1), seen_vma(1, 2, kReadable), seen_vma(2, 3)})));
}

}  // namespace
}  // namespace vmadiff::properties
