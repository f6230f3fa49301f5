// cli: the layout command.
#include "cli/layout.h"

#include <fmt/format.h>

#include <array>

#include "cli/final_state.h"
#include "cli/trace_file.h"
#include "compare/recording.h"

namespace vmadiff::cli {

process::ExitStatus layout(const LayoutOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  const auto state = final_state(*file, options.system, options.profile);
  if (!state) return process::refuse(state.error());
  const auto& recording = state->recording;
  const auto other = recording.others.find(options.process);
  if (options.process != 0 && other == recording.others.end()) {
    return process::refuse_input(
        fmt::format("{}: process {} is not there at the end", file->path, options.process));
  }
  const auto& end = options.process == 0 ? *recording.end : other->second;
  for (const auto& line : compare::layout_lines(end, recording.observes, options.all)) {
    fmt::print("{}\n", line);
  }
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
