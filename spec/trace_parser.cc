// spec: reading traces. A cursor walks one line; the first thing that is not as expected becomes
// that line's error, with its column, and the next line is read all the same.
#include <fmt/format.h>

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

  /// The longest run of name characters (letters, digits, '_', ':', '-'); may be empty.
  [[nodiscard]] std::string_view peek_word() {
    skip_space();
    std::size_t end = at_;
    while (end < line_.size() && is_word(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }
  void advance(std::size_t count) { at_ += count; }
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

std::int32_t read_advice(Cursor& in) {
  const auto word = in.peek_word();
  if (const auto advice = bits_of(word, advice_names())) {
    in.advance(word.size());
    return static_cast<std::int32_t>(*advice);
  }
  if (const auto advice = number_from<std::int32_t>(word)) {
    in.advance(word.size());
    return *advice;
  }
  in.fail_expected("a MADV_* advice or a number of 32 bits");
  return 0;
}

std::uint64_t read_prctl_option(Cursor& in) {
  const auto word = in.peek_word();
  auto option = bits_of(word, prctl_names());
  if (!option) option = number_from<std::uint64_t>(word);
  if (!option) {
    in.fail_expected("PR_SET_MEMORY_MERGE or PR_GET_MEMORY_MERGE");
    return 0;
  }
  in.advance(word.size());
  return *option;
}

Access read_access(Cursor& in) {
  if (in.accept("READ")) return Access::kRead;
  if (in.accept("WRITE")) return Access::kWrite;
  in.fail_expected("READ or WRITE");
  return Access::kRead;
}

// One reader per call; to add a call, add its reader and its row in read_call.
Syscall read_mmap(Cursor& in) {
  Mmap c;
  c.addr = read_address(in, "an address");
  in.expect(",");
  c.length = read_number<std::uint64_t>(in, "a length");
  in.expect(",");
  c.prot = read_prot(in);
  in.expect(",");
  c.flags = read_map_flags(in);
  in.expect(",");
  c.file = read_file(in);
  in.expect(",");
  c.offset = read_number<std::uint64_t>(in, "an offset");
  return c;
}

template <typename Call>
Call read_range(Cursor& in) {
  Call c;
  c.addr = read_address(in, "an address");
  in.expect(",");
  c.length = read_number<std::uint64_t>(in, "a length");
  return c;
}

Syscall read_munmap(Cursor& in) { return read_range<Munmap>(in); }

Syscall read_mprotect(Cursor& in) {
  auto c = read_range<Mprotect>(in);
  in.expect(",");
  c.prot = read_prot(in);
  return c;
}

Syscall read_brk(Cursor& in) { return Brk{read_address(in, "an address")}; }

Syscall read_madvise(Cursor& in) {
  auto c = read_range<Madvise>(in);
  in.expect(",");
  c.advice = read_advice(in);
  return c;
}

/// strace leaves out arguments that it knows a prctl does not use: they are 0.
Syscall read_prctl(Cursor& in) {
  Prctl c;
  c.option = read_prctl_option(in);
  for (std::uint64_t* argument : {&c.arg2, &c.arg3, &c.arg4, &c.arg5}) {
    if (in.failed() || !in.accept(",")) break;
    *argument = read_address(in, "an argument");
  }
  return c;
}

Syscall read_touch(Cursor& in) {
  auto c = read_range<Touch>(in);
  in.expect(",");
  c.access = read_access(in);
  return c;
}

Syscall read_call(Cursor& in) {
  struct Row {
    std::string_view name;
    Syscall (*read)(Cursor&);
  };
  static constexpr std::array kRows{Row{"mmap", read_mmap},         Row{"munmap", read_munmap},
                                    Row{"mprotect", read_mprotect}, Row{"brk", read_brk},
                                    Row{"madvise", read_madvise},   Row{"prctl", read_prctl},
                                    Row{"touch", read_touch}};
  const auto word = in.peek_word();
  for (const Row& row : kRows) {
    if (word != row.name) continue;
    in.advance(word.size());
    in.expect("(");
    Syscall call = row.read(in);
    in.expect(")");
    return call;
  }
  std::string known;
  for (const Row& row : kRows) known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
  in.fail_expected(fmt::format("a call ({})", known));
  return {};
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
    const std::size_t column = in.token_column();
    step.process = read_number<ProcessId>(in, "a process number");
    in.expect("]");
    if (!in.failed() && step.process != 0) {
      in.fail(column, fmt::format("process {} was never forked (fork is not modelled yet): "
                                  "expected 0",
                                  step.process));
    }
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

}  // namespace

ParseResult parse_trace(std::string_view text) {
  ParseResult result;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const auto line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    ++line_number;
    if (is_comment(line)) {
      result.trace.comments.back().emplace_back(line);
      continue;
    }
    Cursor in{line};
    Step step = read_step(in);
    if (const Failure* failure = in.failure()) {
      result.errors.push_back({line_number, failure->column, failure->message});
      continue;
    }
    result.trace.sequence.push_back(step);
    result.trace.lines.push_back(line_number);
    result.trace.comments.emplace_back();
  }
  return result;
}

}  // namespace vmadiff::spec
