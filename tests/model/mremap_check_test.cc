// tests/model: what mremap refuses, and what it asks first.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kFixed = kMremapMaymove | kMremapFixed;
constexpr std::uint64_t kDontunmapAnywhere = kMremapMaymove | kMremapDontunmap;
constexpr Address kNothing = kArena + 64 * kPageSize;

TEST(MremapCheck, BadArgumentsAreEinvalEvenWhereNothingIsMapped) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    const auto call = [&](Address addr, Address from, Address to, std::uint64_t flags,
                          Address new_addr = 0) {
      return process(Mremap{addr, from, to, flags, new_addr});
    };
    EXPECT_EQ(call(kNothing, kPageSize, kPageSize, 8), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing + 1, kPageSize, kPageSize, 0), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, 0, 0), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, ~Address{0}, 0), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, kPageSize, kMremapFixed), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, kPageSize, kMremapDontunmap), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, 2 * kPageSize, kDontunmapAnywhere), fails(Errno::kEINVAL));
    EXPECT_EQ(call(kNothing, kPageSize, kPageSize, 0), fails(Errno::kEFAULT));
  }
}

TEST(MremapCheck, TheDestinationIsLookedAtBeforeOrBehindTheVma) {
  const auto of = [](std::string_view profile, const Mremap& call) {
    Process process(profile);
    return process(call);
  };
  const Address task_size = spec::Setup::standard().task_size;
  const Mremap unaligned{kNothing, kPageSize, kPageSize, kFixed, kArena + 1};
  EXPECT_EQ(of("linux-6.12", unaligned), fails(Errno::kEFAULT));
  EXPECT_EQ(of("patch-v2", unaligned), fails(Errno::kEINVAL));
  EXPECT_EQ(of("linux-6.18", unaligned), fails(Errno::kEINVAL));
  for (const Mremap& call : {Mremap{kNothing, kPageSize, kPageSize, kFixed, kNothing},
                             Mremap{kNothing, kPageSize, kPageSize, kFixed, task_size}}) {
    EXPECT_EQ(of("linux-6.12", call), fails(Errno::kEFAULT));
    EXPECT_EQ(of("patch-v2", call), fails(Errno::kEFAULT));
    EXPECT_EQ(of("linux-6.18", call), fails(Errno::kEINVAL));
  }
}

TEST(MremapCheck, OverlapAndBadDestinationsAreEinval) {
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    (void)process.map(0, 4);
    EXPECT_EQ(process.move(0, 2, 1), fails(Errno::kEINVAL));
    EXPECT_EQ(process.move(1, 2, 0), fails(Errno::kEINVAL));
    EXPECT_EQ(process(Mremap{kArena, kPageSize, kPageSize, kFixed, page(8) + 1}),
              fails(Errno::kEINVAL));
    EXPECT_EQ(
        process(Mremap{kArena, kPageSize, kPageSize, kFixed, spec::Setup::standard().task_size}),
        fails(Errno::kEINVAL));
    EXPECT_EQ(process(Mremap{kArena, kPageSize, kPageSize, kFixed, 0}), fails(Errno::kEPERM));
  }
}

TEST(MremapCheck, BeforeItWas617TheDestinationWasUnmappedFirst) {
  for (const bool is_old : {true, false}) {
    Process process(is_old ? "patch-v2" : "linux-6.18");
    (void)process.map(0, 2);
    (void)process.map(8, 4);
    EXPECT_EQ(process(Mremap{kArena, 3 * kPageSize, 4 * kPageSize, kFixed, page(8)}),
              fails(Errno::kEFAULT));
    EXPECT_EQ(process.ruler(12), is_old ? "AA.........." : "AA......BBBB");
  }
}

TEST(MremapCheck, UnequalBytesOfEqualPagesAreASizeOfTheirOwnBefore617) {
  const Mremap call{kArena, kPageSize, kPageSize - 1, kDontunmapAnywhere, page(8)};
  Process old("linux-6.12");
  (void)old.map(0, 1);
  EXPECT_EQ(old(call), fails(Errno::kEINVAL));
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process(call), Outcome::ok(page(8)));
}

TEST(MremapCheck, AWrappingOffsetIsEinval) {
  Process process;
  const Address last = ~Address{0} - 2 * kPageSize + 1;
  (void)process(Mmap{kArena, kPageSize, kRead, kPrivateFixed, kZero0, last});
  EXPECT_EQ(process.resize(0, 1, 2), Outcome::ok(kArena));
  (void)process(Mmap{kArena, kPageSize, kRead, kPrivateFixed, kPreparedPfnmap0, 0});
  EXPECT_EQ(process.resize(0, 1, 2), fails(Errno::kEFAULT));
}

