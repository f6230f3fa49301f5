// reports: colours on a terminal.
#include "reports/colours.h"

#include <algorithm>
#include <array>

namespace vmadiff::reports {
namespace {

struct Rule {
  std::string_view beginning;
  std::string_view colour;  ///< as the terminal is told (ECMA-48, SGR)
};
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kBoldRed = "\x1b[1;31m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::array kRules{
    Rule{"FINDING:", kBoldRed}, Rule{"FAILED ", kRed}, Rule{"ok      ", kGreen},
    Rule{"skipped ", kYellow},  Rule{"! ", kRed},      Rule{"  ! ", kRed},
    Rule{"    ! ", kRed},       Rule{">>> ", kBold},   Rule{"findings             none", kGreen},
};
constexpr std::size_t kLongest = std::ranges::max(kRules, {}, [](const Rule& rule) {
                                   return rule.beginning.size();
                                 }).beginning.size();

}  // namespace

std::string Colours::coloured(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto piece = text.substr(0, end);
    // Of a line that came in pieces, what is there already stays as it was.
    beginning_ += piece.substr(0, kLongest - std::min(kLongest, beginning_.size()));
    const auto* const rule = std::ranges::find_if(
        kRules, [this](const Rule& r) { return beginning_.starts_with(r.beginning); });
    const bool is_coloured = rule != kRules.end() && !piece.empty();
    if (is_coloured) out += rule->colour;
    out += piece;
    if (is_coloured) out += kPlain;
    if (end == std::string_view::npos) break;
    out += '\n';
    beginning_.clear();
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace vmadiff::reports
