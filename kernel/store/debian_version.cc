// kernel: the order of Debian's package versions.
#include "kernel/store/debian_version.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace vmadiff::kernel {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

struct Parts {
  std::string_view epoch = "0";
  std::string_view upstream;
  std::string_view revision = "0";
};

Parts parts_of(std::string_view version) {
  Parts parts;
  const auto colon = version.find(':');
  if (colon != std::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  const auto dash = version.rfind('-');
  if (dash != std::string_view::npos) parts.revision = version.substr(dash + 1);
  parts.upstream = version.substr(0, dash);
  return parts;
}

/// ~, then the end and digits, then letters, then all else.
int rank(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return 0;
  const auto c = static_cast<unsigned char>(text.front());
  if (c == '~') return -1;
  return std::isalpha(c) != 0 ? c : c + 256;
}

std::string_view take_number(std::string_view& text) {
  const auto zeros = std::ranges::find_if(text, [](char c) { return c != '0'; });
  text.remove_prefix(static_cast<std::size_t>(zeros - text.begin()));
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  return number;
}

std::strong_ordering compare_part(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while (rank(a) != 0 || rank(b) != 0) {
      if (rank(a) != rank(b)) return rank(a) <=> rank(b);
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const auto left = take_number(a);
    const auto right = take_number(b);
    if (left.size() != right.size()) return left.size() <=> right.size();
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_debian_versions(std::string_view a, std::string_view b) {
  const auto left = parts_of(a);
  const auto right = parts_of(b);
  for (const auto& [x, y] : {std::pair{left.epoch, right.epoch}, {left.upstream, right.upstream}}) {
    if (const auto order = compare_part(x, y); order != std::strong_ordering::equal) return order;
  }
  return compare_part(left.revision, right.revision);
}

std::string_view upstream_of(std::string_view version) { return parts_of(version).upstream; }

}  // namespace vmadiff::kernel
