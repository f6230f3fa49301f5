// spec: reading traces, the whole grammar. A cursor walks one line; the first thing that is not as
// expected becomes that line's error, with its column, and the next line is read all the same.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <utility>

#include "spec/trace_names.h"
#include "spec/trace_text.h"

namespace vmadiff::spec {
namespace {

struct Failure {
  std::size_t column;
  std::string message;
};

class Cursor {
 public:
  explicit Cursor(std::string_view line) : line_(line) {}

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  /// The line's failure, or nullptr.
  [[nodiscard]] const Failure* failure() const { return failure_ ? &*failure_ : nullptr; }
  /// 1-based column of the next token.
  [[nodiscard]] std::size_t token_column() {
    skip_space();
    return at_ + 1;
  }
  [[nodiscard]] bool at_end() {
    skip_space();
    return at_ == line_.size();
  }

  /// Only the first failure of a line counts: what follows it is a consequence.
  void fail(std::size_t column, std::string message) {
    if (!failure_) failure_ = Failure{column, std::move(message)};
  }
  void fail_expected(std::string_view expected) {
    fail(token_column(), fmt::format("expected {}, found {}", expected, found()));
  }

  bool accept(std::string_view token) {
    skip_space();
    if (failed() || !line_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!failed() && !accept(token)) fail_expected(fmt::format("'{}'", token));
  }

  /// Whether `token` comes next.
  [[nodiscard]] bool at(std::string_view token) {
    skip_space();
    return line_.substr(at_).starts_with(token);
  }

