// tests/properties: plans: their calls lie where they must to meet.
#include "properties/generate/motif.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <vector>

#include "properties/generate/ranges.h"

namespace vmadiff::properties {
namespace {

constexpr Look kPlain{
    spec::kProtRead | spec::kProtWrite, spec::kMapPrivate | spec::kMapAnonymous, {}};

std::vector<spec::Syscall> all(Motif& motif) {
  std::vector<spec::Syscall> calls;
  while (auto call = motif.next()) calls.push_back(*std::move(call));
  return calls;
}

/// The calls of one of the plans that need nothing but a random source and `arguments`.
template <typename... Arguments>
std::vector<spec::Syscall> planned(std::uint64_t seed, void (Motif::*plan)(Random&, Arguments...),
                                   std::type_identity_t<Arguments>... arguments) {
  Random random{seed};
  Motif motif;
  (motif.*plan)(random, arguments...);
  return all(motif);
}

TEST(Motif, MarksThreeNeighboursEachOnceTheMiddleLast) {
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    Random random{seed};
    Sketch sketch;
    Motif motif;
    motif.plan_marks(random, sketch, kPlain, kPlain, spec::Mprotect{0, 0, spec::kProtRead}, false);
    ASSERT_FALSE(sketch.empty());
    const Region region = sketch.any(random);
    ASSERT_EQ(region.end - region.start, 3 * spec::kPageSize);
    std::vector<spec::Address> marked;
    for (const auto& call : all(motif)) {
      const auto* mark = std::get_if<spec::Mprotect>(&call);
      if (mark == nullptr) continue;
      EXPECT_EQ(mark->length, spec::kPageSize);
      EXPECT_EQ(mark->prot, spec::kProtRead);
      marked.push_back(mark->addr - region.start);
    }
    ASSERT_EQ(marked.size(), 3U);
    EXPECT_EQ(marked[0] + marked[1], 2 * spec::kPageSize);
    EXPECT_EQ(marked[2], spec::kPageSize);
  }
}

TEST(Motif, TwoFilesAreTwo) {
  Look look = kPlain;
  look.flags = spec::kMapPrivate;
  look.file = {spec::FileClass::kFile, 0};
  Look other = look;
  other.file.number = 1;
  bool has_two = false;
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    Random random{seed};
    Sketch sketch;
    Motif motif;
    motif.plan_marks(random, sketch, look, other, spec::Mseal{}, true);
    std::vector<spec::Mmap> maps;
    for (const auto& call : all(motif)) {
      if (const auto* map = std::get_if<spec::Mmap>(&call)) maps.push_back(*map);
    }
    has_two = has_two || (maps.size() == 2 && maps[0].file != maps[1].file &&
                          maps[0].addr + maps[0].length == maps[1].addr &&
                          maps[0].offset + maps[0].length == maps[1].offset);
  }
  EXPECT_TRUE(has_two);
}

TEST(Motif, TheHeapGrowsBehindMemoryFromElsewhere) {
  // By how many calls there are: it stays, it leaves, it is wiped in a child.
  std::set<std::size_t> ways;
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    const auto calls = planned(seed, &Motif::plan_heap_end, 0x5000, true);
    ASSERT_GE(calls.size(), 5U) << seed;
    const auto& before = std::get<spec::Brk>(calls[2]);
    const auto& move = std::get<spec::Mremap>(calls[3]);
    EXPECT_EQ(move.new_addr + move.new_length, before.addr);
    EXPECT_GT(std::get<spec::Brk>(calls.back()).addr, before.addr);
    if (calls.size() == 6) {
      EXPECT_EQ(std::get<spec::Mremap>(calls[4]).addr, move.new_addr);
    }
    if (calls.size() == 8) {
      EXPECT_TRUE(std::holds_alternative<spec::Fork>(calls[5]));
    }
    ways.insert(calls.size());
  }
  EXPECT_EQ(ways, (std::set<std::size_t>{5, 6, 8}));
}

