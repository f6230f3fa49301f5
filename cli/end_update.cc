// cli: lines for a trace's end.
#include "cli/end_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "cli/end_check.h"
#include "cli/profile_spans.h"
#include "compare/recording.h"
#include "reports/vma_lines.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

using Lines = std::vector<std::string>;

/// Which parts of each VMA are said.
struct Parts {
  bool permissions = true;
  bool offset = true;
  bool backing = true;
  bool flags = true;
  bool whole_flags = true;
  spec::VmFlags some_flags = 0;  ///< those that are named, where not all are
  bool name = true;
  bool hidden = true;
};

bool says_hidden(const VmaClaim& claim) {
  return claim.pgoff || claim.own_pgoff || claim.object || claim.anon_vma || claim.policy ||
         claim.userfaultfd;
}

/// What the lines of one process say; all where there is none of a VMA.
Parts parts_of(const std::vector<EndClaim>& claims, spec::ProcessId process) {
  Parts parts{false, false, false, false, false, 0, false, false};
  bool any = false;
  for (const EndClaim& claim : claims) {
    if (claim.process != process || claim.kind != EndClaim::Kind::kVma) continue;
    any = true;
    const VmaClaim& vma = claim.vma;
    parts.permissions = parts.permissions || vma.permissions;
    parts.offset = parts.offset || vma.offset;
    parts.backing = parts.backing || vma.backing;
    parts.name = parts.name || vma.name || (vma.flags && vma.flags->is_whole);
    parts.hidden = parts.hidden || says_hidden(vma);
    if (!vma.flags) continue;
    parts.flags = true;
    parts.whole_flags = parts.whole_flags || vma.flags->is_whole;
    parts.some_flags |= vma.flags->set | vma.flags->clear;
  }
  return any ? parts : Parts{};
}

std::string flags_text(const spec::Vma& vma, const Parts& parts) {
  if (parts.whole_flags) return spec::vm_flags_text(vma.flags);
  std::string out;
  for (const auto& [bits, code] : spec::vm_flag_codes()) {
    if ((parts.some_flags & bits) == 0) continue;
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", (vma.flags & bits) != 0 ? "" : "-", code);
  }
  return out;
}

/// `line` is the VMA's as layout prints it.
std::string said(const spec::Vma& vma, const std::string& line, const Parts& parts) {
  const auto offset = vma.file.is_none() ? 0 : vma.pgoff << spec::kPageShift;
  auto out = fmt::format("{:08x}-{:08x}", vma.start, vma.end);
  if (parts.permissions) out += ' ' + spec::permissions_text(vma.flags);
  if (parts.offset) out += fmt::format(" {:08x}", offset);
  if (parts.backing) out += ' ' + spec::text(vma.file);
  if (parts.flags) out += fmt::format(" [{}]", flags_text(vma, parts));
  if (const auto name = spec::name_text(vma); parts.name && !name.empty()) out += ' ' + name;
  if (parts.hidden) out += line.substr(spec::text(vma).size());
  return out;
}

/// Of a process that is there; null: it is not.
Lines end_of(const spec::Snapshot* snapshot, const spec::Observes& seen, const Parts& parts) {
  if (snapshot == nullptr) return {"gone"};
  std::vector<spec::Vma> vmas;
  std::ranges::copy_if(snapshot->vmas, std::back_inserter(vmas), [](const spec::Vma& vma) {
    return vma.file.cls != spec::FileClass::kOther;
  });
  if (vmas.empty()) return {"none"};
  const auto lines = reports::lines_of(vmas, seen);
  Lines out;
  for (std::size_t i = 0; i < vmas.size(); ++i) out.push_back(said(vmas[i], lines[i], parts));
  return out;
}

using EndsByProcess = std::map<spec::ProcessId, Lines>;

EndsByProcess ends_of(const TraceFile& file, const compare::Recording& recording) {
  const auto& claims = file.directives.ends;
  const auto is_asked = [&claims](spec::ProcessId process) {
    return claims.empty() || std::ranges::find(claims, process, &EndClaim::process) != claims.end();
  };
  EndsByProcess ends;
  spec::ProcessId count = 1;
  for (std::size_t i = 0; i < recording.outcomes.size(); ++i) {
    const bool made = std::holds_alternative<spec::Fork>(file.trace.sequence[i].call) &&
                      recording.outcomes[i].is_ok();
    if (made) ++count;
  }
  for (spec::ProcessId process = 0; process < count; ++process) {
    if (!is_asked(process)) continue;
    const auto other = recording.others.find(process);
    const auto* snapshot = process == 0                      ? &*recording.end
                           : other == recording.others.end() ? nullptr
                                                             : &other->second;
    ends[process] = end_of(snapshot, recording.observes, parts_of(claims, process));
  }
  return ends;
}

/// The profiles that the trace is for; empty where none of them has a name: then its own alone.
std::vector<std::string> profiles_of(const TraceFile& file) {
  const auto own = spec::read_profile_text(file.directives.profile);
  if (!file.directives.profile.empty() && own && !spec::profile_named(spec::profile_text(*own))) {
    return {};
  }
  if (!file.directives.holds.empty()) return file.directives.holds;
  std::vector<std::string> names;
  for (const auto& profile : spec::profiles()) names.emplace_back(profile.name);
  return names;
}

