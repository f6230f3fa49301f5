// compare: bisecting.
#include "compare/bisection.h"

#include <algorithm>
#include <optional>
#include <set>

#include "compare/identity.h"
#include "properties/claims/difference.h"

namespace vmadiff::compare {
namespace {

/// The one nearest to the middle of (good, bad) that was not looked at in vain.
std::optional<std::size_t> next_between(const Bisection& now, const std::set<std::size_t>& vain) {
  const std::size_t middle = now.good + (now.bad - now.good) / 2;
  for (std::size_t away = 0; away < now.bad - now.good; ++away) {
    for (const std::size_t at : {middle - std::min(away, middle), middle + away}) {
      if (at > now.good && at < now.bad && !vain.contains(at)) return at;
    }
  }
  return std::nullopt;
}

bool same_at(const Recording& one, const Recording& other, std::size_t step,
             const spec::Observes& seen) {
  if (step >= one.outcomes.size() || step >= other.outcomes.size() ||
      one.outcomes[step] != other.outcomes[step])
    return false;
  const bool both_looked = step < one.snapshots.size() && step < other.snapshots.size();
  return !both_looked ||
         !properties::difference(one.snapshots[step], other.snapshots[step], seen).has_value();
}

}  // namespace

std::expected<Bisection, process::Refusal> bisect(
    std::size_t count,
    const std::function<std::expected<Likeness, process::Refusal>(std::size_t)>& look) {
  Bisection now{.good = 0, .bad = count - 1};
  std::set<std::size_t> vain;
  while (const auto at = next_between(now, vain)) {
    const auto likeness = look(*at);
    if (!likeness) return std::unexpected(likeness.error());
    switch (*likeness) {
      case Likeness::kGood:
        now.good = *at;
        break;
      case Likeness::kBad:
        now.bad = *at;
        break;
      case Likeness::kNeither:
        vain.insert(*at);
        break;
    }
  }
  return now;
}

Likeness likeness_of(const Recording& run, const Recording& good, const Recording& bad) {
  const auto seen = both(run.observes, both(good.observes, bad.observes));
  if (is_alike(run, good, seen)) return Likeness::kGood;
  if (is_alike(run, bad, seen)) return Likeness::kBad;
  const auto step = first_difference(good, bad, seen);
  if (!step) return Likeness::kNeither;
  const bool is_good = same_at(run, good, *step, seen);
  const bool is_bad = same_at(run, bad, *step, seen);
  if (is_good == is_bad) return Likeness::kNeither;
  return is_good ? Likeness::kGood : Likeness::kBad;
}

}  // namespace vmadiff::compare
