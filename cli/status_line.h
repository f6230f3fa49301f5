// cli: the status line of a campaign, on stderr: on a terminal one line that is rewritten once a
// second, else a plain line every ten seconds, or an object of JSON a line where the results are
// such. Rates and times appear here and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>

#include "process/budget.h"
#include "process/progress.h"

namespace vmadiff::cli {

enum class StatusForm : std::uint8_t { kText, kJson };

class StatusLine {
 public:
  StatusLine(const process::Progress& progress, const process::Budget& budget,
             StatusForm form = StatusForm::kText);

  /// Writes the line where it is time for it.
  void tick();
  /// Takes the line away, so that something else can be printed.
  void clear();
  /// The rate over the whole run, as a last line.
  void finish(std::uint64_t operations, std::uint64_t remote_operations);
  /// How much of the time since the beginning the real kernels' calls took by themselves.
  void finish_bare_time();

 private:
  [[nodiscard]] std::chrono::steady_clock::duration interval() const;

  const process::Progress& progress_;
  const process::Budget& budget_;
  StatusForm form_;
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace vmadiff::cli
