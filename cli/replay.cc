// cli: the replay command.
#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "cli/cast.h"
#include "cli/choices.h"
#include "cli/end_update.h"
#include "cli/trace_file.h"
#include "cli/verdict.h"
#include "compare/recording.h"
#include "reports/store.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// The systems of one profile, made when first needed: an agent is not started for every file.
class Fleet {
 public:
  std::expected<spec::System*, process::Refusal> get(const std::string& name,
                                                     const spec::KernelProfile& profile) {
    auto& slot = systems_[{name, systems::is_real(name) ? "" : spec::profile_text(profile)}];
    if (!slot) {
      auto made = systems::make_system(name, profile);
      if (!made)
        return std::unexpected(process::Refusal{process::ExitStatus::kLacks, made.error().message});
      slot = *std::move(made);
    }
    return slot.get();
  }

 private:
  std::map<std::pair<std::string, std::string>, std::unique_ptr<spec::System>> systems_;
};

struct Counts {
  std::size_t ok = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  std::size_t unreadable = 0;
};

/// What one file is run on, and what had to be left out.
struct Plan {
  spec::KernelProfile profile;
  Cast cast;
};

std::expected<Plan, process::Refusal> plan(const TraceFile& file, const ReplayOptions& options) {
  const auto& directives = file.directives;
  const auto choice =
      choose(options.systems, options.profile.empty() ? directives.profile : options.profile);
  if (!choice) return std::unexpected(choice.error());
  return Plan{choice->profile, cast_of(file, choice->systems.systems)};
}

/// The layout after each step: the first system's, and each other's that differs from it. Step by
/// step, so that no more than one layout of each is kept.
std::expected<void, spec::ToolFault> print_steps(const TraceFile& file,
                                                 const std::vector<spec::System*>& systems,
                                                 const spec::Setup& setup) {
  spec::Observes seen;
  for (spec::System* system : systems) {
    seen = both(seen, system->observes());
    if (auto started = system->start(setup); !started) return started;
  }
  const auto& sequence = file.trace.sequence;
  std::vector<bool> is_dead(systems.size());
  spec::Snapshot now;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    fmt::print("{:4} {}\n", i + 1, spec::text(spec::Step{step.process, step.call, {}}));
    std::vector<std::string> first;  // as far as all of them observe it
    for (std::size_t s = 0; s < systems.size(); ++s) {
      const auto outcome = systems[s]->apply(step.process, step.call);
      is_dead[s] = is_dead[s] || outcome.is_death();
      now.vmas.clear();
      if (!is_dead[s]) {
        if (auto looked = systems[s]->snapshot(step.process, now); !looked) return looked;
      }
      auto common = compare::layout_lines(now, seen, false);
      common.push_back(spec::text(outcome));
      if (s != 0 && common == first) continue;
      fmt::print("     {} = {}\n", systems[s]->name(), spec::text(outcome));
      for (const auto& line : compare::layout_lines(now, systems[s]->observes(), false)) {
        fmt::print("       {}\n", line);
      }
      if (s == 0) first = std::move(common);
    }
  }
  return {};
}

/// Writes what the trace ends with into its file: "; updated"; "; unchanged" where that stands
/// there.
std::expected<std::string_view, std::string> update(const std::string& path, std::string_view text,
                                                    const TraceFile& file,
                                                    const EndWitnesses& witnesses) {
  const auto updated = with_ends(text, file, witnesses);
  if (!updated) return std::unexpected(updated.error());
  if (*updated == text) return "; unchanged";
  const auto written = reports::write_atomically(path, *updated);
  if (!written) return std::unexpected(written.error().message);
  return "; updated";
}

/// A file as it was found.
struct Found {
  const std::string& path;
  std::string_view text;
  TraceFile file;
};

std::expected<void, process::Refusal> replay_one(const Found& found, const ReplayOptions& options,
                                                 Fleet& fleet, Counts& counts) {
  const TraceFile& file = found.file;
  const auto planned = plan(file, options);
  if (!planned) return std::unexpected(planned.error());
  const auto skip = [&](const std::string& why) -> std::expected<void, process::Refusal> {
    ++counts.skipped;
    fmt::print("skipped {}  ({})\n", file.path, why);
    return {};
  };
  if (!is_as_written(file, planned->profile)) {
    return skip(fmt::format("it holds under {}: not under {}",
                            fmt::join(file.directives.holds, ", "),
                            spec::profile_text(planned->profile)));
  }
  if (planned->cast.systems.empty()) return skip(planned->cast.left_out);
  std::vector<spec::System*> systems;
  for (const std::string& name : planned->cast.systems) {
    const auto system = fleet.get(name, planned->profile);
    if (!system) return std::unexpected(system.error());
    systems.push_back(*system);
  }
  const auto setup = systems::setup_for(planned->cast.systems);
  if (!setup)
    return std::unexpected(process::Refusal{process::ExitStatus::kLacks, setup.error().message});
  const auto begin = setup_of(file, *setup);
  // What is written anew need not hold as it was.
  auto judged = file;
  if (options.update) judged.directives.ends.clear();
  auto verdict = judge(judged, systems, planned->profile, begin);
  if (!verdict)
    return std::unexpected(process::Refusal{process::ExitStatus::kLacks, verdict.error().message});
  std::string_view update_note;
  if (options.update && verdict->failures.empty()) {
    const auto updated = update(found.path, found.text, file, {systems, planned->profile, begin});
    if (updated) {
      update_note = *updated;
    } else {
      verdict->failures.push_back(updated.error());
    }
  }

  const bool holds = verdict->failures.empty();
  ++(holds ? counts.ok : counts.failed);
  fmt::print("{} {}  ({}; {}{}{}{}{}{})\n", holds ? "ok     " : "FAILED ", file.path,
             spec::profile_text(planned->profile), systems::joined(planned->cast.systems),
             planned->cast.left_out.empty() ? "" : "; without ", planned->cast.left_out,
             verdict->counts.empty() ? "" : "; ", verdict->counts, update_note);
  for (const std::string& note : verdict->notes) fmt::print("  {}\n", note);
  if (options.verbose) {
    if (auto printed = print_steps(file, systems, begin); !printed) {
      return std::unexpected(
          process::Refusal{process::ExitStatus::kLacks, printed.error().message});
    }
  }
  for (const std::string& failure : verdict->failures) fmt::print("  {}\n", failure);
  return {};
}

}  // namespace

process::ExitStatus replay(const ReplayOptions& options) {
  const auto files = find_traces(options.paths);
  if (!files) return process::refuse_input(files.error());
  if (files->empty()) return process::refuse_input("there is no *.trace file in what was given");
  // A wrong --profile or --systems is said once, not once a file.
  const auto systems = choose_systems(options.systems, options.profile);
  if (!systems) return process::refuse(systems.error());

  Fleet fleet;
  Counts counts;
  for (const std::string& path : *files) {
    const auto text = read_trace_text(path);
    auto file = text ? trace_of_text(path, *text) : std::unexpected(text.error());
    if (!file) {
      ++counts.unreadable;
      process::refuse_input(file.error());
      continue;
    }
    if (auto done = replay_one({path, *text, *std::move(file)}, options, fleet, counts); !done)
      return process::refuse(done.error());
  }
  fmt::print("{} ok, {} failed, {} skipped, {} unreadable\n", counts.ok, counts.failed,
             counts.skipped, counts.unreadable);
  if (counts.failed != 0) return process::ExitStatus::kFinding;
  return counts.unreadable != 0 ? process::ExitStatus::kBadInput : process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
