// cli: the replay command.
#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "cli/choices.h"
#include "cli/systems.h"
#include "cli/trace_file.h"
#include "cli/verdict.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

/// The systems of one profile, made when first needed: an agent is not started for every file.
class Fleet {
 public:
  std::expected<spec::System*, Refusal> get(const std::string& name,
                                            const spec::KernelProfile& profile) {
    auto& slot = systems_[{name, is_real(name) ? "" : spec::profile_text(profile)}];
    if (!slot) {
      auto made = make_system(name, profile);
      if (!made) return std::unexpected(Refusal{ExitStatus::kLacks, made.error().message});
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
  std::vector<std::string> systems;
  std::string left_out;  ///< why some or all of the systems asked for do not run it
};

/// A trace that one guest showed is for every guest.
bool is_for(const std::vector<std::string>& allowed, const std::string& system) {
  return allowed.empty() || std::ranges::any_of(allowed, [&system](const std::string& name) {
           return name == system || (is_guest(name) && is_guest(system));
         });
}

std::expected<Plan, Refusal> plan(const TraceFile& file, const ReplayOptions& options) {
  const auto& directives = file.directives;
  const auto choice =
      choose(options.systems, options.profile.empty() ? directives.profile : options.profile);
  if (!choice) return std::unexpected(choice.error());
  Plan out{choice->profile, {}, {}};
  for (const std::string& system : choice->systems.systems) {
    std::optional<std::string> reason;
    if (!is_for(directives.systems, system)) {
      reason = "the trace is not for it";
    } else {
      reason = why_no_setup(system, directives.setup);
      if (!reason) reason = why_not_on(system, spec::Setup::standard(), file.trace.sequence);
    }
    if (!reason) {
      out.systems.push_back(system);
    } else {
      out.left_out += fmt::format("{}{}: {}", out.left_out.empty() ? "" : "; ", system, *reason);
    }
  }
  return out;
}

/// The layout after each step: the first system's, and each other's that differs from it.
void print_steps(const TraceFile& file, const std::vector<Recording>& recordings) {
  for (std::size_t i = 0; i < file.trace.sequence.size(); ++i) {
    fmt::print("{:4} {}\n", i + 1, spec::text(file.trace.sequence[i].call));
    std::vector<std::string> first;
    for (const Recording& recording : recordings) {
      const auto outcome = spec::text(recording.outcomes[i]);
      if (i >= recording.snapshots.size()) {
        fmt::print("     {} = {}\n", recording.system, outcome);
        continue;
      }
      auto lines = layout_lines(recording.snapshots[i], false);
      lines.insert(lines.begin(), outcome);
      const bool is_first = &recording == &recordings.front();
      if (!is_first && lines == first) continue;
      fmt::print("     {} = {}\n", recording.system, outcome);
      for (std::size_t line = 1; line < lines.size(); ++line)
        fmt::print("       {}\n", lines[line]);
      if (is_first) first = std::move(lines);
    }
  }
}

std::expected<void, Refusal> replay_one(const TraceFile& file, const ReplayOptions& options,
                                        Fleet& fleet, Counts& counts) {
  const auto planned = plan(file, options);
  if (!planned) return std::unexpected(planned.error());
  if (planned->systems.empty()) {
    ++counts.skipped;
    fmt::print("skipped {}  ({})\n", file.path, planned->left_out);
    return {};
  }
  std::vector<spec::System*> systems;
  for (const std::string& name : planned->systems) {
    const auto system = fleet.get(name, planned->profile);
    if (!system) return std::unexpected(system.error());
    systems.push_back(*system);
  }
  const auto setup = setup_for(planned->systems);
  if (!setup) return std::unexpected(Refusal{ExitStatus::kLacks, setup.error().message});
  const auto verdict = judge(file, systems, planned->profile, setup_of(file, *setup));
  if (!verdict) return std::unexpected(Refusal{ExitStatus::kLacks, verdict.error().message});

  const bool holds = verdict->failures.empty();
  ++(holds ? counts.ok : counts.failed);
  fmt::print("{} {}  ({}; {}{}{})\n", holds ? "ok     " : "FAILED ", file.path,
             spec::profile_text(planned->profile), joined(planned->systems),
             planned->left_out.empty() ? "" : "; without ", planned->left_out);
  if (options.verbose) print_steps(file, verdict->recordings);
  for (const std::string& failure : verdict->failures) fmt::print("  {}\n", failure);
  return {};
}

}  // namespace

ExitStatus replay(const ReplayOptions& options) {
  const auto files = find_traces(options.paths);
  if (!files) return refuse_input(files.error());
  if (files->empty()) return refuse_input("there is no *.trace file in what was given");
  // A wrong --profile or --systems is said once, not once a file.
  const auto profile = choose_profile(options.profile);
  if (!profile) return refuse(profile.error());
  const auto systems = choose_systems(options.systems, *profile);
  if (!systems) return refuse(systems.error());

  Fleet fleet;
  Counts counts;
  for (const std::string& path : *files) {
    const auto file = read_trace(path);
    if (!file) {
      ++counts.unreadable;
      refuse_input(file.error());
      continue;
    }
    if (auto done = replay_one(*file, options, fleet, counts); !done) return refuse(done.error());
  }
  fmt::print("{} ok, {} failed, {} skipped, {} unreadable\n", counts.ok, counts.failed,
             counts.skipped, counts.unreadable);
  if (counts.failed != 0) return ExitStatus::kFinding;
  return counts.unreadable != 0 ? ExitStatus::kBadInput : ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
