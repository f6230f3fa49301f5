// intake: taking a call apart. Commas and parentheses count only where they stand in no string, no
// structure, no path behind a descriptor and no comment.
#include "intake/strace_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "intake/text.h"

namespace vmadiff::intake {
namespace {

/// Behind the string that begins at `at`; the end of the text where it does not end.
std::size_t behind_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

std::size_t behind_comment(std::string_view text, std::size_t at) {
  const auto end = text.find("*/", at + 2);
  return end == std::string_view::npos ? text.size() : end + 2;
}

/// Behind "</a/path>"; strace writes `<` and `>` in a path as numbers, but not those of "a->b" and
/// of the device behind a path ("</dev/pts/0<char 136:0>>").
std::size_t behind_path(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '<') ++depth;
    if (text[at] == '>' && text[at - 1] != '-' && --depth == 0) return at + 1;
  }
  return text.size();
}

/// Whether a path begins here: a `<` right behind a descriptor (a number, or AT_FDCWD), no shift.
bool is_path_at(std::string_view text, std::size_t at) {
  if (text[at] != '<' || at == 0 || at + 1 == text.size() || text[at + 1] == '<') return false;
  return is_digit(text[at - 1]) || text[at - 1] == 'D';
}

/// The arguments, and where the `)` stands behind them; npos where there is none.
struct Parts {
  std::vector<std::string> arguments;
  std::size_t end = std::string_view::npos;
};

/// `text` begins behind the `(`. Each argument without its comments.
Parts split_arguments(std::string_view text) {
  Parts out;
  std::string argument;
  std::vector<char> open;
  const auto finish = [&] {
    out.arguments.emplace_back(trimmed(argument));
    argument.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t next = at + 1;
    if (c == '"') {
      next = behind_string(text, at);
    } else if (text.substr(at).starts_with("/*")) {
      at = behind_comment(text, at);
      while (!argument.empty() && argument.back() == ' ') argument.pop_back();
      continue;
    } else if (is_path_at(text, at)) {
      next = behind_path(text, at);
    } else if (c == '(' || c == '[' || c == '{') {
      open.push_back(c);
    } else if (c == ']' || c == '}' || (c == ')' && !open.empty())) {
      if (!open.empty()) open.pop_back();
    } else if (c == ')') {
      if (!trimmed(argument).empty() || !out.arguments.empty()) finish();
      out.end = at;
      return out;
    } else if (c == ',' && open.empty()) {
      finish();
      at = next;
      continue;
    }
    argument += text.substr(at, next - at);
    at = next;
  }
  return out;
}

/// "0x7f00", "-1 ENOMEM (Cannot allocate memory)", "3</path>", "?", each with " <0.000012>" of -T.
std::optional<StraceResult> result_of(std::string_view text) {
  StraceResult result;
  text = trimmed(text);
  if (text.starts_with('?')) return result;
  if (text.starts_with("-1 ")) {
    text = trimmed(text.substr(3));
    result.kind = StraceResult::Kind::kError;
    result.error = text.substr(0, text.find_first_of(" \t"));
    return result;
  }
  const auto end = std::min(text.find_first_of(" \t<"), text.size());
  const auto value = number_of(text.substr(0, end));
  if (!value) return std::nullopt;
  result.kind = StraceResult::Kind::kValue;
  result.value = *value;
  if (end < text.size() && is_path_at(text, end)) {
    const auto close = behind_path(text, end);
    if (close > end + 2) result.path = text.substr(end + 1, close - end - 2);
  }
  return result;
}

std::optional<std::uint64_t> plain_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || stop != text.data() + text.size()) {
    return std::nullopt;
  }
  return is_negative ? ~value + 1 : value;
}

std::optional<std::uint64_t> named(std::string_view word,
                                   std::initializer_list<std::span<const spec::FlagName>> tables) {
  for (const auto table : tables) {
    for (const auto& [bits, name] : table) {
      if (name == word) return bits;
    }
  }
  return std::nullopt;
}

}  // namespace

