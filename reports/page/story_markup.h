// reports/page: how does one look at it? This file: a story as HTML: its texts, its calls, and of
// the layouts the first, the one where it shows and the last. The script draws the others from the
// data that stands beside them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reports/page/story.h"

namespace vmadiff::reports {

enum class Detail : std::uint8_t {
  kFull,
  kTextOnly,  ///< no layouts and no data: the file of the trace is named instead
};

/// The inside of a story's element. `id` is the element's: letters and digits.
[[nodiscard]] std::string story_markup(const Story& story, std::string_view id, Detail detail);

/// What became of it, in a few words: "2 systems agree", "differs at call 3".
[[nodiscard]] std::string outcome_text(const Story& story);

/// A list of names and values.
[[nodiscard]] std::string facts_markup(
    const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace vmadiff::reports
