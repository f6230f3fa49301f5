// cli: the minimize command.
#include "cli/minimize.h"

#include <fmt/format.h>

#include <optional>

#include "campaign/crew.h"
#include "campaign/settle.h"
#include "cli/cast.h"
#include "cli/choices.h"
#include "cli/trace_file.h"
#include "process/interrupt.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "reports/trace.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

struct Smallest {
  properties::Finding finding;
  std::string left_out;  ///< systems that cannot run the trace, and why
};

std::expected<Smallest, process::Refusal> smallest(const TraceFile& file,
                                                   const MinimizeOptions& options) {
  const auto properties = choose_properties(options.properties);
  if (!properties) return std::unexpected(properties.error());
  auto words = options.systems;
  if (words.empty()) words = fmt::format("{}", fmt::join(file.directives.systems, ","));
  const auto chosen =
      choose(words, options.profile.empty() ? file.directives.profile : options.profile);
  if (!chosen) return std::unexpected(chosen.error());
  const auto* const choice = &chosen->systems;
  const auto* const profile = &chosen->profile;
  const auto cast = cast_of(file, choice->systems);
  if (cast.systems.empty()) return std::unexpected(nobody_runs(file, cast.left_out));
  const auto setup = systems::setup_for(cast.systems);
  if (!setup) return process::lacks(setup.error().message);
  const auto crew = campaign::Crew::make(cast.systems, *profile);
  if (!crew) return process::lacks(crew.error().message);

  auto checker =
      campaign::make_checker(crew->systems(), *profile, setup_of(file, *setup), *properties);
  auto found = checker.check(file.trace.sequence, properties::Observation::kEveryStep);
  if (!found) return process::lacks(found.error().message);
  if (!*found) {
    return process::bad_input(
        fmt::format("{}: shows no finding on {} under {}, so there is nothing to keep{}", file.path,
                    systems::joined(cast.systems), spec::profile_text(*profile),
                    cast.left_out.empty() ? "" : fmt::format(" (without {})", cast.left_out)));
  }
  process::watch_for_interrupts();
  auto settled = campaign::settle(*crew, *profile, **std::move(found), process::is_interrupted);
  if (!settled) return process::lacks(settled.error().message);
  return Smallest{*std::move(settled), cast.left_out};
}

}  // namespace

process::ExitStatus minimize(const MinimizeOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  const auto made = smallest(*file, options);
  if (!made) return process::refuse(made.error());
  const auto& [finding, left_out] = *made;
  if (auto written =
          reports::write_atomically(options.output, reports::print_finding_trace(finding));
      !written) {
    return process::refuse_input(written.error().message);
  }
  // They are of the longer trace; replay --update writes the new one's.
  const auto* const lost = file->directives.ends.empty() ? "" : "; its '#=' lines are left out";
  fmt::print("{}: {} calls, from {}; {}{}{}\n", reports::printable_line(options.output),
             finding.sequence.size(), file->trace.sequence.size(), finding.claim,
             left_out.empty() ? "" : fmt::format("; without {}", left_out), lost);
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
