// intake: a whole call as strace writes it, taken apart, and its arguments as values, in each of
// the three ways that -X has: names, numbers, numbers with names behind them.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/flags.h"

namespace vmadiff::intake {

struct StraceResult {
  enum class Kind : std::uint8_t { kValue, kError, kUnknown };
  Kind kind = Kind::kUnknown;
  std::uint64_t value = 0;  ///< of kValue
  std::string error;        ///< of kError: "ENOMEM"
  std::string path;         ///< "PATH" of "3</PATH>", else empty

  [[nodiscard]] bool is_value() const { return kind == Kind::kValue; }
};

struct StraceCall {
  std::string name;
  std::vector<std::string> arguments;  ///< without comments (`/* … */`) and spaces around
  StraceResult result;
};

/// "NAME(ARGUMENTS) = RESULT". The error says what was expected, and where: a column of `text`.
[[nodiscard]] std::expected<StraceCall, std::string> read_strace_call(std::string_view text);

/// Decimal, hex, octal, negative; NULL; products and shifts ("8192*1024", "21<<26").
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

/// NAME|NAME|0x…; each name one of `tables`, which may be several. Nothing where one is not.
[[nodiscard]] std::optional<std::uint64_t> bits_of(
    std::string_view text, std::initializer_list<std::span<const spec::FlagName>> tables);

/// "3", "3</a/path>", "-1", "4294967295", "AT_FDCWD</a/path>".
struct DescriptorWord {
  std::int64_t number = -1;
  std::string path;  ///< empty: -y was not asked for
};
[[nodiscard]] std::optional<DescriptorWord> descriptor_of(std::string_view text);

/// The text of "\"TEXT\"" or "\"TEXT\"...".
[[nodiscard]] std::optional<std::string> string_of(std::string_view text);

/// VALUE of "KEY=VALUE" inside "{…}", or of "KEY=VALUE" itself.
[[nodiscard]] std::optional<std::string_view> field_of(std::string_view text, std::string_view key);

}  // namespace vmadiff::intake
