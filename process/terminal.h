// process: a terminal behind standard error: a line of it that is written again and again.
#pragma once

#include <string>
#include <string_view>

namespace vmadiff::process {

/// Whether there is one that knows how to go back in a line (TERM is not "dumb").
[[nodiscard]] bool can_rewrite_lines();

/// Requires can_rewrite_lines(). The line stands in place of the last one that was written so; what
/// could steer the terminal in it is made printable.
void rewrite_line(std::string_view line);
/// Takes it away.
void clear_line();

/// Work in steps, on stderr: each step is a line; on a terminal one line, which can say more of the
/// step.
class StepLine {
 public:
  void begin(std::string_view step);
  /// On a terminal, within a step: the step and this behind it.
  void more(std::string_view how_far);
  /// The last step is over: its line stays, or goes.
  void end(bool stays = true);

 private:
  bool is_terminal_ = can_rewrite_lines();
  std::string step_;
};

/// Whether colours help on that descriptor: it is a terminal, not a dumb one, and nobody has asked
/// for none (NO_COLOR, whatever its value, where it is not empty: no-color.org).
[[nodiscard]] bool wants_colours(int descriptor);

}  // namespace vmadiff::process
