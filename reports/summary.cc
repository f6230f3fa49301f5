// reports: header and summary as text.
#include "reports/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/meetings.h"

namespace vmadiff::reports {
namespace {

/// What was met although the table says that it cannot be: the table is wrong.
std::string outside_the_table(const properties::Coverage& coverage) {
  using properties::Cell;
  const auto cells = properties::meetable_cells();
  const auto is_known = [&](const Cell& cell) {
    return std::ranges::find(cells, cell) != cells.end();
  };
  std::string out;
  const auto add = [&](const Cell& cell) {
    // Any errno can be an address that mmap gives back; exempt cells are counted by exemption.
    if (cell.result && spec::call_names()[cell.call] == "mmap") return;
    if (!cell.result && cell.merge == properties::MergeOutcome::kExempt) return;
    const auto count = count_of(coverage, cell);
    if (count == 0 || is_known(cell)) return;
    out += fmt::format("  {:<44} {}  (not in the table)\n", text(cell), count);
  };
  for (std::size_t call = 0; call < properties::kCallCount; ++call) {
    for (std::size_t result = 0; result < properties::kResultCount; ++result) {
      add({.call = call, .result = result});
    }
    for (std::size_t merge = 0; merge < properties::kMergeOutcomeCount; ++merge) {
      for (std::size_t ksm = 0; ksm < properties::kKsmModeCount; ++ksm) {
        const auto outcome = static_cast<properties::MergeOutcome>(merge);
        // A call that makes no merges due has one such cell, which says nothing.
        if (outcome == properties::MergeOutcome::kNotDue) continue;
        add({.call = call,
             .result = std::nullopt,
             .merge = outcome,
             .ksm = static_cast<properties::KsmMode>(ksm)});
      }
    }
  }
  return out;
}

std::string text_of(const properties::Arguments& arguments) {
  std::string out = "arguments            taken / refused\n";
  const auto names = spec::call_names();
  for (std::size_t call = 0; call < names.size(); ++call) {
    for (const auto& [name, count] : arguments.of(call)) {
      out += fmt::format("  {:<44} {} / {}\n", fmt::format("{} {}", names[call], name), count.ok,
                         count.failed);
    }
  }
  return out;
}

}  // namespace

std::string text(const RunHeader& header) {
  auto out = fmt::format("vmadiff {}  profile {}{}  systems {}  properties {}  seed {:#x}\n",
                         header.version, header.profile, header.identity ? " as identified" : "",
                         fmt::join(header.systems, ","), header.properties, header.seed);
  for (const std::string& note : header.notes) out += fmt::format("{}\n", note);
  return out;
}

std::string text(const properties::Coverage& coverage) {
  std::string out = "behaviours           how often\n";
  std::string never;
  std::size_t met = 0;
  const auto cells = properties::meetable_cells();
  for (const auto& cell : cells) {
    const auto count = count_of(coverage, cell);
    if (count == 0) {
      never += fmt::format("  {}\n", text(cell));
    } else {
      ++met;
      out += fmt::format("  {:<44} {}\n", text(cell), count);
    }
  }
  out += outside_the_table(coverage);
  out += fmt::format("behaviours met       {} of {}\n", met, cells.size());
  if (!never.empty()) out += "never met\n" + never;
  out += text_of(coverage.arguments());
  out += text(coverage.meetings());
  return out;
}

std::string text(const RunSummary& summary) {
  const auto& tally = summary.tally;
  std::string out;
  if (summary.coverage) out += text(*summary.coverage);
  if (summary.interrupted) out += "interrupted: this is what was done until then\n";
  out += fmt::format("sequences            {}\n", tally.sequences);
  out += fmt::format("operations           {}\n", tally.operations);
  out += fmt::format("by the real kernel   {}\n", tally.remote_operations);
  for (const auto& [reason, count] : summary.set_back) {
    out += fmt::format("could not be run     {} sequence{}: {}\n", count, count == 1 ? "" : "s",
                       reason);
  }
  if (tally.skipped_on_remote != 0) {
    out += fmt::format("not run on it        {} sequences (they touch the agent's own memory)\n",
                       tally.skipped_on_remote);
  }
  for (const std::string& file : summary.shows_nothing)
    out += fmt::format("seen once before     {}: it shows nothing any more\n", file);
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
  if (!summary.more_of_a_cause.empty())
    out += "not reported again    others with the cause of one above\n";
  for (const auto& [cause, count] : summary.more_of_a_cause)
    out += fmt::format("  {:<44} {}\n", cause, count);
  return out;
}

}  // namespace vmadiff::reports
