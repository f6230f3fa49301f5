// cli: reading spans of profiles.
#include "cli/profile_spans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "spec/kernel_profile.h"

namespace vmadiff::cli {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty()) return words;
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// Both are in it.
struct Span {
  std::size_t first;
  std::size_t last;
};

std::expected<std::size_t, std::string> place_of(std::string_view name) {
  const auto all = spec::profiles();
  const auto at = std::ranges::find(all, name, &spec::KernelProfile::name);
  if (at == all.end()) {
    return std::unexpected(fmt::format("unknown profile '{}' (vmadiff profiles lists them)", name));
  }
  return static_cast<std::size_t>(at - all.begin());
}

std::expected<Span, std::string> read_span(std::string_view text) {
  const auto words = words_of(text);
  const bool is_open = words.size() == 2 && words[1] == "on";
  const bool is_closed = words.size() == 3 && words[1] == "to";
  if (words.size() != 1 && !is_open && !is_closed) {
    return std::unexpected(
        fmt::format("expected 'PROFILE', 'PROFILE to PROFILE' or 'PROFILE on', got '{}'", text));
  }
  const auto first = place_of(words[0]);
  if (!first) return std::unexpected(first.error());
  if (is_open) return Span{*first, spec::profiles().size() - 1};
  if (!is_closed) return Span{*first, *first};
  const auto last = place_of(words[2]);
  if (!last) return std::unexpected(last.error());
  if (*last < *first) {
    return std::unexpected(fmt::format("'{}' comes after '{}'", words[0], words[2]));
  }
  return Span{*first, *last};
}

}  // namespace

std::expected<std::vector<std::string>, std::string> read_profile_spans(std::string_view text) {
  const auto all = spec::profiles();
  std::vector<bool> is_in(all.size());
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto span = read_span(text.substr(0, comma));
    if (!span) return std::unexpected(span.error());
    for (std::size_t i = span->first; i <= span->last; ++i) is_in[i] = true;
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (is_in[i]) names.emplace_back(all[i].name);
  }
  return names;
}

std::string profile_spans_text(const std::vector<std::string>& names) {
  const auto all = spec::profiles();
  const auto is_in = [&](std::size_t place) {
    return place < all.size() && std::ranges::find(names, all[place].name) != names.end();
  };
  std::string out;
  for (std::size_t first = 0; first < all.size(); ++first) {
    if (!is_in(first)) continue;
    auto last = first;
    while (is_in(last + 1)) ++last;
    out += fmt::format("{}{}", out.empty() ? "" : ", ", all[first].name);
    if (last != first && last + 1 == all.size()) {
      out += " on";
    } else if (last != first) {
      out += fmt::format(" to {}", all[last].name);
    }
    first = last;
  }
  return out;
}

}  // namespace vmadiff::cli
