// reports: which of what can meet did, and what of it was rarest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "properties/coverage/meetings.h"

namespace vmadiff::reports {

struct MeetingCount {
  std::string text;
  std::uint64_t count = 0;
};

/// One kind of meeting: pairs, triples or repetitions.
struct MeetingTable {
  std::string_view kind;
  std::uint64_t once_in_calls = 0;  ///< none may be rarer than once in so many
  std::uint64_t can_meet = 0;
  std::uint64_t below = 0;
  std::uint64_t never = 0;
  std::vector<MeetingCount> rarest;  ///< ascending by count
};

/// Pairs, triples, repetitions.
[[nodiscard]] std::vector<MeetingTable> meeting_tables(const properties::Meetings& meetings);
[[nodiscard]] std::string text(const properties::Meetings& meetings);

}  // namespace vmadiff::reports