std::expected<compare::Recording, std::string> run(spec::System& system, const TraceFile& file,
                                                   const spec::Setup& setup) {
  auto recording = compare::retried([&] {
    return compare::record(system, setup, file.trace.sequence, compare::Snapshots::kAtEnd);
  });
  if (!recording) return std::unexpected(recording.error().message);
  if (!recording->end) {
    return std::unexpected(fmt::format("{}: {} died of it", file.path, system.name()));
  }
  return *std::move(recording);
}

/// A run of a system in this process under one of the trace's profiles.
struct ModelRun {
  std::string profile;
  compare::Recording recording;
};

bool gives_its_results(const TraceFile& file, const compare::Recording& recording) {
  for (std::size_t i = 0; i < recording.outcomes.size(); ++i) {
    const auto& expected = file.trace.sequence[i].expected;
    if (expected && *expected != recording.outcomes[i]) return false;
  }
  return true;
}

std::expected<std::vector<ModelRun>, std::string> model_runs(const TraceFile& file,
                                                             const EndWitnesses& witnesses) {
  std::vector<spec::KernelProfile> profiles;
  for (const std::string& name : profiles_of(file)) profiles.push_back(*spec::profile_named(name));
  if (profiles.empty()) profiles.push_back(*spec::read_profile_text(file.directives.profile));
  const auto setup = setup_of(file, spec::Setup::standard());
  std::vector<ModelRun> runs;
  bool any = false;
  for (const spec::KernelProfile& profile : profiles) {
    for (const spec::System* system : witnesses.systems) {
      if (!systems::is_in_process(system->name())) continue;
      const auto like = systems::make_like(system->name(), profile);
      auto recording = run(*like, file, setup);
      if (!recording) return std::unexpected(recording.error());
      any = true;
      // A profile under which its results are others is none of the trace's.
      if (!gives_its_results(file, *recording)) continue;
      runs.push_back({spec::profile_text(profile), *std::move(recording)});
    }
  }
  if (!any) {
    return std::unexpected(fmt::format(
        "{}: no model or implementation takes part, and a real kernel shows neither policies nor "
        "anon_vmas: its end is not written",
        file.path));
  }
  if (runs.empty()) {
    return std::unexpected(
        fmt::format("{}: under no profile its results are as it states them", file.path));
  }
  return runs;
}

/// The lines, those of profiles that end alike together.
std::string block_of(const TraceFile& file, const std::vector<ModelRun>& runs) {
  /// For each process: what it can end with, and the profiles that do.
  std::map<spec::ProcessId, std::vector<std::pair<Lines, std::vector<std::string>>>> ends;
  for (const ModelRun& run : runs) {
    for (auto& [process, lines] : ends_of(file, run.recording)) {
      auto& kinds = ends[process];
      const auto is_of_it = [&run](const auto& kind) {
        return std::ranges::find(kind.second, run.profile) != kind.second.end();
      };
      // Of a profile the first system writes; that the others agree is looked at below.
      if (std::ranges::any_of(kinds, is_of_it)) continue;
      const auto same =
          std::ranges::find_if(kinds, [&](const auto& k) { return k.first == lines; });
      if (same == kinds.end()) {
        kinds.emplace_back(std::move(lines), std::vector<std::string>{run.profile});
      } else {
        same->second.push_back(run.profile);
      }
    }
  }
  std::string out;
  for (const auto& [process, kinds] : ends) {
    for (const auto& [lines, profiles] : kinds) {
      const auto spans = kinds.size() == 1 ? std::string{} : profile_spans_text(profiles) + ": ";
      for (const std::string& line : lines) {
        out += fmt::format("#= {}{} {}\n", spans, process, line);
      }
    }
  }
  return out;
}

/// The text without its "#=" lines, and with `block` at the end.
std::string with_block(std::string_view text, std::string_view block) {
  std::string out;
  while (!text.empty()) {
    const auto newline = std::min(text.find('\n'), text.size() - 1);
    const auto line = text.substr(0, newline + 1);
    text.remove_prefix(newline + 1);
    if (!end_claim_text(line)) out += line;
  }
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  return out.append(block);
}

}  // namespace

std::expected<std::string, std::string> with_ends(std::string_view text, const TraceFile& file,
                                                  const EndWitnesses& witnesses) {
  const auto runs = model_runs(file, witnesses);
  if (!runs) return std::unexpected(runs.error());
  auto out = with_block(text, block_of(file, *runs));
  // It is believed when it has been read and holds.
  const auto made = trace_of_text(file.path, out);
  if (!made) return std::unexpected(made.error());
  if (made->trace.sequence != file.trace.sequence) {
    return std::unexpected(fmt::format(
        "{}: lines behind its last one would be part of its last call: end that first", file.path));
  }
  const auto refuse = [](const std::vector<std::string>& broken, std::string_view profile) {
    return std::unexpected(
        fmt::format("{} (under {}): the systems do not agree", broken.front(), profile));
  };
  for (const ModelRun& run : *runs) {
    const auto broken = broken_ends(*made, run.recording, run.profile);
    if (!broken.empty()) return refuse(broken, run.profile);
  }
  for (spec::System* system : witnesses.systems) {
    const auto recording = run(*system, file, witnesses.setup);
    if (!recording) return std::unexpected(recording.error());
    const auto profile = spec::profile_text(witnesses.profile);
    const auto broken = broken_ends(*made, *recording, profile);
    if (!broken.empty()) return refuse(broken, profile);
  }
  return out;
}

}  // namespace vmadiff::cli
