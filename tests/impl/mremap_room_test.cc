// The room below the map count limit that mremap asks for, and when it asks.
#include <gtest/gtest.h>

#include "mremap_calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

TEST(MremapRoom, of_six_for_a_move) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = 8;
  AddressSpace space{kDefaultProfileName, setup};
  space.map(0, 2);
  space.map(4, 1, kProtRead);
  EXPECT_EQ(move(space, 0, 1, 8), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(remap(space, 0, 2, 5, kMremapMaymove), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.ruler(6), "AA..B.");
}

// Measured on 7.0.13, 7.1.13 and 7.2.12.
TEST(MremapRoom, that_each_kernel_asks_for) {
  constexpr std::uint64_t kCount = 5;  // the program's three, and two
  for (const auto room :
       {MremapRoom::kSixForAMove, MremapRoom::kFourAlways, MremapRoom::kFourOrFiveAlways}) {
    const bool is_six = room == MremapRoom::kSixForAMove;
    for (std::uint64_t free = 3; free <= 6; ++free) {
      spec::Setup setup = spec::Setup::standard();
      setup.max_map_count = kCount + free;
      const auto result = [&](auto call) {
        AddressSpace space{profile_with<&KernelProfile::mremap_room>(room), setup};
        space.map(0, 4, kProtRead);
        space.map(4, 1);
        EXPECT_EQ(space.mm.counters.map_count, kCount);
        return call(space);
      };
      const auto expected = [](bool is_refused, std::uint64_t at) {
        return is_refused ? Outcome::fail(Errno::kENOMEM) : at_page(at);
      };
      const bool is_tight = !is_six && free < 4;
      EXPECT_EQ(result([](auto& s) { return remap(s, 0, 4, 2); }), expected(is_tight, 0));
      EXPECT_EQ(result([](auto& s) { return remap(s, 0, 4, 4); }), expected(is_tight, 0));
      EXPECT_EQ(result([](auto& s) { return remap(s, 4, 1, 2); }), expected(is_tight, 4));
      EXPECT_EQ(result([](auto& s) { return move(s, 0, 4, 8); }),
                expected(free < (is_six ? 6 : 4), 8));
      const std::uint64_t kept = is_six ? 6 : room == MremapRoom::kFourAlways ? 4 : 5;
      EXPECT_EQ(result([](auto& s) { return move(s, 0, 4, 8, kKeep); }), expected(free < kept, 8));
      // Behind the arguments, and before the VMA.
      EXPECT_EQ(result([](auto& s) { return remap(s, 0, 4, 0); }), Outcome::fail(Errno::kEINVAL));
      EXPECT_EQ(result([](auto& s) { return remap(s, 6, 1, 2); }),
                Outcome::fail(is_tight ? Errno::kENOMEM : Errno::kEFAULT));
    }
  }
}

// The destination is cut in two, and then there is less room than was asked for. Measured
// on 7.1.13.
TEST(MremapRoom, is_asked_for_once) {
  constexpr std::uint64_t kCount = 5;
  for (const auto room : {MremapRoom::kFourAlways, MremapRoom::kFourOrFiveAlways}) {
    spec::Setup setup = spec::Setup::standard();
    setup.max_map_count = kCount + 4;
    AddressSpace space{profile_with<&KernelProfile::mremap_room>(room), setup};
    space.map(0, 1);
    space.map(4, 3, kProtRead);
    EXPECT_EQ(space.mm.counters.map_count, kCount);
    EXPECT_EQ(move(space, 0, 1, 5), at_page(5));
    EXPECT_EQ(space.ruler(8), "....ABC.");
  }
}

}  // namespace
}  // namespace vmadiff::impl
