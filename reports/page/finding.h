// reports/page: how does one look at it? This file: a finding as a story. It is read from its JSON
// (reports/json.h), whether that comes from a file or was made just now. What a file holds may be
// anything: what is missing or odd is refused by name.
#pragma once

#include <cstddef>
#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/page/story.h"
#include "spec/sequence.h"

namespace vmadiff::reports {

struct ReadFinding {
  Story head;           ///< all but the steps
  std::string profile;  ///< as text (spec/profile_text.h); not yet read
  std::string setup;    ///< as text (spec/setup_text.h); not yet read
  spec::Sequence sequence;
  std::size_t step = 0;          ///< where it shows: a place in the sequence, which is not empty
  std::vector<SeenState> views;  ///< after that step, the expected one first
};

/// The error says what is wrong with it, in one line.
[[nodiscard]] std::expected<ReadFinding, std::string> read_finding(
    const nlohmann::ordered_json& json);

/// The story, with what a system gave in the calls before the one in which it shows: `before[i]`
/// belongs to the step i. What is not there is not shown.
[[nodiscard]] Story story_of(ReadFinding finding, std::vector<std::vector<SeenState>> before);

/// What a step's call names: one range, or mremap's two; none that is absurd.
[[nodiscard]] std::vector<spec::Range> ranges_named_by(const spec::Syscall& call);

}  // namespace vmadiff::reports
