// process: how long a run takes, where its findings go, and its seed.
#include "process/budget.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <random>
#include <string_view>

namespace vmadiff::process {
namespace {

namespace fs = std::filesystem;

constexpr auto kDefaultTime = std::chrono::seconds{60};
/// A bound on --time that keeps the arithmetic of clocks exact: a year.
constexpr std::uint64_t kSecondsMax = std::uint64_t{366} * 24 * 3600;

std::optional<std::chrono::seconds> duration_from(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit{stop, static_cast<std::size_t>(end - stop)};
  std::uint64_t factor = 0;
  if (unit.empty() || unit == "s") factor = 1;
  if (unit == "m") factor = 60;
  if (unit == "h") factor = 3600;
  if (factor == 0 || value == 0 || value > kSecondsMax / factor) return std::nullopt;
  return std::chrono::seconds{value * factor};
}

}  // namespace

std::expected<Budget, Refusal> choose_budget(const std::string& time_words,
                                             std::optional<std::uint64_t> operations,
                                             std::optional<std::uint64_t> sequences) {
  Budget budget;
  if (operations) {
    budget.operations = operations;
  } else if (sequences) {
    budget.sequences = sequences;
  } else if (time_words.empty()) {
    budget.time = kDefaultTime;
  } else if (const auto time = duration_from(time_words)) {
    budget.time = *time;
  } else {
    return bad_input(fmt::format(
        "--time {}: expected a number with s, m or h behind it, as in 90s, 10m, 2h", time_words));
  }
  return budget;
}

std::expected<void, Refusal> probe_out(const std::string& directory, std::string_view option) {
  const fs::path out{directory};
  const auto bad = [&](std::string_view why) {
    return bad_input(fmt::format("{} {}: {}", option, out.string(), why));
  };
  if (out.empty()) return bad("expected a directory");
  std::error_code error;
  auto at = fs::absolute(out, error);
  while (!error && !fs::exists(at, error) && at.has_parent_path() && at != at.parent_path()) {
    error.clear();
    at = at.parent_path();
  }
  if (error) return bad(error.message());
  if (!fs::is_directory(at, error)) return bad(fmt::format("{} is not a directory", at.string()));
  if (::access(at.c_str(), W_OK | X_OK) != 0) {
    return bad(fmt::format("{} cannot be written to", at.string()));
  }
  return {};
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace vmadiff::process
