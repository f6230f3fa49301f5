// reports/page: how does one look at it? This file: text as it may stand in a page. Whatever it is
// (a trace's comment, a path, a guest's console), it stays text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace vmadiff::reports {

/// One line of text, in an element or in an attribute's value with quotes: bytes that steer a
/// terminal or turn the direction of writing are shown as `\xNN` (reports/quoting.h).
[[nodiscard]] std::string markup(std::string_view text);
/// The same of several lines, for a <pre>.
[[nodiscard]] std::string markup_lines(std::string_view text);

/// JSON as the content of a <script>, which nothing in it can end.
[[nodiscard]] std::string script_json(const nlohmann::ordered_json& object);

}  // namespace vmadiff::reports