std::expected<StraceCall, std::string> read_strace_call(std::string_view text) {
  StraceCall call;
  const auto open = text.find('(');
  if (open == std::string_view::npos) return std::unexpected("expected '(' behind the call's name");
  call.name = text.substr(0, open);
  auto parts = split_arguments(text.substr(open + 1));
  if (parts.end == std::string_view::npos) {
    return std::unexpected(fmt::format("{}: the arguments have no end: expected ')'", call.name));
  }
  call.arguments = std::move(parts.arguments);
  const auto rest = trimmed(text.substr(open + 1 + parts.end + 1));
  if (!rest.starts_with('=')) {
    return std::unexpected(fmt::format("{}: expected '= RESULT' behind the arguments", call.name));
  }
  auto result = result_of(rest.substr(1));
  if (!result) {
    return std::unexpected(
        fmt::format("{}: expected a number, '-1 ERRNO' or '?' behind '='", call.name));
  }
  call.result = *std::move(result);
  return call;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  text = trimmed(text);
  if (text == "NULL") return 0;
  if (text == "RLIM64_INFINITY" || text == "RLIM_INFINITY") return ~std::uint64_t{0};
  if (const auto times = text.find('*'); times != std::string_view::npos) {
    const auto left = plain_number(text.substr(0, times));
    const auto right = plain_number(text.substr(times + 1));
    if (!left || !right) return std::nullopt;
    return *left * *right;
  }
  if (const auto shift = text.find("<<"); shift != std::string_view::npos) {
    const auto left = plain_number(text.substr(0, shift));
    const auto word = text.substr(shift + 2);
    const auto right = word == "MAP_HUGE_SHIFT" ? std::optional<std::uint64_t>{spec::kMapHugeShift}
                                                : plain_number(word);
    if (!left || !right || *right >= 64) return std::nullopt;
    return *left << *right;
  }
  return plain_number(text);
}

std::optional<std::uint64_t> bits_of(
    std::string_view text, std::initializer_list<std::span<const spec::FlagName>> tables) {
  std::uint64_t bits = 0;
  while (true) {
    const auto end = std::min(text.find('|'), text.size());
    const auto word = trimmed(text.substr(0, end));
    auto value = named(word, tables);
    if (!value) value = number_of(word);
    if (!value) return std::nullopt;
    bits |= *value;
    if (end == text.size()) return bits;
    text.remove_prefix(end + 1);
  }
}

std::optional<DescriptorWord> descriptor_of(std::string_view text) {
  text = trimmed(text);
  // What -y shows of a file without a name.
  constexpr std::string_view kDeleted = "(deleted)";
  if (text.ends_with(kDeleted)) text.remove_suffix(kDeleted.size());
  DescriptorWord out;
  const auto open = text.find('<');
  if (open != std::string_view::npos) {
    if (!text.ends_with('>') || text.size() < open + 2) return std::nullopt;
    out.path = text.substr(open + 1, text.size() - open - 2);
    text = text.substr(0, open);
  }
  if (text == "AT_FDCWD") return out;
  const auto number = number_of(text);
  if (!number) return std::nullopt;
  // A descriptor is an int; -1 is printed as either of its two words, too.
  out.number = static_cast<std::int32_t>(static_cast<std::uint32_t>(*number));
  return out;
}

std::optional<std::string> string_of(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('"')) return std::nullopt;
  const auto end = behind_string(text, 0);
  if (end < 2) return std::nullopt;
  return std::string{text.substr(1, end - 2)};
}

std::optional<std::string_view> field_of(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; at += key.size()) {
    const bool begins =
        at == 0 || text[at - 1] == '{' || text[at - 1] == ' ' || text[at - 1] == ',';
    const auto value = at + key.size();
    if (!begins || value >= text.size() || text[value] != '=') continue;
    const auto rest = text.substr(value + 1);
    return trimmed(rest.substr(0, rest.find_first_of(",}")));
  }
  return std::nullopt;
}

}  // namespace vmadiff::intake
