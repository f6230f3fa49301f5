// cli: the record command.
#include "cli/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <expected>
#include <optional>
#include <string_view>

#include "cli/cast.h"
#include "cli/choices.h"
#include "compare/recording.h"
#include "intake/strace_import.h"
#include "kernel/store/command.h"
#include "record/recorded.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

/// What of a VMA both sides know, in a trace's addresses.
struct Seen {
  spec::Range range;
  std::string permissions;
  friend bool operator==(const Seen&, const Seen&) = default;
};

struct RealVma {
  Seen seen;
  const intake::MapsEntry* entry = nullptr;
};

std::string permissions_of(const intake::MapsEntry& entry) {
  return {(entry.prot & spec::kProtRead) != 0 ? 'r' : '-',
          (entry.prot & spec::kProtWrite) != 0 ? 'w' : '-',
          (entry.prot & spec::kProtExec) != 0 ? 'x' : '-', entry.is_shared ? 's' : 'p'};
}

/// Without the kernel's own (vdso), which no call makes and which never merge.
std::vector<RealVma> real_vmas(const intake::Imported& imported) {
  std::vector<RealVma> out;
  for (const intake::MapsEntry& entry : imported.end) {
    if (entry.is_kernels()) continue;
    const auto start = imported.relocation(entry.range.start);
    out.push_back({{{start, start + entry.range.size()}, permissions_of(entry)}, &entry});
  }
  return out;
}

std::vector<Seen> predicted(const spec::Snapshot& end) {
  std::vector<Seen> out;
  for (const spec::Vma& vma : end.vmas) {
    if (vma.file.cls == spec::FileClass::kOther) continue;
    out.push_back({vma.range(), spec::permissions_text(vma.flags)});
  }
  return out;
}

std::string text(const Seen& seen) {
  return fmt::format("{:x}-{:x} {}", seen.range.start, seen.range.end, seen.permissions);
}

/// "START-END rw-p PATH, which is …: SYSTEM has …".
std::string unlike(const RealVma& real, const std::vector<Seen>& all, std::string_view system) {
  std::string others;
  std::size_t count = 0;
  for (const Seen& other : all) {
    if (!other.range.overlaps(real.seen.range)) continue;
    constexpr std::size_t kShown = 3;
    if (++count <= kShown) others += fmt::format("{}{}", count == 1 ? "" : ", ", text(other));
  }
  const auto path = real.entry->path.empty() ? std::string{"anonymous"} : real.entry->path;
  return fmt::format("{:x}-{:x} {} {} (here {:x}-{:x}): {} has {}{}", real.entry->range.start,
                     real.entry->range.end, real.seen.permissions, reports::printable_line(path),
                     real.seen.range.start, real.seen.range.end, system,
                     count == 0 ? "nothing there" : fmt::format("{} there: ", count), others);
}

struct Held {
  bool all = true;
};

/// A line for one system, and one for each VMA that is not as predicted.
Held hold(const intake::Imported& imported, const compare::Recording& recording) {
  const auto& sequence = imported.trace.sequence;
  std::size_t asserted = 0;
  std::size_t different = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto& expected = sequence[i].expected;
    if (expected) ++asserted;
    if (expected && *expected != recording.outcomes[i]) ++different;
  }
  const auto real = real_vmas(imported);
  const auto all = recording.end ? predicted(*recording.end) : std::vector<Seen>{};
  std::vector<std::string> lines;
  std::size_t exact = 0;
  for (const RealVma& vma : real) {
    if (std::ranges::find(all, vma.seen) != all.end()) {
      ++exact;
    } else {
      lines.push_back(unlike(vma, all, recording.system));
    }
  }
  fmt::print(
      "  {:8} {} of {} VMAs exactly as predicted, {} predicted; {} of {} results are others\n",
      recording.system, exact, real.size(), all.size(), different, asserted);
  for (const std::string& line : lines) fmt::print("    {}\n", line);
  return {exact == real.size() && all.size() == real.size()};
}

std::expected<bool, process::Refusal> hold_against_systems(const intake::Imported& imported,
                                                           const RecordOptions& options) {
  const auto choice = choose(options.systems, options.profile);
  if (!choice) return std::unexpected(choice.error());
  TraceFile file;
  file.path = "the recorded trace";
  file.trace = imported.trace;
  const auto cast = cast_of(file, choice->systems.systems);
  if (cast.systems.empty()) return std::unexpected(nobody_runs(file, cast.left_out));
  const auto setup = systems::setup_for(cast.systems);
  if (!setup) return process::lacks(setup.error().message);
  fmt::print("  profile  {}{}{}\n", spec::profile_text(choice->profile),
             cast.left_out.empty() ? "" : "; without ", cast.left_out);
  bool held = true;
  for (const std::string& name : cast.systems) {
    const auto system = systems::make_system(name, choice->profile);
    if (!system) return process::lacks(system.error().message);
    const auto recording = compare::retried([&] {
      return compare::record(**system, *setup, imported.trace.sequence, compare::Snapshots::kAtEnd);
    });
    if (!recording) return process::lacks(recording.error().message);
    held = hold(imported, *recording).all && held;
  }
  return held;
}

}  // namespace

process::ExitStatus record_program(const RecordOptions& options) {
  const auto recorded = record::run_recorded(options.program);
  if (!recorded) {
    return process::refuse({process::ExitStatus::kLacks, recorded.error().message});
  }
  if (recorded->log.empty()) {
    // It has said why: the program is not there, or this machine lets nobody trace.
    const auto& program = options.program.front();
    const bool is_there = !kernel::program_path(program).empty();
    return process::refuse(
        {is_there ? process::ExitStatus::kLacks : process::ExitStatus::kBadInput,
         fmt::format("strace could not run {}", reports::printable_line(program))});
  }
  const auto imported = intake::import_strace({{"strace", recorded->log}}, recorded->looks);
  if (!imported) return process::refuse_input(imported.error());
  if (!options.output.empty()) {
    const auto written =
        reports::write_atomically(options.output, spec::print_trace(imported->trace));
    if (!written) return process::refuse_input(written.error().message);
  }
  const auto kernels = static_cast<std::size_t>(
      std::ranges::count_if(imported->end, &intake::MapsEntry::is_kernels));
  fmt::print(
      "{}: status {}; {} steps{}\n", reports::printable_line(imported->program), recorded->status,
      imported->trace.sequence.size(),
      options.output.empty() ? "" : fmt::format(" in {}", reports::printable_line(options.output)));
  for (const intake::Loss& loss : imported->losses) {
    fmt::print("  not kept: {} ({} times)\n", loss.what, loss.count);
  }
  if (!recorded->unwatched.empty()) {
    return process::refuse({process::ExitStatus::kLacks, recorded->unwatched});
  }
  if (imported->end.empty()) {
    return process::refuse(
        {process::ExitStatus::kLacks,
         "the program was killed before its memory could be looked at: nothing is compared"});
  }
  fmt::print("  at its end {} VMAs, besides {} of the kernel's own (vdso, vvar)\n",
             imported->end.size() - kernels, kernels);
  const auto held = hold_against_systems(*imported, options);
  if (!held) return process::refuse(held.error());
  return *held ? process::ExitStatus::kHeld : process::ExitStatus::kFinding;
}

}  // namespace vmadiff::cli
