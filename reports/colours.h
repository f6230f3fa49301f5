// reports: which lines of a report are coloured on a terminal: what failed, where layouts differ,
// the call at which it shows. Knows lines by how they begin, not what they are of.
#pragma once

#include <string>
#include <string_view>

namespace vmadiff::reports {

/// Text goes through it in pieces, of which one can end within a line.
class Colours {
 public:
  /// `text` is printable; but for colours it stays as it is.
  [[nodiscard]] std::string coloured(std::string_view text);

 private:
  std::string beginning_;  ///< of the present line, as far as it is needed
};

}  // namespace vmadiff::reports
