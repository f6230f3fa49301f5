// What a sequence may begin with: a set-up that is not sound is refused, with what is wrong.
#include <gtest/gtest.h>

#include <functional>

#include "address_space.h"

namespace vmadiff::impl {
namespace {

std::string complaint(const std::function<void(spec::Setup&)>& spoil) {
  spec::Setup setup = spec::Setup::standard();
  spoil(setup);
  MmStruct mm{profile_or_abort(spec::kDefaultProfileName)};
  return mm.start(setup).value_or("");
}

TEST(Setup, the_standard_one_is_sound) {
  EXPECT_EQ(complaint([](spec::Setup&) {}), "");
}

TEST(Setup, each_vma_lies_behind_the_one_before) {
  EXPECT_NE(complaint([](spec::Setup& s) { std::swap(s.initial.vmas[0], s.initial.vmas[1]); }), "");
  EXPECT_NE(complaint([](spec::Setup& s) { s.initial.vmas[1].start = s.initial.vmas[0].start; }),
            "");
}

TEST(Setup, each_vma_has_pages) {
  EXPECT_NE(complaint([](spec::Setup& s) { s.initial.vmas[1].end = s.initial.vmas[1].start; }), "");
  EXPECT_NE(complaint([](spec::Setup& s) { s.initial.vmas[0].end = s.initial.vmas[0].start; }), "");
}

TEST(Setup, each_vma_lies_in_the_address_space) {
  EXPECT_NE(
      complaint([](spec::Setup& s) { s.initial.vmas.back().end = s.task_size + spec::kPageSize; }),
      "");
}

TEST(Setup, each_vma_is_of_whole_pages) {
  EXPECT_NE(complaint([](spec::Setup& s) { s.initial.vmas.back().end += 1; }), "");
  EXPECT_NE(complaint([](spec::Setup& s) { s.initial.vmas[0].start += 0x800; }), "");
}

TEST(Setup, the_count_is_that_of_the_vmas) {
  EXPECT_NE(complaint([](spec::Setup& s) { ++s.initial.counters.map_count; }), "");
}

// A count that is wrong is told as that, not as VMAs that are not there.
TEST(Setup, a_snapshot_holds_what_the_tree_holds) {
  const spec::Setup setup = spec::Setup::standard();
  for (const std::uint64_t count : {0U, 1U, 2U, 3U, 9U}) {
    MmStruct mm{profile_or_abort(spec::kDefaultProfileName)};
    ASSERT_FALSE(mm.start(setup));
    mm.counters.map_count = count;
    spec::Snapshot seen;
    mm.snapshot(seen);
    EXPECT_EQ(seen.vmas, setup.initial.vmas) << count;
    EXPECT_EQ(seen.counters.map_count, count);
  }
}

}  // namespace
}  // namespace vmadiff::impl
