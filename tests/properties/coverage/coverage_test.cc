// tests/properties: which cell a step is in, and that the table of cells is sound.
#include "properties/coverage/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "../support.h"

namespace vmadiff::properties {
namespace {

using spec::Errno;
using spec::Outcome;
using spec::Snapshot;
using spec::Vma;

constexpr spec::VmFlags kWritable =
    spec::kVmRead | spec::kVmWrite | spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;

Vma mapped(std::uint64_t first, std::uint64_t last, spec::VmFlags flags = kWritable) {
  return {page(first), page(last), flags, page(first) >> spec::kPageShift, {}, 0, 0};
}

Snapshot state(std::vector<Vma> vmas, bool merge_any = false) {
  return {
      .vmas = std::move(vmas), .counters = {}, .brk = 0, .merge_any = merge_any, .huge_pages = {}};
}

constexpr std::size_t index_of(const spec::Syscall& call) { return call.index(); }

class CoverageOfASteps : public testing::Test {
 protected:
  void step(const spec::Syscall& call, Outcome outcome, const Snapshot& before,
            const Snapshot& after) {
    coverage_.note(call, outcome, before, after, setup_);
    coverage_.note_arguments(call, outcome);
  }
  static spec::Mmap mmap(std::uint64_t first, std::uint64_t last) {
    return {.addr = page(first),
            .length = page(last) - page(first),
            .prot = 0,
            .flags = spec::kMapFixed,
            .file = {},
            .offset = 0};
  }
  spec::Setup setup_ = spec::Setup::standard();
  Coverage coverage_;
};

TEST_F(CoverageOfASteps, AnErrorIsAResultAndNoMerge) {
  step(mmap(0, 1), Outcome::fail(Errno::kENOMEM), state({}), state({}));
  const auto result = result_index(Outcome::fail(Errno::kENOMEM)).value();
  EXPECT_EQ(result_name(result), "ENOMEM");
  EXPECT_EQ(coverage_.results(index_of(mmap(0, 1)), result), 1U);
  EXPECT_EQ(coverage_.merges(index_of(mmap(0, 1)), MergeOutcome::kNothingThere, KsmMode::kOff), 0U);
}

TEST_F(CoverageOfASteps, AMergeIsToldBySide) {
  const auto call = mmap(1, 2);
  step(call, Outcome::ok(page(1)), state({mapped(0, 1)}), state({mapped(0, 2)}));
  step(call, Outcome::ok(page(1)), state({mapped(2, 3)}), state({mapped(1, 3)}));
  step(call, Outcome::ok(page(1)), state({mapped(0, 1), mapped(2, 3)}), state({mapped(0, 3)}));
  step(call, Outcome::ok(page(1)), state({}), state({mapped(1, 2)}, true));
  for (const auto outcome : {MergeOutcome::kLeft, MergeOutcome::kRight, MergeOutcome::kBoth}) {
    EXPECT_EQ(coverage_.merges(index_of(call), outcome, KsmMode::kOff), 1U) << name(outcome);
  }
  EXPECT_EQ(coverage_.merges(index_of(call), MergeOutcome::kNothingThere, KsmMode::kProcessWide),
            1U);
}

TEST_F(CoverageOfASteps, WhatKeepsNeighboursApartIsNamed) {
  const auto call = mmap(1, 2);
  auto other = mapped(0, 1);
  const auto apart = [&](MergeOutcome why) {
    step(call, Outcome::ok(page(1)), state({other}), state({other, mapped(1, 2)}));
    EXPECT_EQ(coverage_.merges(index_of(call), why, KsmMode::kOff), 1U) << name(why);
    other = mapped(0, 1);
  };
  other.flags |= spec::kVmDontcopy;
  apart(MergeOutcome::kFlags);
  other.flags |= spec::kVmIo;
  apart(MergeOutcome::kSpecial);
  other.file = {spec::FileClass::kMemfd, 0};
  apart(MergeOutcome::kFile);
  other.anon_vma = 1;
  apart(MergeOutcome::kAnonVma);
  other.pgoff += 7;
  apart(MergeOutcome::kOffset);
}

TEST_F(CoverageOfASteps, ABoundaryInsideAChangedRangeThatGoesIsAMerge) {
  const spec::Mprotect call{page(0), page(3) - page(0), spec::kProtRead};
  step(call, Outcome::ok(), state({mapped(0, 1), mapped(1, 3, 0)}), state({mapped(0, 3)}));
  EXPECT_EQ(coverage_.merges(index_of(call), MergeOutcome::kLeft, KsmMode::kOff), 1U);
}

TEST_F(CoverageOfASteps, SumsAdd) {
  step(spec::Munmap{}, Outcome::ok(), state({}), state({}));
  Coverage sum;
  sum.add(coverage_);
  sum.add(coverage_);
  EXPECT_EQ(sum.results(index_of(spec::Munmap{}), 0), 2U);
}

TEST_F(CoverageOfASteps, NamedArgumentsAreCountedByWhatTheCallGave) {
  const Snapshot empty = state({});
  spec::Mmap file = mmap(0, 1);
  file.prot = spec::kProtNone;
  file.flags = spec::kMapPrivate | spec::kMapFixed;
  file.file = {spec::FileClass::kMemfd, 1};
  step(file, Outcome::ok(page(0)), empty, empty);
  file.flags |= spec::kMapAnonymous;  // then the file is ignored
  step(file, Outcome::fail(Errno::kENOMEM), empty, empty);
  const auto& of_mmap = coverage_.arguments().of(index_of(file));
  EXPECT_EQ(of_mmap.at("PROT_NONE").ok, 1U);
  EXPECT_EQ(of_mmap.at("MAP_PRIVATE").failed, 1U);
  EXPECT_EQ(of_mmap.at("memfd").ok, 1U);
  EXPECT_EQ(of_mmap.at("memfd").failed, 0U);
  EXPECT_FALSE(of_mmap.contains("MAP_SHARED"));
  Coverage sum;
  sum.add(coverage_);
  sum.add(coverage_);
  EXPECT_EQ(sum.arguments().of(index_of(file)).at("MAP_PRIVATE").ok, 2U);
}

TEST(CoverageCells, AreAllDifferentAndNameEveryCall) {
  std::set<std::string> texts;
  std::set<std::size_t> calls;
  for (const Cell& cell : meetable_cells()) {
    EXPECT_TRUE(texts.insert(text(cell)).second) << text(cell);
    calls.insert(cell.call);
  }
  EXPECT_EQ(calls.size(), kCallCount);
}

TEST(CoverageCells, WhatCannotBeMetHasAReasonAndIsNotAskedFor) {
  const auto names = spec::call_names();
  for (const Unmeetable& none : unmeetable_cells()) {
    EXPECT_FALSE(none.reason.empty());
    if (!none.call.empty()) {
      EXPECT_NE(std::ranges::find(names, none.call), names.end()) << none.call;
    }
    for (const Cell& cell : meetable_cells()) {
      const bool covered = !cell.result && (none.call.empty() || none.call == names[cell.call]) &&
                           (!none.merge || *none.merge == cell.merge) &&
                           (!none.ksm || *none.ksm == cell.ksm);
      EXPECT_FALSE(covered) << text(cell);
    }
  }
}

}  // namespace
}  // namespace vmadiff::properties