TEST(Motif, WhatComesBackLiesBetweenAFreshVmaAndAWrittenOne) {
  bool in_one = false;
  bool in_a_child = false;
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    Random random{seed};
    Sketch sketch;
    Motif motif;
    motif.plan_return(random, sketch, kPlain, spec::Mseal{}, true);
    const auto calls = all(motif);
    const auto home = std::get<spec::Mmap>(calls[0]).addr;
    if (std::holds_alternative<spec::Fork>(calls.at(3))) {
      in_a_child = true;
      ASSERT_EQ(calls.size(), 6U);
      EXPECT_EQ(std::get<spec::Mremap>(calls[5]).new_addr, home);
      continue;
    }
    in_one = true;
    ASSERT_EQ(calls.size(), 9U);
    EXPECT_EQ(std::get<spec::Mremap>(calls[6]).new_addr, home);
    const auto written = std::get<spec::Mmap>(calls[3]).addr;
    const auto fresh = std::get<spec::Mmap>(calls[5]).addr;
    EXPECT_EQ(std::get<spec::Touch>(calls[4]).addr, written);
    EXPECT_EQ(written + fresh, 2 * home);
    // What is marked last is the fresh one and what came back, together.
    EXPECT_EQ(std::get<spec::Mseal>(calls[7]).addr, written);
    EXPECT_EQ(std::get<spec::Mseal>(calls[8]).addr, std::min(fresh, home));
    EXPECT_EQ(std::get<spec::Mseal>(calls[8]).length, 2 * spec::kPageSize);
  }
  EXPECT_TRUE(in_one && in_a_child);
}

TEST(Motif, NeighboursAreWatchedByTwo) {
  bool moved = false;
  bool marked = false;
  bool let_go = false;
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    Random random{seed};
    Sketch sketch;
    Motif motif;
    motif.plan_watched(random, sketch, kPlain, spec::Mseal{}, true);
    std::vector<spec::UffdRegister> watched;
    spec::Address at_last = 0;
    int unwatched = 0;
    for (const auto& call : all(motif)) {
      if (const auto* watch = std::get_if<spec::UffdRegister>(&call)) watched.push_back(*watch);
      if (std::holds_alternative<spec::UffdUnregister>(call)) ++unwatched;
      if (const auto* move = std::get_if<spec::Mremap>(&call)) {
        moved = true;
        at_last = move->new_addr;
      }
      if (const auto* seal = std::get_if<spec::Mseal>(&call)) {
        marked = true;
        at_last = seal->addr;
      }
    }
    if (unwatched != 0) {
      let_go = true;
      EXPECT_EQ(unwatched, 3);
      continue;
    }
    // What comes last is watched by another than its neighbour.
    const auto is_by = [](std::uint64_t number) {
      return [number](const spec::UffdRegister& watch) { return watch.userfaultfd == number; };
    };
    EXPECT_TRUE(std::ranges::any_of(watched, is_by(1))) << seed;
    const auto neighbour =
        std::ranges::find(watched, at_last - spec::kPageSize, &spec::UffdRegister::addr);
    ASSERT_NE(neighbour, watched.end()) << seed;
    EXPECT_TRUE(is_by(0)(*neighbour));
  }
  EXPECT_TRUE(moved && marked && let_go);
}

TEST(Motif, WhatIsDroppedIsNotMade) {
  Random random{7};
  Motif motif;
  motif.plan_heap_end(random, 0x5000, false);
  motif.drop();
  EXPECT_FALSE(motif.next());
}

TEST(Motif, WhatIsRearrangedLiesRightBehindHugePages) {
  Random random{7};
  Motif motif;
  motif.plan_remap(random, {spec::FileClass::kHugetlb, 0});
  const auto calls = all(motif);
  ASSERT_EQ(calls.size(), 3U);
  const auto& huge = std::get<spec::Mmap>(calls[0]);
  const auto& file = std::get<spec::Mmap>(calls[1]);
  const auto& remap = std::get<spec::RemapFilePages>(calls[2]);
  EXPECT_EQ(huge.addr % spec::kHugePageSize, 0U);
  EXPECT_EQ(huge.addr + huge.length, file.addr);
  EXPECT_EQ(remap.addr, file.addr);
  EXPECT_LE(remap.length, file.length);
}

