// properties: what was met, and the few that meet it.
#include "properties/coverage/met.h"

#include <algorithm>
#include <ranges>

namespace vmadiff::properties {
namespace {

std::size_t cells() { return meetable_cells().size(); }
std::size_t pairs() { return meetable_pairs().size(); }
std::size_t triples() { return meetable_triples().size(); }

}  // namespace

std::vector<std::uint32_t> met_by(const Coverage& coverage) {
  std::vector<std::uint32_t> out;
  std::uint32_t number = 0;
  const auto note = [&](std::uint64_t count) {
    if (count != 0) out.push_back(number);
    ++number;
  };
  for (const Cell& cell : meetable_cells()) note(count_of(coverage, cell));
  const Meetings& meetings = coverage.meetings();
  for (const Pair& pair : meetable_pairs()) note(meetings.pair(pair.first, pair.second));
  for (const auto& families : meetable_triples()) note(meetings.triple(families));
  for (const Repetition& repetition : meetable_repetitions())
    note(meetings.repetition(repetition.call, repetition.argument));
  return out;
}

std::string met_text(std::uint32_t met) {
  std::size_t at = met;
  if (at < cells()) return text(meetable_cells()[at]);
  at -= cells();
  if (at < pairs()) return text(meetable_pairs()[at]);
  at -= pairs();
  if (at < triples()) return text(meetable_triples()[at]);
  return text(meetable_repetitions()[at - triples()]);
}

void Distillation::offer(const spec::Sequence& sequence, const std::vector<std::uint32_t>& met) {
  const auto number = offered_++;
  std::size_t better_for = 0;
  for (const std::uint32_t thing : met) {
    const auto [at, is_first] = best_.try_emplace(thing, number);
    if (!is_first) {
      Candidate& before = candidates_.at(at->second);
      if (before.sequence.size() <= sequence.size()) continue;
      if (--before.needed_for == 0) candidates_.erase(at->second);
      at->second = number;
    }
    ++better_for;
  }
  if (better_for != 0) candidates_.emplace(number, Candidate{sequence, met, better_for});
}

std::vector<Distillation::Kept> Distillation::result() const {
  // By length, then in the order in which they were offered.
  std::map<std::pair<std::size_t, std::uint64_t>, const Candidate*> ordered;
  for (const auto& [number, candidate] : candidates_)
    ordered.emplace(std::pair{candidate.sequence.size(), number}, &candidate);
  std::vector<const Candidate*> order;
  for (const auto& [place, candidate] : ordered) order.push_back(candidate);
  std::map<std::uint32_t, std::size_t> times;
  for (const Candidate* one : order)
    for (const std::uint32_t thing : one->met) ++times[thing];
  // The longest are the first that can be done without.
  for (const Candidate*& one : std::views::reverse(order)) {
    const bool is_needed =
        std::ranges::any_of(one->met, [&](std::uint32_t thing) { return times[thing] == 1; });
    if (is_needed) continue;
    for (const std::uint32_t thing : one->met) --times[thing];
    one = nullptr;
  }
  std::vector<Kept> out;
  for (const Candidate* one : order) {
    if (one == nullptr) continue;
    Kept kept{one->sequence, {}};
    std::ranges::copy_if(one->met, std::back_inserter(kept.alone),
                         [&](std::uint32_t thing) { return times[thing] == 1; });
    out.push_back(std::move(kept));
  }
  return out;
}

}  // namespace vmadiff::properties
