// cli: the export c command.
#include "cli/export_c.h"

#include <fmt/format.h>

#include "cli/final_state.h"
#include "cli/trace_file.h"
#include "reports/reproducer.h"
#include "reports/store.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {

process::ExitStatus export_c(const ExportCOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  const auto state = final_state(*file, options.system, options.profile);
  if (!state) return process::refuse(state.error());

  const auto profile = spec::profile_text(state->profile);
  reports::Reproduction r;
  r.story = {fmt::format("vmadiff: {}", file->path),
             fmt::format("Expected: what {} gives under {}.", options.system, profile), "",
             "cc -Wall THIS.c -o reproducer && ./reproducer",
             "Exit status: 0 as expected, 1 different, 3 cannot run here."};
  if (!file->directives.setup.empty()) {
    const auto note = reports::machine_note(file->directives.setup);
    r.story.push_back(note);
    fmt::print(stderr, "vmadiff: {}: {}\n", file->path, note);
  }
  r.setup = state->setup;
  r.sequence = file->trace.sequence;
  for (std::size_t i = 0; i < r.sequence.size(); ++i) {
    r.sequence[i].expected = state->recording.outcomes[i];
  }
  r.expected = *state->recording.end;
  r.held = fmt::format("as expected ({} under {})", options.system, profile);
  r.differed = fmt::format("different from {} under {}", options.system, profile);
  if (auto written = reports::write_atomically(options.output, reports::c_program(r)); !written) {
    return process::refuse_input(written.error().message);
  }
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
