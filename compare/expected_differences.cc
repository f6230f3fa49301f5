// compare: reading a list of expected differences.
#include "compare/expected_differences.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace vmadiff::compare {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::expected<ExpectedDifferences, std::string> read_expected_differences(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  ExpectedDifferences expected;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const auto text = trimmed(line);
    if (text.empty() || text.starts_with('#')) continue;
    const auto equals = text.rfind('=');
    const auto name = trimmed(text.substr(0, equals));
    const auto reason =
        equals == std::string_view::npos ? std::string_view{} : trimmed(text.substr(equals + 1));
    if (name.empty() || reason.empty()) {
      return std::unexpected(fmt::format(
          "{}:{}: expected NAME = REASON, as in 'ksm_early = the patch'", path, number));
    }
    expected.emplace(name, reason);
  }
  return expected;
}

}  // namespace vmadiff::compare
