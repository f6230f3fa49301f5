// properties: what is left after a run, and by which call.
#include "properties/leftovers.h"

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "properties/claims/left_committed.h"

namespace vmadiff::properties {
namespace {

using Left = std::expected<std::int64_t, spec::ToolFault>;

/// Runs prefixes of one sequence on one system.
class Blame {
 public:
  Blame(spec::System& system, const spec::Sequence& sequence, const Rules& rules)
      : system_(system), sequence_(sequence), rules_(rules) {}

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
    const auto left = system_.left_committed();
    if (!left) return std::unexpected(left.error());
    // Counted where the whole sequence was run, and nowhere else.
    ExemptionCounts uncounted;
    const auto pages = left->value_or(0);
    const bool is_known =
        pages == 0 || is_excused(pages, known_leaks(rules_.profile, calls, outcomes), uncounted);
    return is_known ? 0 : pages;
  }

 private:
  spec::System& system_;
  const spec::Sequence& sequence_;
  const Rules& rules_;
};

Observed observed(const spec::System& system, std::size_t step, std::int64_t left, View view) {
  return {Claim::kNothingStaysCommitted,
          step,
          fmt::format("{}: {}", system.name(), explain_left(left)),
          left < 0 ? "fewer" : "more",
          {std::move(view)}};
}

}  // namespace

ObservedResult check_leftovers(spec::System& system, const spec::Sequence& sequence,
                               std::span<const spec::Outcome> outcomes, const Rules& rules) {
  if (!rules.selection.has(Claim::kNothingStaysCommitted) || !system.observes().committed ||
      sequence.empty() || outcomes.empty())
    return std::nullopt;
  const auto left = system.left_committed();
  if (!left) return std::unexpected(left.error());
  const auto pages = left->value_or(0);
  if (pages == 0 ||
      is_excused(pages, known_leaks(rules.profile, sequence, outcomes), rules.exemptions))
    return std::nullopt;
  Blame blame{system, sequence, rules};
  const auto count = blame.shortest();
  if (!count) return std::unexpected(count.error());
  View view;
  const auto again = blame.after(*count, &view);
  if (!again) return std::unexpected(again.error());
  if (*again != 0) return observed(system, *count - 1, *again, std::move(view));
  // What does not show again was there all the same.
  view.outcome = outcomes.back();
  return observed(system, sequence.size() - 1, pages, std::move(view));
}

}  // namespace vmadiff::properties
