// intake: reading the marks of a line from left to right.
#include "intake/strace_line.h"

#include <algorithm>
#include <charconv>

#include "intake/text.h"

namespace vmadiff::intake {
namespace {

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// The digits at the beginning, as a number; nothing where there are none, or too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

Pid pid_of(std::uint64_t number) {
  return number <= 0x7fffffff ? static_cast<Pid>(number) : Pid{0};
}

/// "1234", "1234<comm>".
Pid take_pid(std::string_view& text) {
  auto rest = text;
  const auto number = take_number(rest);
  if (!number) return 0;
  if (rest.starts_with('<')) {
    const auto end = rest.find('>');
    if (end == std::string_view::npos) return 0;
    rest.remove_prefix(end + 1);
  }
  text = rest;
  return pid_of(*number);
}

/// "[pid 1234] ".
bool take_bracketed_pid(std::string_view& text, StraceLine& line) {
  if (!text.starts_with("[pid")) return false;
  auto rest = text.substr(4);
  skip_spaces(rest);
  const Pid pid = take_pid(rest);
  if (pid == 0 || !rest.starts_with(']')) return false;
  rest.remove_prefix(1);
  skip_spaces(rest);
  line.pid = pid;
  text = rest;
  return true;
}

/// "[  59] " of -n, "[00007f257083ead7] " and "[????????????????] " of -i.
bool take_bracketed_number(std::string_view& text) {
  if (!text.starts_with('[')) return false;
  const auto end = text.find(']');
  if (end == std::string_view::npos || end < 2) return false;
  const auto inside = text.substr(1, end - 1);
  if (!std::ranges::all_of(inside, [](char c) { return c == ' ' || c == '?' || is_hex(c); })) {
    return false;
  }
  text.remove_prefix(end + 1);
  skip_spaces(text);
  return true;
}

/// Of `digits` behind a point, as microseconds.
std::uint64_t microseconds(std::string_view digits) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    value = value * 10 + (i < digits.size() ? static_cast<std::uint64_t>(digits[i] - '0') : 0);
  }
  return value;
}

std::string_view take_digits(std::string_view& text) {
  const auto end =
      std::min(text.size(),
               static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()));
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

/// "12:34:56", "12:34:56.123456" of -t and -tt, "1700000000.123456" of -ttt, "0.000123" of -r.
bool take_time(std::string_view& text, StraceLine& line) {
  auto rest = text;
  std::uint64_t seconds = 0;
  std::size_t parts = 0;
  do {
    const auto number = take_number(rest);
    if (!number || *number > (std::uint64_t{1} << 40)) return false;
    seconds = seconds * 60 + *number;
    ++parts;
  } while (parts < 3 && rest.starts_with(':') && (rest.remove_prefix(1), true));
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  const bool is_of_day = parts == 3;
  if ((!is_of_day && (parts != 1 || fraction.empty())) || !rest.starts_with(' ')) return false;
  // What is no time of day and small is the time since the line before: no order between files.
  constexpr std::uint64_t kEpochSecondsMin = 100'000'000;
  if (is_of_day || seconds >= kEpochSecondsMin) {
    line.time = seconds * 1'000'000 + microseconds(fraction);
  }
  skip_spaces(rest);
  text = rest;
  return true;
}

/// "(+     0.000123) " of -r beside -t.
bool take_relative_time(std::string_view& text) {
  if (!text.starts_with("(+")) return false;
  const auto end = text.find(')');
  if (end == std::string_view::npos) return false;
  text.remove_prefix(end + 1);
  skip_spaces(text);
  return true;
}

/// "1234 " of -f with -o.
bool take_plain_pid(std::string_view& text, StraceLine& line) {
  auto rest = text;
  const Pid pid = take_pid(rest);
  if (pid == 0 || !rest.starts_with(' ')) return false;
  skip_spaces(rest);
  line.pid = pid;
  text = rest;
  return true;
}

Pid number_behind(std::string_view text, std::string_view words) {
  const auto at = text.find(words);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + words.size());
  const auto number = take_number(text);
  return number ? pid_of(*number) : Pid{0};
}

constexpr std::string_view kStraceSays = "strace: ";
constexpr std::string_view kProcessMark = "strace: Process ";
constexpr std::string_view kUnfinishedMark = "<unfinished ...>";

using Kind = StraceLine::Kind;

/// "<... NAME resumed>REST".
Kind resumed(std::string_view body, StraceLine& line) {
  body.remove_prefix(4);
  skip_spaces(body);
  const auto end = body.find(" resumed>");
  if (end == std::string_view::npos) return Kind::kNote;
  line.name = body.substr(0, end);
  line.text = body.substr(end + 9);
  return Kind::kResumed;
}

Kind call(std::string_view body, StraceLine& line) {
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(body, is_name) - body.begin());
  if (end == 0 || end == body.size() || body[end] != '(' || is_digit(body.front())) {
    return body.starts_with("???") ? Kind::kNote : Kind::kNone;
  }
  line.name = body.substr(0, end);
  line.text = body;
  for (const std::string_view mark : {kUnfinishedMark, std::string_view{"<detached ...>"}}) {
    if (!body.ends_with(mark)) continue;
    body.remove_suffix(mark.size());
    line.text = body.substr(0, body.find_last_not_of(' ') + 1);
    return Kind::kUnfinished;
  }
  return Kind::kCall;
}

Kind kind_of(std::string_view body, StraceLine& line) {
  line.text = body;
  if (body.empty() || body.starts_with("--- ")) return Kind::kNote;
  if (body.starts_with("+++ superseded")) {
    line.other = number_behind(body, "in pid ");
    return line.other == 0 ? Kind::kNote : Kind::kSuperseded;
  }
  if (body.starts_with("+++ ")) return Kind::kExit;
  if (body.starts_with("<... ")) return resumed(body, line);
  if (body.starts_with(kProcessMark) && body.ends_with(" attached")) {
    line.other = number_behind(body, kProcessMark);
    return line.other == 0 ? Kind::kNote : Kind::kAttached;
  }
  if (body.starts_with(kStraceSays)) return Kind::kNote;
  if (body.starts_with("[ Process PID=")) {
    return body.find("64 bit mode") != std::string_view::npos ? Kind::kNote : Kind::kOtherBits;
  }
  return call(body, line);
}

}  // namespace

StraceLine read_strace_line(std::string_view text) {
  StraceLine line;
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  // A call stack of -k.
  if (text.starts_with(" > ")) {
    line.kind = Kind::kNote;
    line.text = text;
    return line;
  }
  skip_spaces(text);
  if (text.starts_with("[ Process PID=")) {
    line.kind = kind_of(text, line);
    return line;
  }
  if (!take_bracketed_pid(text, line) && !take_time(text, line)) take_plain_pid(text, line);
  while (take_time(text, line) || take_relative_time(text) || take_bracketed_number(text) ||
         take_bracketed_pid(text, line)) {
  }
  line.kind = kind_of(text, line);
  return line;
}

std::size_t interruption_in(std::string_view line) {
  const auto at = line.find(kProcessMark);
  if (at == 0 || at == std::string_view::npos || !line.ends_with(" attached")) {
    return std::string_view::npos;
  }
  return at;
}

}  // namespace vmadiff::intake
