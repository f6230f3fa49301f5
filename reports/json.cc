// reports: JSON.
#include "reports/json.h"

#include <fmt/format.h>

#include "reports/meetings.h"
#include "reports/quoting.h"
#include "reports/trace.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {
namespace {

using nlohmann::ordered_json;

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

ordered_json vma_json(const spec::Vma& vma, const spec::Observes& observes) {
  ordered_json out{{"start", hex(vma.start)},
                   {"end", hex(vma.end)},
                   {"permissions", spec::permissions_text(vma.flags)},
                   {"backing", spec::text(vma.file)}};
  if (!vma.file.is_none() || observes.anon_pgoff) out["page_offset"] = hex(vma.pgoff);
  if (observes.anon_pgoff && vma.own_pgoff != 0) out["own_page_offset"] = hex(vma.own_pgoff);
  if (observes.vm_flags) out["flags"] = spec::vm_flags_text(vma.flags);
  if (observes.anon_vma) {
    out["anon_vma"] = vma.anon_vma;
    out["anon_vma_links"] = vma.anon_vma_links;
  }
  if (observes.names && !spec::name_text(vma).empty()) out["name"] = vma.name.text();
  if (observes.policy && vma.policy != spec::MemPolicy{}) {
    out["policy"] = {{"mode", vma.policy.mode},
                     {"flags", vma.policy.flags},
                     {"nodes", vma.policy.nodes},
                     {"asked", vma.policy.asked}};
  }
  if (observes.userfaultfd && vma.userfaultfd != 0) out["userfaultfd"] = vma.userfaultfd - 1;
  return out;
}

std::string_view name(properties::Confirmation::Answer answer) {
  using Answer = properties::Confirmation::Answer;
  switch (answer) {
    case Answer::kNotAsked:
      break;
    case Answer::kShows:
      return "shown";
    case Answer::kDoesNotShow:
      return "not shown";
    case Answer::kCannotSay:
      return "cannot say";
  }
  return "not asked";
}

}  // namespace

std::string dumped(const ordered_json& object, int indent) {
  return object.dump(indent, ' ', true, ordered_json::error_handler_t::replace);
}

ordered_json to_json(const spec::Snapshot& snapshot, const spec::Observes& observes) {
  ordered_json out;
  out["vmas"] = ordered_json::array();
  for (const spec::Vma& vma : snapshot.vmas) out["vmas"].push_back(vma_json(vma, observes));
  if (observes.counter_sums || observes.counters) {
    const auto& c = snapshot.counters;
    out["counters"] = {{"map_count", c.map_count}, {"total_vm", c.total_vm}};
    if (observes.counters) {
      out["counters"].update({{"locked_vm", c.locked_vm},
                              {"data_vm", c.data_vm},
                              {"stack_vm", c.stack_vm},
                              {"exec_vm", c.exec_vm}});
    } else {
      out["counters"]["data_vm_and_stack_vm"] = c.data_vm + c.stack_vm;
    }
  }
  if (observes.brk_and_merge) {
    out["brk"] = hex(snapshot.brk);
    out["merge_any"] = snapshot.merge_any;
  }
  return out;
}

ordered_json to_json(const properties::Finding& finding) {
  ordered_json out{{"type", "finding"},
                   {"claim", finding.claim},
                   {"explanation", finding.explanation},
                   {"fingerprint", finding.fingerprint},
                   {"profile", finding.profile},
                   {"systems", systems_of(finding)},
                   {"run_seed", hex(finding.run_seed)},
                   {"sequence_seed", hex(finding.sequence_seed)},
                   {"shrinks", finding.shrinks},
                   {"reproducible", finding.reproducible}};
  if (!finding.machines.empty()) out["machines"] = finding.machines;
  if (const auto setup = setup_directive(finding); !setup.empty()) out["setup"] = setup;
  if (!finding.known.empty()) out["known"] = finding.known;
  if (!finding.sanitize.empty()) out["sanitize"] = finding.sanitize;
  if (const auto& asked = finding.confirmation; !asked.system.empty()) {
    out["confirmation"] = {{"system", asked.system}, {"answer", name(asked.answer)}};
    if (!asked.note.empty()) out["confirmation"]["note"] = asked.note;
  }
  out["sequence"] = ordered_json::array();
  for (const spec::Step& step : finding.sequence) {
    ordered_json line{{"process", step.process}, {"call", spec::text(step.call)}};
    if (step.expected) line["result"] = spec::text(*step.expected);
    out["sequence"].push_back(std::move(line));
  }
  out["step"] = finding.step;
  if (!finding.log.empty()) out["log"] = finding.log;
  out["views"] = ordered_json::array();
  for (const auto& view : finding.views) {
    ordered_json side{{"system", view.system}, {"outcome", spec::text(view.outcome)}};
    side.update(to_json(view.snapshot, view.observes));
    out["views"].push_back(std::move(side));
  }
  return out;
}

