// properties: a greedy walk down the shrink tree.
#include "properties/minimize.h"

#include <cstdint>
#include <unordered_set>
#include <utility>

#include "properties/random.h"
#include "properties/shrink.h"

namespace vmadiff::properties {
namespace {

/// A number for "this very sequence", to skip what was tried. A collision loses one candidate.
class Digest {
 public:
  explicit Digest(const spec::Sequence& sequence) {
    for (const spec::Step& step : sequence) {
      add(step.process);
      add(step.call.index());
      std::visit([this](const auto& call) { of(call); }, step.call);
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void of(const spec::Mmap& c) {
    add(c.addr), add(c.length), add(c.prot), add(c.flags);
    add(static_cast<std::uint64_t>(c.file.cls)), add(c.file.number), add(c.offset);
  }
  void of(const spec::Munmap& c) { add(c.addr), add(c.length); }
  void of(const spec::Mprotect& c) { add(c.addr), add(c.length), add(c.prot); }
  void of(const spec::Brk& c) { add(c.addr); }
  void of(const spec::Madvise& c) {
    add(c.addr), add(c.length), add(static_cast<std::uint64_t>(c.advice));
  }
  void of(const spec::Prctl& c) {
    add(c.option), add(c.arg2), add(c.arg3), add(c.arg4), add(c.arg5);
  }
  void of(const spec::Touch& c) {
    add(c.addr), add(c.length), add(static_cast<std::uint64_t>(c.access));
  }
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
    while (step_down()) {
    }
    return std::move(best_);
  }

 private:
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
    return runs_ >= budget_.runs_max || faulted_ || (budget_.interrupted && budget_.interrupted());
  }

  bool try_candidate(const spec::Sequence& candidate) {
    if (!seen_.insert(Digest{candidate}.value()).second) return false;
    ++runs_;
    auto found = checker_.recheck(candidate, Observation::kEveryStep);
    if (!found) {
      faulted_ = true;
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
  bool faulted_ = false;
};

}  // namespace

Finding minimize(Checker& checker, Finding finding, const MinimizeBudget& budget) {
  return Search{checker, std::move(finding), budget}.run();
}

}  // namespace vmadiff::properties
