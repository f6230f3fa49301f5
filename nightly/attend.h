// nightly: waiting for a stage's child process: the journal is kept up to date, and what takes too
// long or too much is ended.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>

#include "nightly/context.h"
#include "process/program.h"

namespace vmadiff::nightly {

struct Limits {
  /// After so long it is asked to end, and killed where it does not within `grace`.
  std::optional<std::chrono::milliseconds> time;
  std::chrono::milliseconds grace{60'000};
  /// Asked now and then, of what it has written so far: it is killed.
  std::function<bool()> is_enough;
};

enum class Cut : std::uint8_t {
  kNot,
  kByTime,  ///< it had to be killed
  kByDisk,  ///< it wrote more than a stage may
  kByEnough,
  kByInterrupt,
};

struct Ended {
  int wait_status = 0;
  Cut cut = Cut::kNot;

  [[nodiscard]] bool has_exited() const;
  /// Its exit status; 128 and more for a death.
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string how() const;
};

/// Runs the program of a stage until it ends. What it takes is added to the record.
[[nodiscard]] std::expected<Ended, spec::ToolFault> attend(Context& context, StageRecord& record,
                                                           const process::Program& program,
                                                           const Limits& limits);

/// The words that stand last on its stderr: why it would not.
[[nodiscard]] std::string last_words(const std::filesystem::path& err);

}  // namespace vmadiff::nightly
