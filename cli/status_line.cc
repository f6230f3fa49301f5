// cli: the status line.
#include "cli/status_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <string>

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

}  // namespace

StatusLine::StatusLine(const process::Progress& progress, const process::Budget& budget)
    : progress_(progress),
      budget_(budget),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      next_(steady_clock::now() + (is_terminal_ ? seconds{1} : seconds{10})) {}

void StatusLine::tick() {
  const auto now = steady_clock::now();
  if (now < next_) return;
  next_ = now + (is_terminal_ ? seconds{1} : seconds{10});
  const double spent = duration<double>(now - progress_.start).count();
  const auto operations = progress_.operations.load(std::memory_order_relaxed);
  const double rate = spent > 0 ? static_cast<double>(operations) / spent : 0;
  double left = 0;
  bool known = true;
  if (budget_.time) {
    left = duration<double>(*budget_.time).count() - spent;
  } else if (budget_.operations && rate > 0) {
    left = (static_cast<double>(*budget_.operations) - static_cast<double>(operations)) / rate;
  } else {
    known = false;
  }
  fmt::print(stderr, "{}{} operations, {} a second, {} findings{}{}{}", is_terminal_ ? "\r" : "",
             grouped(operations), grouped(static_cast<std::uint64_t>(rate)),
             progress_.findings.load(std::memory_order_relaxed), known ? ", left " : "",
             known ? clock_text(left) : "", is_terminal_ ? "\x1b[K" : "\n");
  std::fflush(stderr);
  is_shown_ = is_terminal_;
}

void StatusLine::clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  is_shown_ = false;
}

void StatusLine::finish(std::uint64_t operations, std::uint64_t remote_operations) {
  clear();
  const double spent = duration<double>(steady_clock::now() - progress_.start).count();
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

}  // namespace vmadiff::cli
