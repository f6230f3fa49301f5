// reports: the tables of meetings.
#include "reports/meetings.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmadiff::reports {
namespace {

/// So many of the rarest are shown; of those that are too rare, more.
constexpr std::size_t kShown = 10;
constexpr std::size_t kShownBelow = 60;

template <typename Cells, typename Count>
MeetingTable table(std::string_view kind, std::uint64_t once_in_calls, std::uint64_t calls,
                   const Cells& cells, const Count& count) {
  MeetingTable out{kind, once_in_calls, cells.size(), 0, 0, {}};
  std::vector<std::pair<std::uint64_t, std::size_t>> counts;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::uint64_t met = count(cells[i]);
    counts.emplace_back(met, i);
    if (met == 0) ++out.never;
    if (met * once_in_calls < calls) ++out.below;
  }
  std::ranges::sort(counts);
  const std::size_t shown = std::clamp<std::size_t>(out.below, kShown, kShownBelow);
  for (std::size_t i = 0; i < std::min(shown, counts.size()); ++i) {
    out.rarest.push_back({properties::text(cells[counts[i].second]), counts[i].first});
  }
  return out;
}

}  // namespace

std::vector<MeetingTable> meeting_tables(const properties::Meetings& meetings) {
  const auto calls = meetings.calls();
  return {
      table("pairs of calls", properties::kPairOnceInCalls, calls, properties::meetable_pairs(),
            [&](const auto& pair) { return meetings.pair(pair.first, pair.second); }),
      table("triples of families", properties::kTripleOnceInCalls, calls,
            properties::meetable_triples(),
            [&](const auto& families) { return meetings.triple(families); }),
      table("one argument changed", properties::kPairOnceInCalls, calls,
            properties::meetable_repetitions(),
            [&](const auto& one) { return meetings.repetition(one.call, one.argument); }),
  };
}

std::string text(const properties::Meetings& meetings) {
  std::string out = fmt::format("meetings             in {} calls\n", meetings.calls());
  for (const MeetingTable& table : meeting_tables(meetings)) {
    out += fmt::format("{:<20} {}; rarer than one in {}: {}, never: {}; the rarest:\n", table.kind,
                       table.can_meet, table.once_in_calls, table.below, table.never);
    for (const auto& [what, count] : table.rarest) out += fmt::format("  {:<60} {}\n", what, count);
  }
  return out;
}

}  // namespace vmadiff::reports
