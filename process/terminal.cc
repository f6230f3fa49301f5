// process: terminals.
#include "process/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "reports/quoting.h"

namespace vmadiff::process {
namespace {

constexpr std::string_view kToItsBeginning = "\r";
constexpr std::string_view kEraseToItsEnd = "\x1b[K";

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never set here
  return value == nullptr ? std::string_view{} : value;
}

bool is_smart_terminal(int descriptor) {
  return ::isatty(descriptor) == 1 && variable("TERM") != "dumb";
}

/// Past the stream, which would make it printable.
void steer(std::string_view bytes) {
  std::fflush(stderr);
  while (!bytes.empty()) {
    const auto wrote = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (wrote <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace

bool can_rewrite_lines() { return is_smart_terminal(STDERR_FILENO); }

void rewrite_line(std::string_view line) {
  steer(std::string{kToItsBeginning} + reports::printable_line(line) + std::string{kEraseToItsEnd});
}

void clear_line() { steer(std::string{kToItsBeginning} + std::string{kEraseToItsEnd}); }

bool wants_colours(int descriptor) {
  return is_smart_terminal(descriptor) && variable("NO_COLOR").empty();
}

void StepLine::begin(std::string_view step) {
  end();
  step_ = step;
  if (is_terminal_) {
    rewrite_line(step_);
  } else {
    fmt::print(stderr, "{}\n", step_);
  }
}

void StepLine::more(std::string_view how_far) {
  if (is_terminal_ && !step_.empty()) rewrite_line(fmt::format("{}{}", step_, how_far));
}

void StepLine::end(bool stays) {
  if (is_terminal_ && !step_.empty()) {
    if (stays) {
      fmt::print(stderr, "\n");
    } else {
      clear_line();
    }
  }
  step_.clear();
}

}  // namespace vmadiff::process
