// tests of compare: traces that tell behaviours apart are found by the models, and those that are
// kept leave nothing open that could be found.
#include "compare/look_for_trace.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "compare/undecided.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

namespace vmadiff::compare {
namespace {

std::string text(const spec::Sequence& sequence) { return spec::print_trace(sequence); }

ToldApart releases(std::string_view a, std::string_view b) {
  return {.a = *spec::profile_named(a), .b = *spec::profile_named(b)};
}

TraceSearch search(std::uint64_t sequences) {
  return {.setup = plain_machine(), .seed = 1, .sequences = sequences};
}

TEST(LookForTrace, FindsAFewCallsThatTellTwoReleasesApart) {
  // Each pair of neighbours, in a behaviour of another kind.
  for (const auto& two :
       {releases("linux-6.16", "linux-6.17"), releases("linux-6.18", "linux-6.19"),
        releases("linux-6.19", "linux-7.0"), releases("linux-7.2", "linux-7.3")}) {
    const auto found = look_for_trace(two, search(5000));
    ASSERT_TRUE(found) << two.a.name;
    EXPECT_LE(found->sequence.size(), 5U) << text(found->sequence);
    EXPECT_EQ(first_step_apart(two, found->setup, found->sequence), found->sequence.size() - 1);
    const auto again = look_for_trace(two, search(5000));
    ASSERT_TRUE(again);
    EXPECT_EQ(text(again->sequence), text(found->sequence));
  }
}

TEST(LookForTrace, MakesTheMachineAnotherWhereOnlyThatShowsIt) {
  const auto two = releases("linux-7.0", "linux-7.1");
  const auto found = look_for_trace(two, search(5000));
  ASSERT_TRUE(found);
  EXPECT_TRUE(spec::setup_text(found->setup).starts_with("max_map_count="))
      << spec::setup_text(found->setup);
  EXPECT_FALSE(first_step_apart(two, spec::Setup::standard(), found->sequence));
}

TEST(LookForTrace, FindsNothingWhereNothingIs) {
  EXPECT_FALSE(look_for_trace(releases("linux-7.3", "linux-7.3"), search(200)));
}

// A new behaviour needs no trace made by hand: `vmadiff decide` looks for one. Where this fails,
// that was not done.
TEST(Undecided, IsNothingThatCouldBeFound) {
  const auto open = undecided(plain_machine());
  std::set<std::string_view> behaviours;
  for (const Undecided& one : open) {
    behaviours.insert(one.behaviour->name);
    const ToldApart two{.a = *one.release, .b = one.changed()};
    const auto found = look_for_trace(two, search(300));
    EXPECT_FALSE(found) << one.release->name << ": " << one.behaviour->name << "\n"
                        << (found ? text(found->sequence) : "");
  }
  // What no kernel shows: the reviewer's predicate where each file has one hook, a flag that
  // nothing can set, what shows in Committed_AS or of a driver alone, and in 6.1 what is done with
  // calls that it does not have.
  const std::set<std::string_view> of_61{"droppable_lock", "ksm_brk",        "mseal_over_sealed",
                                         "sealed_discard", "uffd_droppable", "unmergeable_flags"};
  auto all = of_61;
  all.insert({"failed_hook", "ksm_early", "ksm_late", "mmap_prepare", "moved_anon_vma",
              "uffd_special", "zero_hook"});
  EXPECT_EQ(behaviours, all);
  for (const Undecided& one : open) {
    if (of_61.contains(one.behaviour->name))
      EXPECT_EQ(one.release->name, "linux-6.1") << one.behaviour->name;
  }
}

}  // namespace
}  // namespace vmadiff::compare
