// properties: a greedy walk down the shrink tree.
#include "properties/shrink/minimize.h"

#include <cstdint>
#include <span>
#include <unordered_set>
#include <utility>

#include "properties/generate/random.h"
#include "properties/shrink/shrink.h"
#include "spec/setup_text.h"
#include "spec/word_fields.h"

namespace vmadiff::properties {
namespace {

/// A number for "this very sequence", to skip what was tried. A collision loses one candidate.
class Digest : public spec::WordFields<Digest> {
 public:
  explicit Digest(const spec::Sequence& sequence) {
    for (const spec::Step& step : sequence) {
      add(step.process);
      add(step.call.index());
      visit_fields(step.call, *this);
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

  void file(spec::FileId f) {
    add(static_cast<std::uint64_t>(f.cls));
    add(f.number);
  }
  void vma_name(spec::VmaName n) { add(n.digest()); }

 private:
  friend spec::WordFields<Digest>;
  void add(std::uint64_t x) { value_ = mix(value_ ^ x) + 0x9e3779b97f4a7c15ULL; }

  std::uint64_t value_ = 0;
};

class Search {
 public:
  Search(Checker& checker, Finding finding, const MinimizeBudget& budget)
      : checker_(checker), best_(std::move(finding)), budget_(budget) {}

  Finding run() {
    // What does not show again cannot be made smaller.
    if (!try_candidate(best_.sequence)) {
      best_.reproducible = faulted_;
      return std::move(best_);
    }
    best_.shrinks = 0;
    // What is set up for nothing goes first, and again when less of the sequence is left to need
    // it.
    do {
      while (set_up_less()) {
      }
      while (step_down()) {
      }
    } while (set_up_less());
    return std::move(best_);
  }

 private:
  /// One value of the set-up set back to the canonical one, where the finding stays.
  bool set_up_less() {
    const spec::Setup present = best_.setup;
    for (spec::Setup& setup : plainer_than(present)) {
      if (is_over()) break;
      checker_.begin_in(std::move(setup));
      // In another set-up nothing was tried yet.
      seen_.clear();
      if (try_candidate(best_.sequence)) return true;
    }
    checker_.begin_in(present);
    return false;
  }

  [[nodiscard]] std::vector<spec::Setup> plainer_than(const spec::Setup& present) const {
    if (checker_.can_begin_elsewhere()) return spec::plainer_setups(present);
    if (!budget_.plainest || spec::setup_text(present, *budget_.plainest).empty()) return {};
    return {*budget_.plainest};
  }

  bool step_down() {
    auto candidates = simpler(best_.sequence, Landmarks::of(best_.setup));
    while (!is_over()) {
      auto candidate = candidates.next();
      if (!candidate) return false;
      if (try_candidate(*candidate)) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_over() const {
    return runs_ >= budget_.runs_max || calls_ >= budget_.calls_max || faulted_ ||
           (budget_.interrupted && budget_.interrupted());
  }

  bool try_candidate(const spec::Sequence& candidate) {
    if (!seen_.insert(Digest{candidate}.value()).second) return false;
    ++runs_;
    calls_ += candidate.size();
    auto found = checker_.recheck(candidate, Observation::kEveryStep);
    if (!found) {
      faulted_ = !found.error().passes;
      return false;
    }
    if (!*found || (*found)->claim != best_.claim) return false;
    Finding next = std::move(**found);
    next.run_seed = best_.run_seed;
    next.sequence_seed = best_.sequence_seed;
    next.shrinks = best_.shrinks + 1;
    best_ = std::move(next);
    return true;
  }

  Checker& checker_;
  Finding best_;
  const MinimizeBudget& budget_;
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t runs_ = 0;
  std::uint64_t calls_ = 0;
  bool faulted_ = false;
};

}  // namespace

spec::Sequence smallest(spec::Sequence sequence, const spec::Setup& setup,
                        const std::function<bool(const spec::Sequence&)>& shows,
                        const MinimizeBudget& budget) {
  std::unordered_set<std::uint64_t> seen;
  std::uint64_t runs = 0;
  for (bool is_smaller = true; is_smaller;) {
    is_smaller = false;
    auto candidates = simpler(sequence, Landmarks::of(setup));
    while (!is_smaller && runs < budget.runs_max && !(budget.interrupted && budget.interrupted())) {
      auto candidate = candidates.next();
      if (!candidate) break;
      if (!seen.insert(Digest{*candidate}.value()).second) continue;
      ++runs;
      is_smaller = shows(*candidate);
      if (is_smaller) sequence = *std::move(candidate);
    }
  }
  return sequence;
}

Finding minimize(Checker& checker, Finding finding, const MinimizeBudget& budget) {
  return Search{checker, std::move(finding), budget}.run();
}

}  // namespace vmadiff::properties