ordered_json json_with_files(const properties::Finding& finding, const FindingFiles& files) {
  auto out = to_json(finding);
  out["trace"] = printable_line(files.trace.string());
  if (files.is_kept) out["trace_is_of_an_earlier_finding"] = true;
  out["replayed"] = files.replayed == Replayed::kNotTried
                        ? ordered_json{}
                        : ordered_json(files.replayed == Replayed::kShows);
  if (!files.replay_note.empty()) out["replay_note"] = files.replay_note;
  return out;
}

ordered_json to_json(const RunHeader& header) {
  ordered_json out{{"type", "run"},
                   {"version", header.version},
                   {"profile", header.profile},
                   {"systems", header.systems},
                   {"properties", header.properties},
                   {"seed", hex(header.seed)},
                   {"notes", header.notes}};
  if (header.identity) {
    const auto& identity = *header.identity;
    out["identified"] = {{"system", identity.system},       {"nearest", identity.nearest},
                         {"exact", identity.is_exact},      {"differences", identity.differences},
                         {"not_asked", identity.not_asked}, {"unknown", identity.unknown}};
  }
  return out;
}

ordered_json to_json(const RunSummary& summary) {
  const auto& tally = summary.tally;
  ordered_json out{{"type", "summary"},
                   {"interrupted", summary.interrupted},
                   {"sequences", tally.sequences},
                   {"operations", tally.operations},
                   {"remote_operations", tally.remote_operations},
                   {"skipped_on_remote", tally.skipped_on_remote}};
  if (!summary.set_back.empty()) out["set_back"] = summary.set_back;
  if (!summary.shows_nothing.empty()) out["shows_nothing"] = summary.shows_nothing;
  out["exemptions"] = ordered_json::object();
  for (const auto& [name, count] : tally.exemptions) out["exemptions"][name] = count;
  if (summary.coverage) {
    out["behaviours"] = ordered_json::object();
    for (const auto& cell : properties::meetable_cells()) {
      out["behaviours"][text(cell)] = count_of(*summary.coverage, cell);
    }
    out["arguments"] = ordered_json::object();
    const auto names = spec::call_names();
    for (std::size_t call = 0; call < names.size(); ++call) {
      for (const auto& [name, count] : summary.coverage->arguments().of(call)) {
        out["arguments"][std::string{names[call]}][std::string{name}] = {{"taken", count.ok},
                                                                         {"refused", count.failed}};
      }
    }
    out["meetings"] = ordered_json::object();
    for (const MeetingTable& table : meeting_tables(summary.coverage->meetings())) {
      auto& entry = out["meetings"][std::string{table.kind}];
      entry = {{"can_meet", table.can_meet},
               {"once_in_calls", table.once_in_calls},
               {"below", table.below},
               {"never", table.never}};
      for (const auto& [what, count] : table.rarest) entry["rarest"][what] = count;
    }
  }
  out["more_of_a_cause"] = summary.more_of_a_cause;
  out["findings"] = ordered_json::object();
  for (const auto& [claim, count] : summary.claims) {
    out["findings"][claim] = {{"different", count.findings}, {"sequences", count.sequences}};
  }
  return out;
}

}  // namespace vmadiff::reports
