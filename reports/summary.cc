// reports: header and summary as text.
#include "reports/summary.h"

#include <fmt/format.h>

namespace vmadiff::reports {

std::string text(const RunHeader& header) {
  auto out =
      fmt::format("vmadiff {}  profile {}  systems {}  properties {}  seed {:#x}\n", header.version,
                  header.profile, fmt::join(header.systems, ","), header.properties, header.seed);
  for (const std::string& note : header.notes) out += fmt::format("{}\n", note);
  return out;
}

std::string text(const RunSummary& summary) {
  const auto& tally = summary.tally;
  std::string out;
  if (summary.interrupted) out += "interrupted: this is what was done until then\n";
  out += fmt::format("sequences            {}\n", tally.sequences);
  out += fmt::format("operations           {}\n", tally.operations);
  out += fmt::format("by the real kernel   {}\n", tally.remote_operations);
  if (tally.skipped_on_remote != 0) {
    out += fmt::format("not run on it        {} sequences (they touch the agent's own memory)\n",
                       tally.skipped_on_remote);
  }
  if (!tally.exemptions.empty()) {
    out += "exemptions used\n";
    for (const auto& [name, count] : tally.exemptions) {
      out += fmt::format("  {:<44} {}\n", name, count);
    }
  }
  if (summary.claims.empty()) {
    out += "findings             none: every property held\n";
    return out;
  }
  out += "findings\n";
  for (const auto& [claim, count] : summary.claims) {
    out += fmt::format("  {:<44} {}, in {} sequence{}\n", claim, count.findings, count.sequences,
                       count.sequences == 1 ? "" : "s");
  }
  return out;
}

}  // namespace vmadiff::reports
