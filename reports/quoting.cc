// reports: quoting.
#include "reports/quoting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace vmadiff::reports {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

constexpr bool is_tail(unsigned char byte) { return (byte & 0xc0U) == 0x80; }

/// How long the character is that begins with this byte; 0: none does.
constexpr std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/// The first character of a text that is not empty; nothing where it is no UTF-8.
std::optional<Character> first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = length_of(byte(0));
  if (length == 0 || length > text.size()) return std::nullopt;
  if (length == 1) return Character{byte(0), 1};
  std::uint32_t code = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_tail(byte(i))) return std::nullopt;
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kLeastOfThree = 0x800;
  constexpr std::uint32_t kLeastOfFour = 0x10000;
  const bool too_long =
      (length == 3 && code < kLeastOfThree) || (length == 4 && code < kLeastOfFour);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (too_long || surrogate || code > 0x10ffff) return std::nullopt;
  return Character{code, length};
}

/// Whether a terminal obeys it instead of showing it.
constexpr bool steers(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  // What turns the direction of writing, and separates lines.
  return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escaped(std::string_view text, bool keeps_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    const bool is_layout = text[0] == '\n' || text[0] == '\t';
    const std::size_t bytes = character ? character->bytes : 1;
    if (is_layout && keeps_lines) {
      out += text[0];
    } else if (is_layout) {
      out += text[0] == '\n' ? "\\n" : "\\t";
    } else if (!character || steers(character->code)) {
      for (const char c : text.substr(0, bytes)) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

constexpr bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == ':' || c == '=' || c == ',' || c == '+' || c == '@' ||
         c == '%' || c == '-';
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, true); }
std::string printable_line(std::string_view text) { return escaped(text, false); }

std::size_t unfinished_bytes(std::string_view text) {
  const std::size_t longest = std::min<std::size_t>(text.size(), 3);
  for (std::size_t back = 1; back <= longest; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (is_tail(byte)) continue;
    return length_of(byte) > back ? back : 0;
  }
  return 0;
}

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string{text};
  if (printable_line(text) == text) {
    std::string out = "'";
    for (const char c : text) {
      if (c == '\'') {
        out += "'\\''";
      } else {
        out += c;
      }
    }
    return out + "'";
  }
  std::string out = "$'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\') {
      out += fmt::format("\\{}", c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string shell_path(std::string_view path) {
  return shell_word(path.starts_with('-') ? fmt::format("./{}", path) : std::string{path});
}

std::string markup_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string c_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // A question mark could begin a trigraph.
    if (c == '"' || c == '\\' || c == '?') {
      out += fmt::format("\\{}", c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string c_comment_line(std::string_view text) {
  std::string out = printable_line(text);
  // Neither the end of this comment nor the beginning of another, which compilers warn of.
  for (const std::string_view mark : {"*/", "/*"}) {
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark)) {
      out.insert(at + 1, " ");
    }
  }
  // A line that goes on in the next could do it in two steps.
  if (out.ends_with('\\')) out += '.';
  return out;
}

}  // namespace vmadiff::reports
