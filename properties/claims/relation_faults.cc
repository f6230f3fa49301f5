// properties: FailedAllocationsAreSurvived.
//
// Whichever allocation of a call fails, the call answers as for too little memory or goes on
// without; the state is as before, or as a named rule allows (fault_rules.h); the system's own
// structures are well-formed; and the calls that follow work.
// Source: the error paths of mm/vma.c, mm/mmap.c, mm/mremap.c, mm/mlock.c, mm/madvise.c; the fixes
// of what was wrong with them (docs/mutants.md).
// How: the first system without faults says what each call does. On the one with faults the first
// allocation of the call fails, then the second, until it makes no more.
// Not covered: two failures in one call, allocations of pages, and machines with a pool of huge
// pages, of which a call that fails has taken some (docs/open.md).
#include <fmt/format.h>

#include "properties/claims/fault_rules.h"
#include "properties/claims/left_committed.h"
#include "properties/claims/relation.h"

namespace vmadiff::properties {
namespace {

/// More allocations than any call makes.
constexpr std::uint64_t kAllocationsMax = 100'000;

class Ordeal {
 public:
  Ordeal(RelationRoom& room, const spec::Sequence& sequence) : room_(room), sequence_(sequence) {}

  RelationResult run() {
    if (room_.setup->has_huge_pages()) return std::nullopt;
    auto run = record(*room_.authority, *room_.setup, sequence_, room_.first_run);
    if (run) run = restart(0);
    if (!run) return std::unexpected(run.error());
    for (std::size_t i = 0; i < room_.first_run.steps; ++i) {
      auto breach = step(i);
      if (!breach || *breach) return breach;
      if (ended_) break;
    }
    return std::nullopt;
  }

 private:
  using Done = std::expected<void, spec::ToolFault>;

  /// Each allocation of the call fails in turn; in the end the call is made without failures.
  RelationResult step(std::size_t i) {
    spec::System& system = *room_.faulty;
    const spec::Step& step = sequence_[i];
    if (auto seen = system.snapshot(step.process, before_); !seen) {
      return std::unexpected(seen.error());
    }
    for (std::uint64_t number = 1; number < kAllocationsMax; ++number) {
      room_.faults->fail(number);
      const auto outcome = system.apply(step.process, step.call);
      const bool has_failed = room_.faults->cancel();
      if (auto seen = system.snapshot(step.process, room_.scratch); !seen) {
        return std::unexpected(seen.error());
      }
      if (!has_failed) return compare(i, outcome);
      auto survived = judge(i, number, outcome);
      if (!survived) return survived.error();
      if (survived->unchanged) continue;
      if (survived->rule) room_.exemptions->count(*survived->rule);
      if (auto breach = go_on_after(i, number, outcome)) return breach;
      if (auto again = restart(i); !again) return std::unexpected(again.error());
    }
    return std::nullopt;
  }

  std::expected<Survival, RelationBreach> judge(std::size_t i, std::uint64_t number,
                                                const spec::Outcome& outcome) {
    if (outcome.is_death()) {
      return std::unexpected(breach(i, number, outcome, "the system dies", "died"));
    }
    if (const auto broken = room_.faulty->broken_invariant()) {
      return std::unexpected(breach(i, number, outcome, *broken, "structures"));
    }
    auto survived = survival({.call = sequence_[i].call,
                              .before = before_,
                              .outcome = outcome,
                              .after = room_.scratch,
                              .wanted_outcome = room_.first_run.outcomes[i],
                              .wanted = room_.first_run.states[i + 1],
                              .profile = *room_.profile},
                             room_.seen);
    if (!survived) return std::unexpected(breach(i, number, outcome, survived.error(), "state"));
    return *survived;
  }

  /// After failures that left no trace the call does what it does without.
  RelationResult compare(std::size_t i, const spec::Outcome& outcome) {
    if (outcome.is_death()) {
      return breach(i, 0, outcome, "after failures that left no trace the system dies", "died");
    }
    const bool same = outcome == room_.first_run.outcomes[i] &&
                      !difference(room_.first_run.states[i + 1], room_.scratch, room_.seen);
    if (same) return std::nullopt;
    ended_ = true;
    spec::Snapshot with_failures = room_.scratch;
    if (auto again = restart(i); !again) return std::unexpected(again.error());
    const auto without = room_.faulty->apply(sequence_[i].process, sequence_[i].call);
    if (auto seen = room_.faulty->snapshot(sequence_[i].process, room_.scratch); !seen) {
      return std::unexpected(seen.error());
    }
    // Systems that disagree anyway are another claim's.
    if (without == outcome && !difference(room_.scratch, with_failures, room_.seen)) {
      return std::nullopt;
    }
    std::swap(room_.scratch, with_failures);
    return breach(i, 0, outcome,
                  "after failures that left no trace it gives something else than without",
                  "traces");
  }

  /// The calls behind a failure that left something: nobody says what they give, but they must end
  /// well.
  std::optional<RelationBreach> go_on_after(std::size_t i, std::uint64_t number,
                                            const spec::Outcome& outcome) {
    for (std::size_t j = i + 1; j < sequence_.size(); ++j) {
      if (room_.faulty->apply(sequence_[j].process, sequence_[j].call).is_death()) {
        return breach(i, number, outcome,
                      fmt::format("the system dies in call {} behind it", j + 1), "died later");
      }
    }
    if (const auto broken = room_.faulty->broken_invariant()) {
      return breach(i, number, outcome, "calls behind it: " + *broken, "structures later");
    }
    if (!room_.faulty->observes().allocated) return std::nullopt;
    const auto left = room_.faulty->left_allocated();
    if (left && left->value_or(0) != 0)
      return breach(i, number, outcome, explain_allocated(**left), "allocated");
    return std::nullopt;
  }

  /// The state before call `i`, with no failures.
  Done restart(std::size_t i) {
    if (auto started = room_.faulty->start(*room_.setup); !started) return started;
    for (std::size_t j = 0; j < i; ++j) {
      static_cast<void>(room_.faulty->apply(sequence_[j].process, sequence_[j].call));
    }
    return {};
  }

  RelationBreach breach(std::size_t i, std::uint64_t number, const spec::Outcome& outcome,
                        std::string_view what, std::string_view reason) const {
    const auto name = room_.faulty->name();
    const auto call = spec::name(sequence_[i].call);
    return {i,
            number == 0 ? fmt::format("{}: {}", call, what)
                        : fmt::format("allocation {} of {} fails: {}", number, call, what),
            fmt::format("{}", reason),
            View{fmt::format("{}, no failure", room_.authority->name()),
                 room_.first_run.outcomes[i], room_.first_run.states[i + 1], room_.seen},
            View{fmt::format("{}, allocation {} fails", name, number), outcome, room_.scratch,
                 room_.seen}};
  }

  RelationRoom& room_;
  const spec::Sequence& sequence_;
  spec::Snapshot before_;
  bool ended_ = false;
};

}  // namespace

RelationResult failed_allocations_are_survived(RelationRoom& room, const spec::Sequence& sequence) {
  if (room.faulty == nullptr || room.authority == nullptr) return std::nullopt;
  return Ordeal{room, sequence}.run();
}

}  // namespace vmadiff::properties
