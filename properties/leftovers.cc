// properties: what is left after a run, and by which call.
#include "properties/leftovers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "properties/claims/left_committed.h"
#include "properties/claims/left_in_pool.h"

namespace vmadiff::properties {
namespace {

using Left = std::expected<std::int64_t, spec::ToolFault>;

/// One thing that can be left, once the calls are made: how much, 0 where that is excused.
using Ask = Left (*)(spec::System& system, std::span<const spec::Step> calls,
                     std::span<const spec::Outcome> outcomes, const Rules& rules,
                     ExemptionCounts& exemptions);

Left ask_committed(spec::System& system, std::span<const spec::Step> calls,
                   std::span<const spec::Outcome> outcomes, const Rules& rules,
                   ExemptionCounts& exemptions) {
  const auto left = system.left_committed();
  if (!left) return std::unexpected(left.error());
  const auto pages = left->value_or(0);
  const bool is_known =
      pages == 0 || is_excused(pages, known_leaks(rules.profile, calls, outcomes), exemptions);
  return is_known ? 0 : pages;
}

Left ask_reserved(spec::System& system, std::span<const spec::Step> calls,
                  std::span<const spec::Outcome> outcomes, const Rules& rules,
                  ExemptionCounts& exemptions) {
  if (!rules.setup.has_huge_pages()) return 0;
  const auto left = system.left_in_pool();
  if (!left) return std::unexpected(left.error());
  return lost_huge_pages(left->value_or(spec::HugePages{}), calls, outcomes, exemptions);
}

Left ask_allocated(spec::System& system, std::span<const spec::Step> /*calls*/,
                   std::span<const spec::Outcome> /*outcomes*/, const Rules& /*rules*/,
                   ExemptionCounts& /*exemptions*/) {
  const auto left = system.left_allocated();
  if (!left) return std::unexpected(left.error());
  return left->value_or(0);
}

struct Question {
  Claim claim;
  bool spec::Observes::* is_seen;
  Ask ask;
  std::string (*explain)(std::int64_t left);
};
constexpr std::array kQuestions{
    Question{Claim::kNothingStaysCommitted, &spec::Observes::committed, ask_committed,
             explain_left},
    Question{Claim::kNothingStaysReserved, &spec::Observes::huge_pages, ask_reserved, explain_lost},
    Question{Claim::kNothingStaysAllocated, &spec::Observes::allocated, ask_allocated,
             explain_allocated},
};

/// Runs prefixes of one sequence on one system.
class Blame {
 public:
  Blame(spec::System& system, const spec::Sequence& sequence, const Rules& rules,
        const Question& question)
      : system_(system), sequence_(sequence), rules_(rules), question_(question) {}

  /// How many calls it takes until something is left that is not excused; not after one fewer.
  std::expected<std::size_t, spec::ToolFault> shortest() {
    std::size_t clean = 0;
    std::size_t leaky = sequence_.size();
    // Of a small sequence it is the last call.
    std::size_t middle = leaky - 1;
    while (leaky - clean > 1) {
      const auto left = after(middle);
      if (!left) return std::unexpected(left.error());
      (*left != 0 ? leaky : clean) = middle;
      middle = clean + (leaky - clean) / 2;
    }
    return leaky;
  }

  /// What is left after so many calls, 0 if that is excused, and the view of the last of them.
  Left after(std::size_t count, View* view = nullptr) {
    if (auto started = system_.start(rules_.setup); !started)
      return std::unexpected(started.error());
    const auto calls = std::span{sequence_}.first(count);
    std::vector<spec::Outcome> outcomes;
    system_.apply_all(calls, outcomes);
    if (view != nullptr) {
      *view = {std::string{system_.name()}, outcomes.back(), {}, system_.observes()};
      if (outcomes.back().is_death()) return 0;
      if (auto seen = system_.snapshot(calls.back().process, view->snapshot); !seen)
        return std::unexpected(seen.error());
    }
    // Counted where the whole sequence was run, and nowhere else.
    ExemptionCounts uncounted;
    return question_.ask(system_, calls, outcomes, rules_, uncounted);
  }

 private:
  spec::System& system_;
  const spec::Sequence& sequence_;
  const Rules& rules_;
  const Question& question_;
};

ObservedResult check(spec::System& system, const spec::Sequence& sequence,
                     std::span<const spec::Outcome> outcomes, const Rules& rules,
                     const Question& question) {
  const auto left = question.ask(system, sequence, outcomes, rules, rules.exemptions);
  if (!left) return std::unexpected(left.error());
  if (*left == 0) return std::nullopt;
  const auto observed = [&](std::size_t step, std::int64_t amount, View view) {
    return Observed{question.claim,
                    step,
                    fmt::format("{}: {}", system.name(), question.explain(amount)),
                    amount < 0 ? "fewer" : "more",
                    {std::move(view)}};
  };
  Blame blame{system, sequence, rules, question};
  const auto count = blame.shortest();
  if (!count) return std::unexpected(count.error());
  View view;
  const auto again = blame.after(*count, &view);
  if (!again) return std::unexpected(again.error());
  if (*again != 0) return observed(*count - 1, *again, std::move(view));
  // What does not show again was there all the same.
  view.outcome = outcomes.back();
  return observed(sequence.size() - 1, *left, std::move(view));
}

/// It died when its processes ended, of what they were.
Observed death_at_the_end(const spec::System& system, const spec::Sequence& sequence,
                          std::span<const spec::Outcome> outcomes) {
  const auto last = sequence.size() - 1;
  View view{std::string{system.name()}, outcomes.back(), {}, system.observes()};
  return {Claim::kSystemSurvives,
          last,
          fmt::format("{} died when its processes ended behind {}: {}", system.name(),
                      spec::name(sequence[last].call), system.death_note()),
          fmt::format("at the end, {}", reason_of(system.death_note())),
          {std::move(view)},
          std::string{system.death_log()}};
}

}  // namespace

bool asks_what_is_left(const Selection& selection) {
  return std::ranges::any_of(
      kQuestions, [&](const Question& question) { return selection.has(question.claim); });
}

ObservedResult check_leftovers(spec::System& system, const spec::Sequence& sequence,
                               std::span<const spec::Outcome> outcomes, const Rules& rules) {
  if (sequence.empty() || outcomes.empty()) return std::nullopt;
  bool is_over = false;  // its processes have ended
  for (const Question& question : kQuestions) {
    if (!rules.selection.has(question.claim) || !(system.observes().*question.is_seen)) continue;
    auto found = check(system, sequence, outcomes, rules, question);
    if (!found || *found) return found;
    is_over = true;
  }
  // Of a machine that dies so the console is looked at, which comes with the next call's death.
  if (!rules.selection.has(Claim::kSystemSurvives) || system.is_remote() ||
      !system.observes().committed)
    return std::nullopt;
  if (!is_over) {
    if (const auto left = system.left_committed(); !left) return std::unexpected(left.error());
  }
  if (system.death_note().empty()) return std::nullopt;
  return death_at_the_end(system, sequence, outcomes);
}

}  // namespace vmadiff::properties
