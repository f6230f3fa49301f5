// tests/properties: which calls meet, and that the shapes, and what is planned with them, are
// sound.
#include "properties/coverage/meetings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "../support.h"
#include "impl/implementation.h"
#include "properties/generate/generator.h"
#include "properties/generate/motif.h"
#include "properties/generate/variation.h"

namespace vmadiff::properties {
namespace {

std::size_t shape(std::string_view name) {
  const auto at = std::ranges::find(shapes(), name, &Shape::name);
  EXPECT_NE(at, shapes().end()) << name;
  return static_cast<std::size_t>(at - shapes().begin());
}

/// What meets in a trace that impl runs.
Meetings meetings_of(const std::string& trace) {
  const auto system = impl::make_implementation(spec::profile_named("linux-6.18").value());
  const auto setup = spec::Setup::standard();
  EXPECT_TRUE(system->start(setup));
  const auto sequence = sequence_of(trace);
  std::vector<spec::Outcome> outcomes;
  for (const auto& step : sequence) outcomes.push_back(system->apply(step.process, step.call));
  Meetings meetings;
  meetings.note(sequence, outcomes, setup);
  return meetings;
}

std::uint64_t met(const Meetings& meetings, std::string_view first, std::string_view second) {
  return meetings.pair(shape(first), shape(second));
}

const std::string kMap =
    "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";

TEST(Shapes, EachIsThatOfItsCallAndHasANameOfItsOwn) {
  std::set<std::string_view> names;
  std::set<std::size_t> calls;
  for (std::size_t i = 0; i < shapes().size(); ++i) {
    const auto& one = shapes()[i];
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    const auto of_call = shapes_of(one.call);
    EXPECT_TRUE(std::ranges::find(of_call, i) != of_call.end()) << one.name;
    EXPECT_FALSE(spec::unmodelled_reason(one.call)) << one.name;
    EXPECT_NE(one.on, 0) << one.name;
    calls.insert(one.call.index());
  }
  // UFFDIO_RWPROTECT is known from 7.3 on, and refused before.
  EXPECT_FALSE(calls.contains(spec::Syscall{spec::UffdRwprotect{}}.index()));
  EXPECT_EQ(calls.size(), std::variant_size_v<spec::Syscall> - 1);
}

TEST(Shapes, EveryFamilyHasOne) {
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    EXPECT_FALSE(name(static_cast<Family>(family)).empty());
    EXPECT_TRUE(std::ranges::any_of(shapes(), [&](const Shape& one) {
      return one.family == static_cast<Family>(family);
    })) << name(static_cast<Family>(family));
  }
}

TEST(Meetings, CallsMeetWhereTheirRangesOverlapOrAdjoin) {
  const auto meetings = meetings_of(kMap +
                                    "mlock(0x100000000000, 0x1000)\n"
                                    "munlock(0x100000001000, 0x1000)\n"
                                    "mseal(0x100000003000, 0x1000, 0)\n");
  EXPECT_EQ(met(meetings, "mmap private anon", "mlock"), 1U);
  EXPECT_EQ(met(meetings, "mlock", "munlock"), 1U);
  EXPECT_EQ(met(meetings, "mlock", "mseal"), 0U);
  EXPECT_EQ(met(meetings, "munlock", "mlock"), 0U);
  EXPECT_EQ(meetings.calls(), 4U);
}

TEST(Meetings, WhatFailsMeetsNothing) {
  const auto meetings = meetings_of(kMap +
                                    "mseal(0x100000000000, 0x4000, 0)\n"
                                    "munmap(0x100000000000, 0x1000)\n");
  EXPECT_EQ(met(meetings, "mseal", "munmap"), 0U);
}

TEST(Meetings, WhatIsUnmappedIsGoneAndWhatIsMovedHasMoved) {
  const auto gone = meetings_of(kMap +
                                "mlock(0x100000000000, 0x4000)\n"
                                "munmap(0x100000000000, 0x4000)\n" +
                                kMap + "munlock(0x100000001000, 0x1000)\n");
  EXPECT_EQ(met(gone, "mlock", "munlock"), 0U);
  EXPECT_EQ(met(gone, "munmap", "mmap private anon"), 1U);
  const auto moved =
      meetings_of(kMap +
                  "mlock(0x100000000000, 0x4000)\n"
                  "mremap(0x100000000000, 0x4000, 0x4000, MREMAP_MAYMOVE|MREMAP_FIXED, "
                  "0x100000010000)\n"
                  "munlock(0x100000011000, 0x1000)\n");
  EXPECT_EQ(met(moved, "mlock", "munlock"), 1U);
}

TEST(Meetings, WhatIsMappedTwiceIsWhereItWasToo) {
  const auto meetings = meetings_of(
      "mmap(0x100000000000, 0x4000, PROT_READ, MAP_SHARED|MAP_FIXED, memfd:0, 0)\n"
      "mlock(0x100000002000, 0x1000)\n"
      "mremap(0x100000000000, 0, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000010000)\n"
      "munlock(0x100000000000, 0x1000)\n"
      "mseal(0x100000010000, 0x1000, 0)\n");
  // The two adjoin at the source alone.
  EXPECT_EQ(met(meetings, "mlock", "mremap of shared memory, twice"), 1U);
  EXPECT_EQ(met(meetings, "mremap of shared memory, twice", "munlock"), 1U);
  EXPECT_EQ(met(meetings, "mremap of shared memory, twice", "mseal"), 1U);
  EXPECT_EQ(met(meetings, "mmap memfd shared", "mseal"), 1U);
}

TEST(Meetings, AChildMeetsWhatItInheritedAndAnExecEndsIt) {
  const auto meetings =
      meetings_of(kMap +
                  "mlock(0x100000000000, 0x1000)\n"
                  "fork()\n"
                  "[pid 1] munlock(0x100000000000, 0x1000)\n"
                  "[pid 1] exec()\n" +
                  "[pid 1] " + kMap + "[pid 1] mlock2(0x100000000000, 0x1000, 0)\n");
  EXPECT_EQ(met(meetings, "mlock", "munlock"), 1U);
  EXPECT_EQ(met(meetings, "fork", "munlock"), 1U);
  EXPECT_EQ(met(meetings, "mlock", "mlock2"), 0U);
  EXPECT_EQ(met(meetings, "exec", "mlock2"), 1U);
}

TEST(Meetings, ThreeFamiliesMeetInACallThatTouchesTwoOthers) {
  const auto meetings = meetings_of(kMap +
                                    "mlock(0x100000000000, 0x1000)\n"
                                    "mseal(0x100000000000, 0x1000, 0)\n");
  EXPECT_EQ(meetings.triple({Family::kSeal, Family::kMap, Family::kLock}), 1U);
  EXPECT_EQ(meetings.triple({Family::kSeal, Family::kMap, Family::kMove}), 0U);
}

TEST(Meetings, ACallThatDiffersInOneArgumentIsARepetition) {
  const auto meetings = meetings_of(kMap +
                                    "madvise(0x100000000000, 0x1000, MADV_DONTFORK)\n"
                                    "madvise(0x100000000000, 0x1000, MADV_DOFORK)\n"
                                    "madvise(0x100000000000, 0x2000, MADV_RANDOM)\n");
  const std::size_t madvise = spec::Syscall{spec::Madvise{}}.index();
  EXPECT_EQ(meetings.repetition(madvise, 2), 1U);
  EXPECT_EQ(meetings.repetition(madvise, 0), 0U);
  EXPECT_EQ(meetings.repetition(madvise, 1), 0U);
}

TEST(Meetings, SumsAdd) {
  const auto meetings = meetings_of(kMap + "mlock(0x100000000000, 0x1000)\n");
  Meetings sum;
  sum.add(meetings);
  sum.add(meetings);
  sum.add({});
  EXPECT_EQ(met(sum, "mmap private anon", "mlock"), 2U);
  EXPECT_EQ(sum.calls(), 4U);
}

TEST(Meetings, WhatCannotMeetHasAReasonAndIsNotAskedFor) {
  for (const auto& one : unmeetable_pairs()) {
    EXPECT_FALSE(one.reason.empty());
    for (const std::string_view name : {one.first, one.second}) {
      EXPECT_TRUE(name.empty() || std::ranges::find(shapes(), name, &Shape::name) != shapes().end())
          << name;
    }
    for (const Pair& pair : meetable_pairs()) {
      const bool covered = (one.first.empty() || one.first == shapes()[pair.first].name) &&
                           (one.second.empty() || one.second == shapes()[pair.second].name);
      EXPECT_FALSE(covered) << text(pair);
    }
  }
}

/// How many pairs and triples are met by so many sequences: far more than before meetings were
/// planned (42 % and 78 %, measured).
TEST(Meetings, MostPairsAndTriplesMeetInAFewThousandSequences) {
  const auto options = generator_options();
  const auto system = impl::make_implementation(spec::profile_named("linux-6.18").value());
  Meetings meetings;
  spec::Sequence sequence;
  std::vector<spec::Outcome> outcomes;
  for (std::uint64_t i = 0; i < 6000; ++i) {
    generate(sequence_seed(5, i), options, sequence);
    ASSERT_TRUE(system->start(options.setup));
    outcomes.clear();
    for (const auto& step : sequence) outcomes.push_back(system->apply(step.process, step.call));
    meetings.note(sequence, outcomes, options.setup);
  }
  const auto pairs = std::ranges::count_if(meetable_pairs(), [&](const Pair& pair) {
    return meetings.pair(pair.first, pair.second) > 0;
  });
  const auto triples = std::ranges::count_if(
      meetable_triples(), [&](const auto& families) { return meetings.triple(families) > 0; });
  RecordProperty("pairs", std::to_string(pairs));
  RecordProperty("triples", std::to_string(triples));
  EXPECT_GT(pairs * 100, std::ssize(meetable_pairs()) * 70) << pairs;
  EXPECT_GT(triples * 100, std::ssize(meetable_triples()) * 85) << triples;
}

TEST(MeetingPlan, NeedsNothingThatIsNotOffered) {
  auto options = generator_options();
  options.file_classes = {};
  options.ksm_calls = false;
  Random random{3};
  for (int i = 0; i < 3000; ++i) {
    Sketch sketch;
    Motif motif;
    MeetingRoom room{
        .brk = 0x20020000, .place = 0x7ffff7fff000, .may_fork = false, .may_exec = false};
    motif.plan_meeting(random, sketch, options, room);
    EXPECT_FALSE(sketch.empty());
    while (const auto call = motif.next()) {
      EXPECT_FALSE(std::holds_alternative<spec::Fork>(*call));
      EXPECT_FALSE(std::holds_alternative<spec::Exec>(*call));
      EXPECT_FALSE(std::holds_alternative<spec::Prctl>(*call));
      EXPECT_FALSE(spec::unmodelled_reason(*call));
      const auto* mmap = std::get_if<spec::Mmap>(&*call);
      EXPECT_TRUE(mmap == nullptr || mmap->file.is_none());
    }
  }
}

TEST(Variation, ChangesOnePartAndStaysWithinWhatIsModelled) {
  Random random{9};
  const spec::Mbind bind{.addr = page(1),
                         .length = page(2) - page(1),
                         .mode = spec::kMpolBind,
                         .mode_flags = spec::kMpolStaticNodes,
                         .nodes = 1,
                         .flags = 0};
  std::map<std::string, int> changed;
  for (int i = 0; i < 2000; ++i) {
    spec::Syscall call = bind;
    change_one_part(call, random);
    EXPECT_FALSE(spec::unmodelled_reason(call));
    const auto& now = std::get<spec::Mbind>(call);
    const int parts = (now.addr != bind.addr ? 1 : 0) + (now.length != bind.length ? 1 : 0) +
                      (now.mode != bind.mode ? 1 : 0) +
                      (now.mode_flags != bind.mode_flags ? 1 : 0) +
                      (now.nodes != bind.nodes ? 1 : 0) + (now.flags != bind.flags ? 1 : 0);
    EXPECT_LE(parts, 1);
    if (now.nodes != bind.nodes) ++changed["nodes"];
    if (now.mode != bind.mode) ++changed["mode"];
    if (now.mode_flags != bind.mode_flags) ++changed["mode flags"];
    if (now.length != bind.length) ++changed["length"];
  }
  EXPECT_EQ(changed.size(), 4U);
}

TEST(Variation, BesideIsWhereTheRangeEndsOrBegins) {
  Random random{9};
  for (int i = 0; i < 50; ++i) {
    spec::Syscall call = spec::Mseal{page(8), page(2) - page(0), 0};
    move_beside(call, random);
    const auto at = std::get<spec::Mseal>(call).addr;
    EXPECT_TRUE(at == page(10) || at == page(6));
  }
}

}  // namespace
}  // namespace vmadiff::properties
