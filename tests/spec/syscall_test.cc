// tests/spec: what can be said of a call without running it.
#include "spec/syscall.h"

#include <gtest/gtest.h>

#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::spec {
namespace {

TEST(NamedRange, IsRoundedOutwardsAndClipped) {
  EXPECT_EQ(named_range(Munmap{0x1001, 0x1000}), (Range{0x1000, 0x3000}));
  EXPECT_EQ(named_range(Munmap{0x1000, ~Address{0}}), (Range{0x1000, ~Address{0}}));
  EXPECT_FALSE(named_range(Mmap{
      .addr = 0x1000, .length = 0x1000, .prot = 0, .flags = kMapPrivate, .file = {}, .offset = 0}));
}

TEST(NamedRange, OfAFixedHugetlbMappingCoversItsRounding) {
  const Mmap call{.addr = 0x10000000,
                  .length = 1,
                  .prot = 0,
                  .flags = kMapPrivate | kMapFixed,
                  .file = {FileClass::kHugetlb, 0},
                  .offset = 0};
  EXPECT_GE(named_range(call)->end, 0x10000000 + kHugePageSize);
}

TEST(TouchesReserved, SeesOverlapWithTheProgramItself) {
  const spec::Setup setup = spec::Setup::standard();
  const Address text = setup.reserved.back().start;
  EXPECT_TRUE(touches_reserved(setup, Step{0, Munmap{text - 1, 2}, {}}));
  EXPECT_TRUE(touches_reserved(setup, Step{0, Munmap{0x1000, 0x7fff00000000}, {}}));
  EXPECT_FALSE(touches_reserved(setup, Step{0, Munmap{0x100000000000, 0x1000}, {}}));
}

TEST(Unmodelled, NamesWhatLaterStagesBring) {
  EXPECT_TRUE(unmodelled_reason(Madvise{0, 0, 4}));
  EXPECT_FALSE(unmodelled_reason(Madvise{0, 0, 99}));
  EXPECT_FALSE(unmodelled_reason(Madvise{0, 0, kMadvMergeable}));
  EXPECT_TRUE(unmodelled_reason(
      Mmap{.addr = 0, .length = 0, .prot = 0, .flags = kMapLocked, .file = {}, .offset = 0}));
}

}  // namespace
}  // namespace vmadiff::spec
