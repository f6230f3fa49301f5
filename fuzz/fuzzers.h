// fuzz: can bytes find a counterexample? This file: the list of fuzzers, which the executables, the
// smoke run and the docs share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vmadiff::fuzz {

struct Fuzzer {
  std::string_view name;      ///< of the executable, too
  std::string_view question;  ///< what it asks
  /// What is wrong with what the bytes lead to, as text for people; or nothing. Any bytes will do.
  /// Not thread-safe.
  std::optional<std::string> (*run)(std::span<const std::uint8_t> bytes);
};

[[nodiscard]] std::span<const Fuzzer> fuzzers();

}  // namespace vmadiff::fuzz
