// compare: recording a run.
#include "compare/recording.h"

#include "reports/vma_lines.h"

namespace vmadiff::compare {

void Processes::note(const spec::Step& step, const spec::Outcome& outcome) {
  if (!outcome.is_ok()) return;
  if (std::holds_alternative<spec::Fork>(step.call)) {
    there_.insert(static_cast<spec::ProcessId>(outcome.value()));
  } else if (std::holds_alternative<spec::Exit>(step.call)) {
    there_.erase(step.process);
  }
}

std::expected<Recording, spec::ToolFault> record(spec::System& system, const spec::Setup& setup,
                                                 const spec::Sequence& sequence,
                                                 Snapshots snapshots) {
  Recording out;
  out.system = system.name();
  out.observes = system.observes();
  if (auto started = system.start(setup); !started) return std::unexpected(started.error());
  Processes processes;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto outcome = system.apply(sequence[i].process, sequence[i].call);
    out.outcomes.push_back(outcome);
    processes.note(sequence[i], outcome);
    if (outcome.is_death()) {
      if (auto setback = system.take_setback()) return std::unexpected(*std::move(setback));
      out.outcomes.resize(sequence.size(), outcome);
      return out;
    }
    if (snapshots == Snapshots::kAtEnd) continue;
    out.snapshots.emplace_back();
    if (auto seen = system.snapshot(sequence[i].process, out.snapshots.back()); !seen) {
      return std::unexpected(seen.error());
    }
  }
  out.end.emplace();
  for (const spec::ProcessId process : processes.all()) {
    auto& end = process == 0 ? *out.end : out.others[process];
    if (auto seen = system.snapshot(process, end); !seen) return std::unexpected(seen.error());
  }
  return out;
}

std::string kind_of(const spec::Outcome& outcome) {
  if (outcome.is_ok()) return "ok";
  if (outcome.is_death()) return "died";
  const auto name = spec::name(outcome.error());
  return name.empty() ? spec::text(outcome) : std::string{name};
}

std::vector<std::string> layout_lines(const spec::Snapshot& snapshot, const spec::Observes& seen,
                                      bool all) {
  std::vector<spec::Vma> vmas;
  for (const spec::Vma& vma : snapshot.vmas) {
    // kOther is what was mapped before the sequence began.
    if (all || vma.file.cls != spec::FileClass::kOther) vmas.push_back(vma);
  }
  return reports::lines_of(vmas, seen);
}

}  // namespace vmadiff::compare