TEST(Motif, WhatIsInheritedMovesBesideItsFilesOtherPages) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const auto calls = planned(seed, &Motif::plan_inheritance, {spec::FileClass::kMemfd, 0});
    ASSERT_EQ(calls.size(), 5U);
    const auto& written = std::get<spec::Mmap>(calls[0]);
    EXPECT_TRUE(std::holds_alternative<spec::Fork>(calls[2]));
    const auto& beside = std::get<spec::Mmap>(calls[3]);
    const auto& moved = std::get<spec::Mremap>(calls[4]);
    EXPECT_EQ(moved.addr, written.addr);
    EXPECT_EQ(beside.addr - moved.new_addr, beside.offset - written.offset);
  }
}

TEST(Motif, WhatMovesFromAddressZeroLeavesSomethingThere) {
  bool leaves_the_start = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const auto calls = planned(seed, &Motif::plan_zero);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(std::get<spec::Mmap>(calls[0]).addr, 0U);
    const auto& moved = std::get<spec::Mremap>(calls[1]);
    EXPECT_LT(moved.addr + moved.length, std::get<spec::Mmap>(calls[0]).length);
    leaves_the_start = leaves_the_start || moved.addr != 0;
  }
  EXPECT_TRUE(leaves_the_start);
}

TEST(Motif, ALowStackIsToGrowToBelowItselfOrItsOffset) {
  bool grows_to_zero = false;
  bool moves = false;
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    const auto calls = planned(seed, &Motif::plan_low_stack);
    const auto& stack = std::get<spec::Mmap>(calls[0]);
    EXPECT_NE(stack.flags & spec::kMapGrowsdown, 0U);
    EXPECT_LE(stack.addr, 40 * spec::kPageSize);
    const auto& touch = std::get<spec::Touch>(calls.back());
    if (calls.size() == 2) {
      EXPECT_LT(touch.addr, stack.addr);
      grows_to_zero = grows_to_zero || touch.addr == 0;
      continue;
    }
    ASSERT_EQ(calls.size(), 4U);
    const auto& moved = std::get<spec::Mremap>(calls[2]);
    EXPECT_EQ(moved.addr, stack.addr);
    EXPECT_LT(touch.addr, moved.new_addr);
    moves = moves || moved.new_addr - touch.addr > stack.addr;
  }
  EXPECT_TRUE(grows_to_zero);
  EXPECT_TRUE(moves);
}

TEST(Motif, AFullRoomLeavesWhatLiesInTheGuardGap) {
  constexpr spec::Address kTop = 0x7ffff7fff000;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const auto calls = planned(seed, &Motif::plan_full_room, kTop);
    ASSERT_EQ(calls.size(), 3U);
    const auto& full = std::get<spec::Mmap>(calls[0]);
    const auto& stack = std::get<spec::Mmap>(calls[1]);
    const auto& asked = std::get<spec::Mmap>(calls[2]);
    EXPECT_EQ(full.addr + full.length, kTop);
    EXPECT_EQ(stack.addr + stack.length, full.addr);
    EXPECT_GT(stack.addr, spec::Address{1} << 32);
    EXPECT_EQ(asked.addr, 0U);
    EXPECT_NE(asked.flags & spec::kMapAbove4G, 0U);
  }
}

TEST(Motif, TheHoleIsAboutTwoHugePagesAndTheLastCallLooksForRoom) {
  bool has_stack = false;
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    const auto calls = planned(seed, &Motif::plan_hole, {spec::FileClass::kHugetlb, 0});
    ASSERT_EQ(calls.size(), 3U);
    const auto& below = std::get<spec::Mmap>(calls[0]);
    const auto& above = std::get<spec::Mmap>(calls[1]);
    const auto& asked = std::get<spec::Mmap>(calls[2]);
    const spec::Address hole = above.addr - (below.addr + below.length);
    EXPECT_GE(hole, 2 * spec::kHugePageSize - 3 * spec::kPageSize);
    EXPECT_LE(hole, 3 * spec::kHugePageSize + 3 * spec::kPageSize);
    EXPECT_NE(asked.flags & spec::kMap32Bit, 0U);
    EXPECT_EQ(asked.addr, 0U);
    has_stack = has_stack || (above.flags & spec::kMapGrowsdown) != 0;
  }
  EXPECT_TRUE(has_stack);
}

}  // namespace
}  // namespace vmadiff::properties
