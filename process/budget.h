// process: what every run that generates sequences is given: how long it takes, where its findings
// go, and its seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "process/exit_status.h"

namespace vmadiff::process {

/// Exactly one of the three is there.
struct Budget {
  std::optional<std::chrono::steady_clock::duration> time;
  std::optional<std::uint64_t> operations;  ///< calls: ends with the sequence that reaches it
  std::optional<std::uint64_t> sequences;
};

/// `time` is "60s"; with none of the three a minute.
[[nodiscard]] std::expected<Budget, Refusal> choose_budget(const std::string& time,
                                                           std::optional<std::uint64_t> operations,
                                                           std::optional<std::uint64_t> sequences);

/// A directory for findings that can never be made is refused before the work, not after it. The
/// refusal names the option that it was given with.
[[nodiscard]] std::expected<void, Refusal> probe_out(const std::string& directory,
                                                     std::string_view option = "--out");

[[nodiscard]] std::uint64_t random_seed();

}  // namespace vmadiff::process
