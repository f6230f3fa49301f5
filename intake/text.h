// intake: looking at characters, whatever the format.
#pragma once

#include <string_view>

namespace vmadiff::intake {

/// Whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Without blanks and carriage returns at either end.
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace vmadiff::intake
