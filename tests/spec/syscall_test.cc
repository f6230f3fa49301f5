// tests/spec: what can be said of a call without running it.
#include "spec/syscall.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::spec {
namespace {

TEST(NamedRanges, AreRoundedOutwardsAndClipped) {
  EXPECT_EQ(named_ranges(Munmap{0x1001, 0x1000}).first, (Range{0x1000, 0x3000}));
  EXPECT_EQ(named_ranges(Munmap{0x1000, ~Address{0}}).first, (Range{0x1000, ~Address{0}}));
  EXPECT_FALSE(named_ranges(Mmap{.addr = 0x1000,
                                 .length = 0x1000,
                                 .prot = 0,
                                 .flags = kMapPrivate,
                                 .file = {},
                                 .offset = 0})
                   .first);
  EXPECT_FALSE(named_ranges(Mlockall{kMclCurrent}).first);
}

TEST(NamedRanges, OfAFixedHugetlbMappingCoversItsRounding) {
  const Mmap call{.addr = 0x10000000,
                  .length = 1,
                  .prot = 0,
                  .flags = kMapPrivate | kMapFixed,
                  .file = {FileClass::kHugetlb, 0},
                  .offset = 0};
  EXPECT_GE(named_ranges(call).first->end, 0x10000000 + kHugePageSize);
}

TEST(NamedRanges, OfMremapAreTheSourceAndAFixedDestination) {
  Mremap call{.addr = 0x5000,
              .length = 0x1000,
              .new_length = 0x2000,
              .flags = kMremapMaymove | kMremapFixed,
              .new_addr = 0x9000};
  EXPECT_EQ(named_ranges(call).first, (Range{0x5000, 0x6000}));
  EXPECT_EQ(named_ranges(call).second, (Range{0x9000, 0xb000}));
  call.flags = kMremapMaymove;
  EXPECT_FALSE(named_ranges(call).second);
}

TEST(TouchesReserved, SeesOverlapWithTheProgramItself) {
  const spec::Setup setup = spec::Setup::standard();
  const Address text = setup.reserved.back().start;
  EXPECT_TRUE(touches_reserved(setup, Step{0, Munmap{text - 1, 2}, {}}));
  EXPECT_TRUE(touches_reserved(setup, Step{0, Munmap{0x1000, 0x7fff00000000}, {}}));
  EXPECT_FALSE(touches_reserved(setup, Step{0, Munmap{0x100000000000, 0x1000}, {}}));
}

TEST(TouchesReserved, SeesTheDestinationOfMremap) {
  const spec::Setup setup = spec::Setup::standard();
  const Address text = setup.reserved.back().start;
  EXPECT_TRUE(touches_reserved(
      setup,
      Step{0, Mremap{0x100000000000, 0x1000, 0x1000, kMremapMaymove | kMremapFixed, text}, {}}));
}

TEST(Unmodelled, NamesWhatLaterStagesBring) {
  EXPECT_TRUE(unmodelled_reason(Madvise{0, 0, kMadvHwpoison}));
  EXPECT_FALSE(unmodelled_reason(Madvise{0, 0, 99}));
  EXPECT_FALSE(unmodelled_reason(Madvise{0, 0, kMadvMergeable}));
  EXPECT_TRUE(unmodelled_reason(Mmap{.flags = kMapHugetlb | kMapHuge1Gb, .file = {}}));
  EXPECT_FALSE(unmodelled_reason(Mmap{.flags = kMapHugetlb | kMapHuge2Mb, .file = {}}));
  EXPECT_TRUE(unmodelled_reason(UffdOpen{0, 1}));
  EXPECT_FALSE(unmodelled_reason(UffdOpen{0, kUffdEventFork | kUffdRwpAsync}));
  EXPECT_FALSE(unmodelled_reason(UffdRegister{0, 0, kUffdModeWp}));
  EXPECT_TRUE(unmodelled_reason(Mbind{.nodes = 1, .flags = kMpolMfStrict}));
  EXPECT_TRUE(unmodelled_reason(SetMempolicy{.nodes = kNodesMask + 1}));
  EXPECT_FALSE(unmodelled_reason(SetMempolicy{.nodes = kNodesMask}));
  EXPECT_TRUE(unmodelled_reason(ProcessMadvise{.advice = kMadvSoftOffline}));
  EXPECT_TRUE(unmodelled_reason(ProcessMadvise{.addr = 0x7ffffffff000, .length = 1}));
  EXPECT_FALSE(unmodelled_reason(ProcessMadvise{.addr = 0x7ffffffff000}));
  EXPECT_FALSE(unmodelled_reason(ProcessMadvise{.second_length = ~Address{0}}));
  EXPECT_TRUE(unmodelled_reason(AddSeals{.file = {}, .seals = std::uint64_t{1} << 32}));
  EXPECT_TRUE(unmodelled_reason(Prctl{.option = 4}));
  EXPECT_FALSE(unmodelled_reason(Prctl{.option = kPrGetMdwe, .arg2 = 9}));
  EXPECT_TRUE(unmodelled_reason(Setrlimit{7, 0}));
  EXPECT_FALSE(unmodelled_reason(Setrlimit{kRlimitAs, 0}));
}

TEST(CallNames, AreOnePerCallAndAllDifferent) {
  const std::set<std::string_view> names(call_names().begin(), call_names().end());
  EXPECT_EQ(names.size(), std::variant_size_v<Syscall>);
  EXPECT_EQ(name(Syscall{Munlockall{}}), "munlockall");
  EXPECT_EQ(name(Syscall{Exit{}}), "exit");
}

}  // namespace
}  // namespace vmadiff::spec
