// process: the exit statuses, and a refusal: the message and the status with which a command ends
// before it could do its work.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace vmadiff::process {

enum class ExitStatus : int {
  kHeld = 0,      ///< everything held
  kFinding = 1,   ///< a finding
  kBadInput = 2,  ///< bad usage or bad input
  kLacks = 3,     ///< this machine lacks what was asked for, or the tool itself failed
  // Of `vmadiff bisect` on one kernel alone, as `git bisect run` reads them.
  kNeither = 125,        ///< neither good nor bad: leave it out
  kEndsBisection = 128,  ///< kBadInput or kLacks, which would mean a bad one there
};

struct Refusal {
  ExitStatus status = ExitStatus::kBadInput;
  std::string message;  ///< one line, or several; without a newline at the end
};

/// What is returned where nothing can be done: this machine lacks it, or the input is wrong.
[[nodiscard]] inline std::unexpected<Refusal> lacks(std::string message) {
  return std::unexpected(Refusal{ExitStatus::kLacks, std::move(message)});
}
[[nodiscard]] inline std::unexpected<Refusal> bad_input(std::string message) {
  return std::unexpected(Refusal{ExitStatus::kBadInput, std::move(message)});
}

/// Writes "vmadiff: MESSAGE" to stderr and gives the status back.
ExitStatus refuse(const Refusal& refusal);
ExitStatus refuse_input(std::string_view message);

}  // namespace vmadiff::process