  /// The longest run of name characters (letters, digits, '_', ':', '-'); may be empty.
  [[nodiscard]] std::string_view peek_word() {
    skip_space();
    std::size_t end = at_;
    while (end < line_.size() && is_word(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }
  void advance(std::size_t count) { at_ += count; }

  /// What stands between two quotes, as it is written there; nothing where there is no such thing.
  std::optional<std::string_view> take_quoted() {
    skip_space();
    if (failed() || at_ == line_.size() || line_[at_] != '"') return std::nullopt;
    for (std::size_t end = at_ + 1; end < line_.size(); ++end) {
      if (line_[end] == '\\') {
        ++end;  // what it stands before ends nothing
        continue;
      }
      if (line_[end] != '"') continue;
      const auto inside = line_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return inside;
    }
    return std::nullopt;
  }
  void skip_rest() { at_ = line_.size(); }

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':' || c == '-';
  }
  void skip_space() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) {
      ++at_;
    }
  }
  /// What stands at the cursor, made printable.
  [[nodiscard]] std::string found() {
    if (at_ == line_.size()) return "the end of the line";
    const std::string_view word = peek_word();
    if (!word.empty()) return fmt::format("'{}'", word.substr(0, 40));
    const auto byte = static_cast<unsigned char>(line_[at_]);
    return byte > 0x20 && byte < 0x7f ? fmt::format("'{}'", line_[at_])
                                      : fmt::format("byte {:#04x}", byte);
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::optional<Failure> failure_;
};

/// Decimal, or hex with 0x; a sign only for signed types.
template <std::integral T>
std::optional<T> number_from(std::string_view word) {
  int base = 10;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    word.remove_prefix(2);
    base = 16;
  }
  T value{};
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value, base);
  if (word.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

template <std::integral T>
T read_number(Cursor& in, std::string_view what) {
  const auto word = in.peek_word();
  if (const auto value = number_from<T>(word)) {
    in.advance(word.size());
    return *value;
  }
  in.fail_expected(fmt::format("{} (a number of at most {} bits)", what,
                               std::numeric_limits<T>::digits + (std::signed_integral<T> ? 1 : 0)));
  return T{};
}

std::uint64_t read_address(Cursor& in, std::string_view what) {
  return in.accept("NULL") ? 0 : read_number<std::uint64_t>(in, what);
}

/// NAME|NAME|0x…; `lookup` gives the bits of a name.
template <typename Lookup>
std::uint64_t read_flags(Cursor& in, std::string_view what, Lookup lookup) {
  std::uint64_t bits = 0;
  do {
    const auto word = in.peek_word();
    std::optional<std::uint64_t> value = lookup(word);
    if (!value) value = number_from<std::uint64_t>(word);
    if (!value) {
      in.fail_expected(what);
      return 0;
    }
    in.advance(word.size());
    bits |= *value;
  } while (in.accept("|"));
  return bits;
}

std::optional<std::uint64_t> bits_of(std::string_view word, std::span<const FlagName> names) {
  for (const auto& [bits, flag] : names) {
    if (word == flag) return bits;
  }
  return std::nullopt;
}

std::uint64_t read_prot(Cursor& in) {
  return read_flags(in, "a PROT_* flag or a number", [](std::string_view word) {
    return word == "PROT_NONE" ? std::optional<std::uint64_t>{0} : bits_of(word, prot_names());
  });
}

std::uint64_t read_map_flags(Cursor& in) {
  return read_flags(in, "a MAP_* flag or a number", [](std::string_view word) {
    if (word == "MAP_FILE") return std::optional<std::uint64_t>{0};
    if (word == "MAP_ANON") return std::optional<std::uint64_t>{kMapAnonymous};
    const auto type = bits_of(word, map_type_names());
    return type ? type : bits_of(word, map_flag_names());
  });
}

FileId read_file(Cursor& in) {
  const auto word = in.peek_word();
  if (word == "-1") {
    in.advance(word.size());
    return {};
  }
  if (const auto file = file_from_text(word)) {
    in.advance(word.size());
    return *file;
  }
  std::string classes;
  for (const FileClass cls : mappable_file_classes()) {
    classes += fmt::format("{}{}", classes.empty() ? "" : ", ", name(cls));
  }
  in.fail_expected(fmt::format("-1 or CLASS:NUMBER, CLASS one of {}, NUMBER 0 to {}", classes,
                               kFilesPerClass - 1));
  return {};
}

/// Reads the arguments one by one.
class ReadFields {
 public:
  explicit ReadFields(Cursor& in) : in_(in) {}
  void range(Address& addr, Address& length) {
    address(addr);
    this->length(length);
  }
  void address(Address& a) {
    comma();
    a = read_address(in_, "an address");
  }
  void optional_address(Address& a) {
    if (!is_left_out()) address(a);
  }
  void length(Address& l) {
    comma();
    l = read_number<Address>(in_, "a length");
  }
  void offset(std::uint64_t& o) {
    comma();
    o = read_number<std::uint64_t>(in_, "an offset");
  }
  void prot(std::uint64_t& p) {
    comma();
    p = read_prot(in_);
  }
  void map_flags(std::uint64_t& f) {
    comma();
    f = read_map_flags(in_);
  }
  void file(FileId& f) {
    comma();
    f = read_file(in_);
  }
  void access(Access& a) {
    comma();
    if (in_.accept("READ")) {
      a = Access::kRead;
    } else if (in_.accept("WRITE")) {
      a = Access::kWrite;
    } else {
      in_.fail_expected("READ or WRITE");
    }
  }
  void bits(std::uint64_t& value, std::span<const FlagName> names) {
    comma();
    value = read_flags(in_, one_of("flags", names),
                       [names](std::string_view word) { return bits_of(word, names); });
  }
  template <std::integral T>
  void choice(T& value, std::span<const FlagName> names) {
    comma();
    const auto word = in_.peek_word();
    if (const auto known = bits_of(word, names)) {
      value = static_cast<T>(*known);
    } else if (const auto number = number_from<T>(word)) {
      value = *number;
    } else {
      return in_.fail_expected(one_of(fmt::format("a number of {} bits", sizeof(T) * 8), names));
    }
    in_.advance(word.size());
  }
  void number(std::uint64_t& n) {
    comma();
    if (in_.accept("RLIM_INFINITY")) {
      n = kRlimInfinity;
    } else {
      n = read_address(in_, "an argument");
    }
  }
  /// strace leaves out arguments that it knows a call does not use: they are 0.
  void optional_number(std::uint64_t& n) {
    if (!is_left_out()) number(n);
  }
  void unused(std::uint64_t& n) { optional_number(n); }
  void vma_name(VmaName& n) {
    comma();
    if (in_.accept("NULL")) {
      n = {};
    } else if (in_.accept(argument_text(VmaName::unreadable()))) {
      n = VmaName::unreadable();
    } else {
      const auto column = in_.token_column();
      const auto literal = in_.take_quoted();
      if (!literal) {
        return in_.fail_expected(
            fmt::format("a name in quotes, NULL, or {}", argument_text(VmaName::unreadable())));
      }
      const auto name = name_of_literal(*literal);
      if (!name) return in_.fail(column, name.error());
      n = *name;
    }
  }

 private:
  /// A few of the names, and what else would do.
  static std::string one_of(std::string_view otherwise, std::span<const FlagName> names) {
    std::string out;
    constexpr std::size_t kShown = 4;
    for (const auto& [bits, text] : names.first(std::min(names.size(), kShown))) {
      out += fmt::format("{}, ", text);
    }
    if (names.size() > kShown) out += "…, ";
    return out.empty() ? fmt::format("{} as a number", otherwise)
                       : fmt::format("{}or {}", out, otherwise);
  }
  [[nodiscard]] bool is_left_out() { return in_.failed() || in_.at(")"); }
  void comma() {
    if (!is_first_) in_.expect(",");
    is_first_ = false;
  }
  Cursor& in_;
  bool is_first_ = true;
};

template <std::size_t I = 0>
Syscall make_call(std::size_t index) {
  if constexpr (I + 1 < std::variant_size_v<Syscall>) {
    if (index != I) return make_call<I + 1>(index);
  }
  return std::variant_alternative_t<I, Syscall>{};
}

Syscall read_call(Cursor& in) {
  const auto names = call_names();
  const auto word = in.peek_word();
  const auto at = std::ranges::find(names, word);
  if (at == names.end()) {
    in.fail_expected(fmt::format("a call ({})", fmt::join(names, ", ")));
    return {};
  }
  Syscall call = make_call(static_cast<std::size_t>(at - names.begin()));
  in.advance(word.size());
  in.expect("(");
  // prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, …) is a call of its own.
  if (std::holds_alternative<Prctl>(call) && in.peek_word() == "PR_SET_VMA") {
    call = SetVmaName{};
    for (const std::string_view token : {"PR_SET_VMA", ",", "PR_SET_VMA_ANON_NAME", ","}) {
      in.expect(token);
    }
  }
  ReadFields fields{in};
  visit_fields(call, fields);
  in.expect(")");
  return call;
}

/// `= 0x1000`, `= -1 ENOMEM (Cannot allocate memory)`, `= ?` (no result known: none asserted).
std::optional<Outcome> read_result(Cursor& in) {
  if (!in.accept("=")) return std::nullopt;
  if (in.accept("?")) {
    in.skip_rest();
    return std::nullopt;
  }
  if (in.accept("NULL")) return Outcome::ok(0);
  if (!in.accept("-1")) return Outcome::ok(read_number<std::uint64_t>(in, "a result"));
  const auto word = in.peek_word();
  auto error = errno_from_name(word);
  if (!error && word.starts_with("ERRNO_")) {
    // A kernel can give any of the last 4095 values of a word as an error (IS_ERR_VALUE).
    const auto number = number_from<std::uint16_t>(word.substr(6));
    if (number && *number >= 1 && *number <= 4095) error = static_cast<Errno>(*number);
  }
  if (!error) {
    in.fail_expected("the name of an errno (or SIGSEGV, SIGBUS) after -1");
    return std::nullopt;
  }
  in.advance(word.size());
  if (in.accept("(")) in.skip_rest();
  return Outcome::fail(*error);
}

Step read_step(Cursor& in) {
  Step step;
  if (in.accept("[")) {
    in.expect("pid");
    step.process = read_number<ProcessId>(in, "a process number");
    in.expect("]");
  }
  if (in.failed()) return step;
  const std::size_t call_column = in.token_column();
  step.call = read_call(in);
  if (in.failed()) return step;
  if (const auto reason = unmodelled_reason(step.call)) {
    in.fail(call_column, *reason);
    return step;
  }
  step.expected = read_result(in);
  if (!in.failed() && !in.at_end()) in.fail_expected("the end of the line or '= RESULT'");
  return step;
}

bool is_comment(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#';
}

std::string_view take_line(std::string_view& text) {
  const auto newline = text.find('\n');
  const auto line = text.substr(0, newline);
  text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  return line;
}

/// Whether the call goes on in the next line: it ends in a backslash.
bool goes_on(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\r");
  return last != std::string_view::npos && line[last] == '\\';
}

/// The line and those that it goes on in, as one; errors count their columns in it.
std::string whole_line(std::string_view line, std::string_view& rest, std::size_t& line_number) {
  std::string whole;
  while (goes_on(line) && !rest.empty()) {
    whole += line.substr(0, line.find_last_of('\\'));
    line = take_line(rest);
    ++line_number;
  }
  return whole += line;
}

}  // namespace

ParseResult parse_trace(std::string_view text) {
  ParseResult result;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto first_line = ++line_number;
    if (is_comment(line)) {
      result.trace.comments.back().emplace_back(line);
      continue;
    }
    const auto whole = whole_line(line, text, line_number);
    Cursor in{whole};
    Step step = read_step(in);
    if (const Failure* failure = in.failure()) {
      result.errors.push_back({first_line, failure->column, failure->message});
      continue;
    }
    result.trace.sequence.push_back(step);
    result.trace.lines.push_back(first_line);
    result.trace.comments.emplace_back();
  }
  return result;
}

}  // namespace vmadiff::spec
