// cli: spans of profiles, as a trace's "# holds:" says them: from which release to which its
// results are as written.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::cli {

/// Reads spans that commas separate: "A" is that profile alone, "A to B" both and all between them,
/// "A on" A and all after it, in the order of spec::profiles(). The names of all that are in one of
/// them, each once, in that order. The error says what is wrong and what would be right.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> read_profile_spans(
    std::string_view text);

/// The other way: the spans of profiles that are named, "A to B, C on". Requires names of profiles.
[[nodiscard]] std::string profile_spans_text(const std::vector<std::string>& names);

}  // namespace vmadiff::cli