TEST(MremapCheck, AMoveNeedsRoomForTheVmasItMayAdd) {
  // Three VMAs are there before the first mapping.
  const auto with_limit = [](std::uint64_t count) {
    spec::Setup setup = spec::Setup::standard();
    setup.max_map_count = count;
    return setup;
  };
  Process tight(kDefaultProfileName, with_limit(9));
  (void)tight.map(0, 2);
  EXPECT_EQ(tight.move(0, 2, 8), fails(Errno::kENOMEM));
  EXPECT_EQ(tight(Mremap{kNothing, kPageSize, kPageSize, kFixed, page(8)}), fails(Errno::kENOMEM));
  EXPECT_EQ(tight.resize(0, 1, 2, kMremapMaymove), Outcome::ok(0x7ffff7ffd000));
  Process tighter(kDefaultProfileName, with_limit(7));
  (void)tighter.map(0, 2);
  EXPECT_EQ(tighter.resize(0, 1, 2, kMremapMaymove), fails(Errno::kENOMEM));
  EXPECT_EQ(tighter.resize(0, 2, 3), Outcome::ok(kArena));
  Process roomy(kDefaultProfileName, with_limit(10));
  (void)roomy.map(0, 2);
  EXPECT_EQ(roomy.move(0, 2, 8), Outcome::ok(page(8)));
  Process old("linux-6.12", with_limit(9));
  EXPECT_EQ(old(Mremap{kNothing, kPageSize, kPageSize, kFixed, page(8)}), fails(Errno::kEFAULT));
}

// A process of four VMAs, with room for so many more.
class Room : public ::testing::TestWithParam<MremapRoom> {
 protected:
  static Process with_room_for(std::uint64_t more) {
    spec::Setup setup = spec::Setup::standard();
    setup.max_map_count = setup.initial.counters.map_count + 1 + more;
    Process process(with(&KernelProfile::mremap_room, GetParam()), setup);
    (void)process.map(0, 4);
    return process;
  }
  static Outcome outcome(std::uint64_t more, const Mremap& call) {
    Process process = with_room_for(more);
    return process(call);
  }
};

TEST_P(Room, IsAskedForByAMoveOrByEveryCall) {
  const bool always = GetParam() != MremapRoom::kSixForAMove;
  const Outcome full = fails(Errno::kENOMEM);
  const Mremap shrink{kArena, 4 * kPageSize, 2 * kPageSize, 0, 0};
  const Mremap grow{kArena, 4 * kPageSize, 6 * kPageSize, 0, 0};
  const Mremap same{kArena, 4 * kPageSize, 4 * kPageSize, 0, 0};
  for (const Mremap& call : {shrink, grow, same}) {
    EXPECT_EQ(outcome(3, call), always ? full : Outcome::ok(kArena));
    EXPECT_EQ(outcome(4, call), Outcome::ok(kArena));
  }
  const Mremap move{kArena, 4 * kPageSize, 4 * kPageSize, kFixed, page(8)};
  const std::uint64_t asked = always ? 4 : 6;
  EXPECT_EQ(outcome(asked - 1, move), full);
  EXPECT_EQ(outcome(asked, move), Outcome::ok(page(8)));
}

// What unmapping the destination adds is not asked again (measured on 7.1, 7.2 and 7.3).
TEST_P(Room, IsAskedForOnceWhereItIsAskedForAlways) {
  const bool always = GetParam() != MremapRoom::kSixForAMove;
  const std::uint64_t more = always ? 5 : 6;  // another VMA, of which the move uses up one
  Process process = with_room_for(more);
  (void)process.map(8, 6, kRead);
  EXPECT_EQ(process.move(1, 2, 10), always ? Outcome::ok(page(10)) : fails(Errno::kENOMEM));
}

TEST_P(Room, IsOneMoreForDontunmap) {
  const Mremap call{kArena, 4 * kPageSize, 4 * kPageSize, kDontunmapAnywhere | kMremapFixed,
                    page(8)};
  const std::uint64_t asked = GetParam() == MremapRoom::kSixForAMove  ? 6
                              : GetParam() == MremapRoom::kFourAlways ? 4
                                                                      : 5;
  EXPECT_EQ(outcome(asked - 1, call), fails(Errno::kENOMEM));
  EXPECT_EQ(outcome(asked, call), Outcome::ok(page(8)));
}

TEST_P(Room, IsAskedForBehindTheArgumentsAndBeforeTheVma) {
  const bool always = GetParam() != MremapRoom::kSixForAMove;
  EXPECT_EQ(outcome(3, {kNothing + 1, kPageSize, kPageSize, 0, 0}), fails(Errno::kEINVAL));
  EXPECT_EQ(outcome(3, {kNothing, kPageSize, kPageSize, kFixed, kNothing}), fails(Errno::kEINVAL));
  EXPECT_EQ(outcome(3, {kNothing, kPageSize, kPageSize, 0, 0}),
            fails(always ? Errno::kENOMEM : Errno::kEFAULT));
}

INSTANTIATE_TEST_SUITE_P(EachRule, Room,
                         ::testing::Values(MremapRoom::kSixForAMove, MremapRoom::kFourAlways,
                                           MremapRoom::kFourOrFiveAlways));

}  // namespace
}  // namespace vmadiff::model
