// cli: the status line.
#include "cli/status_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "process/terminal.h"
#include "reports/json.h"

namespace vmadiff::cli {
namespace {

using std::chrono::duration;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// "3:07", "1:03:07".
std::string clock_text(double left) {
  const auto total = left < 0 ? 0U : static_cast<unsigned>(std::lround(left));
  if (total >= 3600) {
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  }
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

/// "12,345,678".
std::string grouped(std::uint64_t value) {
  auto digits = fmt::format("{}", value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

/// How long it takes to the end of the budget, at the rate so far; nothing where that is not known.
std::optional<double> seconds_left(const process::Budget& budget, double spent,
                                   std::uint64_t operations) {
  if (budget.time) return std::max(0.0, duration<double>(*budget.time).count() - spent);
  if (!budget.operations || operations == 0 || spent <= 0) return std::nullopt;
  const auto rate = static_cast<double>(operations) / spent;
  return (static_cast<double>(*budget.operations) - static_cast<double>(operations)) / rate;
}

void print_json(const process::Progress& progress, double spent, std::uint64_t operations,
                std::optional<double> left) {
  const auto rate = spent > 0 ? static_cast<double>(operations) / spent : 0;
  nlohmann::ordered_json now{{"operations", operations},
                             {"operations_a_second", std::llround(rate)},
                             {"findings", progress.findings.load(std::memory_order_relaxed)},
                             {"seconds", std::llround(spent)}};
  const auto behaviours = progress.behaviours.load(std::memory_order_relaxed);
  if (behaviours != 0) now["behaviours"] = behaviours;
  if (left) now["seconds_left"] = std::llround(*left);
  if (const auto sight = progress.first_sight()) {
    constexpr double kMilli = 1000;
    const auto after = std::round(duration<double>(sight->time).count() * kMilli) / kMilli;
    now["first_finding"] = {{"operations", sight->operations}, {"seconds", after}};
  }
  fmt::print(stderr, "{}\n", reports::dumped({{"progress", std::move(now)}}));
}

}  // namespace

StatusLine::StatusLine(const process::Progress& progress, const process::Budget& budget,
                       StatusForm form)
    : progress_(progress),
      budget_(budget),
      form_(form),
      is_terminal_(form == StatusForm::kText && process::can_rewrite_lines()),
      next_(steady_clock::now() + interval()) {}

steady_clock::duration StatusLine::interval() const {
  return is_terminal_ ? seconds{1} : seconds{10};
}

void StatusLine::tick() {
  const auto now = steady_clock::now();
  if (now < next_) return;
  next_ = now + interval();
  const double spent = duration<double>(now - progress_.start).count();
  const auto operations = progress_.operations.load(std::memory_order_relaxed);
  const auto rate =
      spent > 0 ? static_cast<std::uint64_t>(static_cast<double>(operations) / spent) : 0;
  const auto findings = progress_.findings.load(std::memory_order_relaxed);
  const auto behaviours = progress_.behaviours.load(std::memory_order_relaxed);
  const auto left = seconds_left(budget_, spent, operations);
  if (form_ == StatusForm::kJson) {
    print_json(progress_, spent, operations, left);
    return;
  }
  const auto line =
      fmt::format("{} operations, {} a second{}, {} findings{}", grouped(operations), grouped(rate),
                  behaviours == 0 ? "" : fmt::format(", {} behaviours", behaviours), findings,
                  left ? ", left " + clock_text(*left) : "");
  if (is_terminal_) {
    process::rewrite_line(line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  is_shown_ = is_terminal_;
}

void StatusLine::clear() {
  if (is_shown_) process::clear_line();
  is_shown_ = false;
}

void StatusLine::finish(std::uint64_t operations, std::uint64_t remote_operations) {
  clear();
  const double spent = duration<double>(steady_clock::now() - progress_.start).count();
  if (form_ == StatusForm::kJson) return print_json(progress_, spent, operations, std::nullopt);
  const auto per_second = [spent](std::uint64_t count) {
    return grouped(spent > 0 ? static_cast<std::uint64_t>(static_cast<double>(count) / spent) : 0);
  };
  fmt::print(stderr, "{:.1f} s: {} operations a second", spent, per_second(operations));
  if (remote_operations != 0) {
    fmt::print(stderr, ", {} system calls a second by the real kernel",
               per_second(remote_operations));
  }
  if (const auto sight = progress_.first_sight()) {
    fmt::print(stderr, "; first finding after {} operations, {:.3f} s", grouped(sight->operations),
               duration<double>(sight->time).count());
  }
  fmt::print(stderr, "\n");
}

void StatusLine::finish_bare_time() {
  if (form_ == StatusForm::kJson) return;
  const double spent = duration<double>(steady_clock::now() - progress_.start).count();
  const double bare =
      duration<double>(std::chrono::nanoseconds{progress_.bare_nanoseconds.load()}).count();
  const auto ratio = bare > 0 ? fmt::format("{:.2f} times as long", spent / bare) : "no such calls";
  fmt::print(stderr, "bare time of the calls: {:.3f} of {:.3f} s ({})\n", bare, spent, ratio);
}

}  // namespace vmadiff::cli
