// kernel: what apt says, read.
#include "kernel/store/apt_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vmadiff::kernel {
namespace {

constexpr std::string_view kError = "E: ";

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

bool is_about(std::string_view line, const DebianSuite& suite) {
  return std::ranges::any_of(
      std::array{suite.mirror, shown(suite.mirror)}, [&](const auto& mirror) {
        return line.contains(fmt::format("{} {} ", mirror, suite.name)) ||
               line.contains(fmt::format("{}/dists/{}/", mirror, suite.name));
      });
}

/// Why an error means that a suite is left out; empty where it does not.
std::string reason_in(std::string_view line, std::string_view keyring) {
  if (line.contains("does not have a Release file")) return "the mirror does not have it";
  if (line.contains("is not signed") || line.contains("is no longer signed") ||
      line.contains("signature"))
    return fmt::format(
        "not signed by a key of {} (a newer package debian-archive-keyring may "
        "know it)",
        keyring);
  return {};
}

}  // namespace

std::optional<int> percent_in(std::string_view line) {
  // dlstatus:COUNT:PERCENT:what it does
  constexpr std::string_view kStatus = "dlstatus:";
  if (!line.starts_with(kStatus)) return std::nullopt;
  const auto colon = line.find(':', kStatus.size());
  if (colon == std::string_view::npos) return std::nullopt;
  int percent = 0;
  const auto* const begin = line.data() + colon + 1;
  const auto read = std::from_chars(begin, line.data() + line.size(), percent);
  if (read.ec != std::errc{} || percent < 0 || percent > 100) return std::nullopt;
  return percent;
}

std::vector<RefusedSuite> refused_in(std::string_view errors, std::span<const DebianSuite> suites,
                                     std::string_view keyring) {
  std::vector<RefusedSuite> refused;
  for (const DebianSuite& suite : suites) {
    for (const auto line : lines_of(errors)) {
      if (!line.starts_with(kError) || !is_about(line, suite)) continue;
      auto reason = reason_in(line, keyring);
      if (reason.empty()) continue;
      refused.push_back({suite, std::move(reason)});
      break;
    }
  }
  return refused;
}

std::string first_error_in(std::string_view errors) {
  const auto lines = lines_of(errors);
  const auto at = std::ranges::find_if(lines, [](auto line) { return line.starts_with(kError); });
  if (at != lines.end()) return std::string{at->substr(kError.size())};
  return lines.empty() ? "it says nothing" : std::string{lines.back()};
}

}  // namespace vmadiff::kernel
