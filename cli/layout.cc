// cli: the layout command.
#include "cli/layout.h"

#include <fmt/format.h>

#include <array>

#include "cli/final_state.h"
#include "cli/recording.h"
#include "cli/trace_file.h"

namespace vmadiff::cli {

ExitStatus layout(const LayoutOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return refuse_input(file.error());
  const auto state = final_state(*file, options.system, options.profile);
  if (!state) return refuse(state.error());
  const auto& recording = state->recording;
  for (const auto& line : layout_lines(*recording.end, recording.observes, options.all)) {
    fmt::print("{}\n", line);
  }
  return ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
